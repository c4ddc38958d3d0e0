"""The registry at one revision: immutable, pure, and the same for everyone who has seen that revision."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from holdfast.domain.sources import Source
from holdfast.registry.records import Account, ApiKey, Portfolio, Tenant, Watch

_EMPTY: Mapping[str, object] = MappingProxyType({})


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
    spans: dict[str, list[tuple[datetime | None, datetime | None]]] = {}
    for account, start, end in _walk(state, tenant, portfolio, None, None, frozenset()):
        spans.setdefault(account, []).append((start, end))
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


def _walk(
    state: RegistryState,
    tenant: str,
    portfolio: str,
    start: datetime | None,
    end: datetime | None,
    seen: frozenset[str],
) -> Iterator[tuple[str, datetime | None, datetime | None]]:
    record = state.portfolios.get((tenant, portfolio))
    if record is None or portfolio in seen:
        return
    for member in record.members:
        low, high = _later(start, member.valid_from), _earlier(end, member.valid_to)
        if low is not None and high is not None and low >= high:
            continue
        if member.account is not None:
            yield member.account, low, high
        elif member.portfolio is not None:
            yield from _walk(state, tenant, member.portfolio, low, high, seen | {portfolio})


def _later(a: datetime | None, b: datetime | None) -> datetime | None:
    return a if b is None else b if a is None else max(a, b)


def _earlier(a: datetime | None, b: datetime | None) -> datetime | None:
    return a if b is None else b if a is None else min(a, b)


def _merged(
    spans: list[tuple[datetime | None, datetime | None]],
) -> list[tuple[datetime | None, datetime | None]]:
    """Union of half-open intervals; None is an open end."""
    ordered = sorted(spans, key=lambda span: (span[0] is not None, span[0] or 0))
    merged: list[tuple[datetime | None, datetime | None]] = []
    for start, end in ordered:
        if merged and _reaches(merged[-1][1], start):
            last_start, last_end = merged[-1]
            merged[-1] = (last_start, None if last_end is None or end is None else max(last_end, end))
        else:
            merged.append((start, end))
    return merged


def _reaches(end: datetime | None, start: datetime | None) -> bool:
    return end is None or start is None or start <= end
