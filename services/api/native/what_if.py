"""`/v1/portfolios/{id}/what-if`: what it would be worth under another rule set, and what makes the difference."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.exact import difference, total
from holdfast.domain.money import plain
from holdfast.registry.records import RuleSet
from holdfast.registry.rules import excluded_assets, find_rules, newest_rules
from services.api.callers import Asker
from services.api.native.current import excluded_now, read_current, receipts, sources_now
from services.api.openapi import refusals
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name

RulesNumber = Annotated[
    int, QueryParameter(name="rules", ge=0, le=2**31 - 1, description="The number of a rule set; 0 is no rules at all.")
]


class WorthUnder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars. Null where nothing was observed yet."""

    assets: Money | None
    debt: Money | None
    net: Money | None
    lines: int
    lines_unpriced: int
    lines_excluded: int


class RuledAsset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An asset that counts under one of the two sets alone."""

    asset: str
    counts_now: bool
    """Under the rules that hold; under the others it is the other way round."""
    net: Money
    """Of its lines: debt is below zero, and lines without a value add nothing."""
    lines: int


class WhatIf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    rules: int
    """The set that was asked for."""
    holds: int
    """The set that holds now; 0 where there never was one."""
    now: WorthUnder
    under: WorthUnder
    difference: Money | None
    """Net under the set asked for, less net now."""
    assets: list[RuledAsset]
    """Of what is held, what makes the difference."""


class _Sum(Struct, frozen=True, kw_only=True):
    of_asset: str
    assets: str
    debt: str
    lines: int
    lines_unpriced: int
    receipts: int

    @property
    def net(self) -> Decimal:
        return difference(Decimal(self.assets), Decimal(self.debt))


@get("/portfolios/{portfolio:str}/what-if", operation_id="show_what_if", responses=refusals(400, 404))
async def show_what_if(api: Api, caller: Asker, portfolio: Name, rules: RulesNumber) -> WhatIf:
    """The current lines under the rules that hold and under those of another set."""
    registry = api.registry
    caller.find_portfolio(registry, portfolio)
    newest = newest_rules(registry, caller.tenant)
    now = frozenset(excluded_now(registry, caller.tenant, portfolio))
    then = frozenset(excluded_assets(_find(api, caller.tenant, rules), portfolio))
    sums = await _read_sums(api, caller.tenant, portfolio)
    worth_now, under = to_worth(sums, now), to_worth(sums, then)
    known = under.net is not None and worth_now.net is not None
    return WhatIf(
        portfolio=portfolio,
        currency="iso4217:USD",
        rules=rules,
        holds=newest.number if newest else 0,
        now=worth_now,
        under=under,
        difference=plain(difference(Decimal(under.net or 0), Decimal(worth_now.net or 0))) if known else None,
        assets=[
            RuledAsset(asset=one.of_asset, counts_now=one.of_asset not in now, net=plain(one.net), lines=one.lines)
            for one in sums or ()
            if one.of_asset in now ^ then and one.lines
        ],
    )


def _find(api: Resources, tenant: str, number: int) -> RuleSet | None:
    """None for the empty set 0. Raises ApiError for a number that no set has."""
    found = find_rules(api.registry, tenant, number)
    if found is None and number != 0:
        raise ApiError(
            404,
            "rules_unknown",
            f"there is no rule set {number}",
            field="rules",
            fix="GET /v1/rules lists them; 0 is no rules at all",
        )
    return found


async def _read_sums(api: Resources, tenant: str, portfolio: str) -> list[_Sum] | None:
    """None where nothing was ever observed."""
    sources = sources_now(api.registry, tenant, portfolio, now=api.clock.now())
    snapshots = await read_current(api, sources)
    if not snapshots:
        return None
    named = {"snapshots": [snapshot.key for snapshot in snapshots], "receipts": receipts(snapshots)}
    return await read(api.warehouse, load_sql(__file__, "what_if"), named, _Sum)


def to_worth(sums: Sequence[_Sum] | None, excluded: Collection[str]) -> WorthUnder:
    if sums is None:
        return WorthUnder(assets=None, debt=None, net=None, lines=0, lines_unpriced=0, lines_excluded=0)
    counted = [one for one in sums if one.of_asset not in excluded]
    out = [one for one in sums if one.of_asset in excluded]
    return WorthUnder(
        assets=plain(total(Decimal(one.assets) for one in counted)),
        debt=plain(total(Decimal(one.debt) for one in counted)),
        net=plain(total(one.net for one in counted)),
        lines=sum(one.lines for one in counted),
        lines_unpriced=sum(one.lines_unpriced for one in counted),
        lines_excluded=sum(one.receipts for one in sums) + sum(one.lines for one in out),
    )


ROUTES = [show_what_if]
