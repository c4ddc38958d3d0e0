"""The registry at one revision: immutable, pure, and the same for everyone who has seen that revision."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct

from holdfast.domain.sources import Source
from holdfast.registry.records import Account, ApiKey, Kind, Portfolio, Record, RuleSet, Tenant, Watch

_EMPTY: Mapping[str, object] = MappingProxyType({})


_FIELDS: dict[Kind, str] = {
    "tenant": "tenants",
    "key": "keys",
    "portfolio": "portfolios",
    "account": "accounts",
    "watch": "watches",
    "rules": "rule_sets",
}


class RegistryState(Struct, frozen=True, kw_only=True):
    """All records by id. `revision` is that of the newest record in it: it grows with what was seen."""

    revision: int = 0
    tenants: Mapping[str, Tenant] = _EMPTY  # type: ignore[assignment]
    keys: Mapping[str, ApiKey] = _EMPTY  # type: ignore[assignment]
    portfolios: Mapping[tuple[str, str], Portfolio] = _EMPTY  # type: ignore[assignment]
    """By (tenant, portfolio id)."""
    accounts: Mapping[tuple[str, str], Account] = _EMPTY  # type: ignore[assignment]
    """By (tenant, account id)."""
    watches: Mapping[tuple[str, str, str, str, str], Watch] = _EMPTY  # type: ignore[assignment]
    """By (tenant, provider, feed, target, scope)."""
    rule_sets: Mapping[tuple[str, str], RuleSet] = _EMPTY  # type: ignore[assignment]
    """By (tenant, number as text)."""


def to_state(revision: int, records: Mapping[Kind, Mapping[Any, Record]]) -> RegistryState:
    """Records by kind and id, as they are now, at a revision."""
    frozen: dict[str, Any] = {field: MappingProxyType(dict(records[kind])) for kind, field in _FIELDS.items()}
    return RegistryState(revision=revision, **frozen)


def mapping_of(state: RegistryState, kind: Kind) -> Mapping[Any, Record]:
    mapping: Mapping[Any, Record] = getattr(state, _FIELDS[kind])
    return mapping


class Membership(Struct, frozen=True, kw_only=True):
    """An account of a portfolio, nested ones resolved, over one interval (open ends are None)."""

    account: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class PortfolioSource(Struct, frozen=True, kw_only=True):
    """A source that counts in a portfolio, over one interval."""

    source: Source
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def memberships(state: RegistryState, tenant: str, portfolio: str) -> list[Membership]:
    """Every account of a portfolio, each instant of it once, nested portfolios resolved.

    A nested portfolio contributes the set of its accounts; overlapping intervals of one account are
    merged, so that nobody is counted twice. A cycle cannot be stored (holdfast.registry.validation).
    """
    spans: dict[str, list[_Span]] = {}
    for account, span in _walk(_Nesting(state.portfolios, tenant), portfolio, _Span(None, None)):
        spans.setdefault(account, []).append(span)
    return [
        Membership(account=account, valid_from=start, valid_to=end)
        for account in sorted(spans)
        for start, end in _merged(spans[account])
    ]


def counted_sources(state: RegistryState, tenant: str, portfolio: str) -> list[PortfolioSource]:
    """The sources that a portfolio's totals are the sum of."""
    return [
        PortfolioSource(
            source=Source(tenant=tenant, provider=setting.provider, account=member.account, scope=setting.scope),
            valid_from=member.valid_from,
            valid_to=member.valid_to,
        )
        for member in memberships(state, tenant, portfolio)
        if (account := state.accounts.get((tenant, member.account))) is not None
        for setting in account.sources
        if setting.counted and setting.feed == "balances"
    ]


def portfolios_of(state: RegistryState, tenant: str, account: str) -> list[str]:
    """Every portfolio, nesting ones included, that an account is or was a member of."""
    return [
        portfolio.id
        for (owner, _), portfolio in sorted(state.portfolios.items())
        if owner == tenant and any(m.account == account for m in memberships(state, tenant, portfolio.id))
    ]


class _Span(NamedTuple):
    """Half-open; None is an open end."""

    start: datetime | None
    end: datetime | None

    def clipped(self, start: datetime | None, end: datetime | None) -> "_Span | None":
        """What of it lies in [start, end); None if nothing does."""
        if start is None and end is None:
            return self
        low = max((at for at in (self.start, start) if at is not None), default=None)
        high = min((at for at in (self.end, end) if at is not None), default=None)
        empty = low is not None and high is not None and low >= high
        return None if empty else _Span(low, high)


class _Nesting(NamedTuple):
    """The portfolios of one tenant by id, and those on the way down, so that a cycle ends."""

    portfolios: Mapping[tuple[str, str], Portfolio]
    tenant: str
    above: frozenset[str] = frozenset()


def _walk(nesting: _Nesting, portfolio: str, span: _Span) -> Iterator[tuple[str, _Span]]:
    record = nesting.portfolios.get((nesting.tenant, portfolio))
    if record is None or portfolio in nesting.above:
        return
    below = nesting._replace(above=nesting.above | {portfolio})
    for member in record.members:
        inside = span.clipped(member.valid_from, member.valid_to)
        if inside is None:
            continue
        if member.account is not None:
            yield member.account, inside
        elif member.portfolio is not None:
            yield from _walk(below, member.portfolio, inside)


def _merged(spans: list[_Span]) -> list[_Span]:
    """Their union, as few spans as possible, in order."""
    if len(spans) == 1:
        return spans
    merged: list[_Span] = []
    for span in sorted(spans, key=_start_first):
        if merged and _reaches(merged[-1].end, span.start):
            merged[-1] = _Span(merged[-1].start, _later_end(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _start_first(span: _Span) -> tuple[bool, datetime]:
    """From the beginning of time first; the second part is not looked at then."""
    return (span.start is not None, span.start or datetime.min.replace(tzinfo=UTC))


def _later_end(a: datetime | None, b: datetime | None) -> datetime | None:
    return None if a is None or b is None else max(a, b)


def _reaches(end: datetime | None, start: datetime | None) -> bool:
    return end is None or start is None or start <= end
