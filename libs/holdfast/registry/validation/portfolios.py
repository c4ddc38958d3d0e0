"""Portfolios: members, their intervals, and nesting without cycles."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import msgspec

from holdfast.domain.agreement import check_allowed
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Account, Member, Portfolio
from holdfast.registry.state import RegistryState
from holdfast.registry.validation.existing import existing_account, existing_portfolio, existing_tenant
from holdfast.registry.validation.text import checked_currency, checked_label, checked_name

MAX_DEPTH = 8
"""Portfolios within portfolios: person, household, fund … and no more."""
MAX_MEMBERS = 10_000
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


def checked_portfolio(state: RegistryState, portfolio: Portfolio) -> Portfolio:
    """Name, currency, members, intervals, nesting and jumps. Returns it with its canonical currency."""
    existing_tenant(state, portfolio.tenant)
    checked_name("portfolio", portfolio.id)
    checked_label("name", portfolio.name)
    if len(portfolio.members) > MAX_MEMBERS:
        raise RegistryError("members", f"{len(portfolio.members)} are too many", f"Nest portfolios of {MAX_MEMBERS}")
    for position, member in enumerate(portfolio.members):
        _member(state, portfolio, member, f"members[{position}]")
    _no_overlap(portfolio.members)
    _nesting(state, portfolio)
    _jump_ratio(portfolio.jump_ratio)
    currency = checked_currency("base_currency", portfolio.base_currency)
    return msgspec.structs.replace(portfolio, name=portfolio.name.strip(), base_currency=currency)


def _member(state: RegistryState, portfolio: Portfolio, member: Member, field: str) -> None:
    if (member.account is None) == (member.portfolio is None):
        raise RegistryError(field, "names both or neither of account and portfolio", "Name exactly one of them")
    if member.account is not None:
        existing_account(state, portfolio.tenant, member.account, field=f"{field}.account")
    elif member.portfolio is not None and member.portfolio != portfolio.id:
        existing_portfolio(state, portfolio.tenant, member.portfolio, field=f"{field}.portfolio")
    for name, at in (("valid_from", member.valid_from), ("valid_to", member.valid_to)):
        if at is not None and at.tzinfo is None:
            raise RegistryError(f"{field}.{name}", f"{at.isoformat()} has no time zone", "Add Z or an offset")
    if member.valid_from and member.valid_to and member.valid_from >= member.valid_to:
        fix = "valid_to is the first instant that is no longer in: make it later than valid_from"
        raise RegistryError(f"{field}.valid_to", f"{member.valid_to.isoformat()} is not after valid_from", fix)


def _no_overlap(members: Sequence[Member]) -> None:
    for earlier, later in pairwise(sorted(members, key=_by_member_and_start)):
        same = (earlier.account, earlier.portfolio) == (later.account, later.portfolio)
        if same and (earlier.valid_to or _END) > (later.valid_from or _BEGINNING):
            who = later.account or later.portfolio
            fix = "End the earlier membership before the later begins, or make them one"
            raise RegistryError("members", f"{who} is a member twice at the same time", fix)


def _by_member_and_start(member: Member) -> tuple[str, str, datetime]:
    return member.account or "", member.portfolio or "", member.valid_from or _BEGINNING


def _nesting(state: RegistryState, portfolio: Portfolio) -> None:
    """No portfolio within itself, at any depth and at any time, and none too deep."""
    nested = _nested_by_id(state, portfolio)
    if path := _path_back(nested, portfolio.id):
        raise RegistryError("members", f"a portfolio within itself: {' → '.join(path)}", "Break the cycle")
    within: dict[str, set[str]] = {}
    for outer, inners in nested.items():
        for inner in inners:
            within.setdefault(inner, set()).add(outer)
    if _levels(nested, portfolio.id) + _levels(within, portfolio.id) - 1 > MAX_DEPTH:
        raise RegistryError("members", "portfolios are nested too deep", f"Nest at most {MAX_DEPTH} levels")


def _nested_by_id(state: RegistryState, portfolio: Portfolio) -> dict[str, set[str]]:
    """The portfolios directly within each portfolio of the tenant, with `portfolio` as it would be."""
    records = [r for r in state.portfolios.values() if r.tenant == portfolio.tenant and r.id != portfolio.id]
    return {r.id: {m.portfolio for m in r.members if m.portfolio is not None} for r in [*records, portfolio]}


def _path_back(nested: Mapping[str, set[str]], start: str) -> list[str]:
    """A way down from `start` to itself, both ends included; empty if there is none."""
    paths, waiting = {start: [start]}, [start]
    while waiting:
        outer = waiting.pop()
        for inner in sorted(nested.get(outer, ())):
            if inner == start:
                return [*paths[outer], start]
            if inner not in paths:
                paths[inner] = [*paths[outer], inner]
                waiting.append(inner)
    return []


def _levels(below: Mapping[str, set[str]], start: str) -> int:
    """How many levels there are from `start` on, itself included; counting ends above MAX_DEPTH."""
    levels, current = 0, {start}
    while current and levels <= MAX_DEPTH:
        current = {inner for outer in current for inner in below.get(outer, ())}
        levels += 1
    return levels


def _jump_ratio(share: Decimal | None) -> None:
    try:
        if share is not None:
            check_allowed(share)
    except ValueError as error:
        fix = "Write 0 to notice no jump, or leave it out for the setting aggregator.guards.jump_ratio"
        raise RegistryError("jump_ratio", f"{str(share)[:40]} {error}", fix) from error


def removable_portfolio(state: RegistryState, tenant: str, portfolio: str) -> Portfolio:
    record = existing_portfolio(state, tenant, portfolio)
    for other in state.portfolios.values():
        if other.tenant == tenant and any(member.portfolio == portfolio for member in other.members):
            raise RegistryError("portfolio", f"{portfolio!r} is nested in {other.id!r}", f"Take it out of {other.id!r}")
    for key in state.keys.values():
        if key.tenant == tenant and key.portfolio == portfolio and key.revoked_at is None:
            raise RegistryError(
                "portfolio", f"key {key.id} is bound to {portfolio!r}", f"Revoke it: key revoke {key.id}"
            )
    return record


def removable_account(state: RegistryState, tenant: str, account: str) -> Account:
    record = existing_account(state, tenant, account)
    for portfolio in state.portfolios.values():
        if portfolio.tenant == tenant and any(member.account == account for member in portfolio.members):
            fix = "End its membership and pause it to keep the history, or take it out of the portfolio first"
            raise RegistryError("account", f"is or was a member of {portfolio.id!r}", fix)
    return record
