"""`/v1/portfolios/{id}/what-if`: what it would be worth under another rule set, and what makes the difference."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.exact import difference, total
from holdfast.registry.records import RuleSet
from holdfast.registry.rules import excluded_assets, find_rules, newest_rules
from services.api.callers import Asker
from services.api.currencies import Conversion, CurrencyText, parse_currency, read_exchange, to_text
from services.api.native.moments import At, KnownAt, parse_moment
from services.api.native.quality import Quality, to_quality
from services.api.native.rules.ruled import AssetSum, read_unruled
from services.api.native.totals.total import net_of
from services.api.native.totals.valued import Valued
from services.api.openapi import refusals
from services.api.problems import ApiError
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time

RulesNumber = Annotated[
    int, QueryParameter(name="rules", ge=0, le=2**31 - 1, description="The number of a rule set; 0 is no rules at all.")
]


class WorthUnder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A total under one set, with the block that every total has."""

    assets: Money | None
    """Null where nothing was observed yet, or no rate is known."""
    debt: Money | None
    net: Money | None
    quality: Quality


class RuledAsset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An asset that counts under one of the two sets alone."""

    asset: str
    counts: bool
    """Under the rules that hold; under the others it is the other way round."""
    net: Money | None
    """Of its lines: debt is below zero, and lines without a value add nothing. Null where no rate is known."""
    lines: int


class WhatIf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    at: Time
    """The instant that the values are of, and whose rates convert them."""
    known_at: Time | None
    """Null: with all that is known now."""
    rules: int
    """The set that was asked for."""
    holds: int
    """The set that holds now, of whatever instant, or that held at `known_at`; 0 where there was none."""
    actual: WorthUnder
    """Under the set that holds: what `/total` says."""
    under: WorthUnder
    """Under the set asked for."""
    difference: Money | None
    """Net under the set asked for, less the actual one."""
    assets: list[RuledAsset]
    """Of what is held, what makes the difference."""


@get("/portfolios/{portfolio:str}/what-if", operation_id="show_what_if", responses=refusals(404))
async def show_what_if(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    rules: RulesNumber,
    currency: CurrencyText = None,
    at: At = None,
    known_at: KnownAt = None,
) -> WhatIf:
    """A total under the rules that hold and under those of another set. Without `at` and `known_at` the current one.

    As known at a time it is compared with the rules that held then; the other set may be a later one.
    """
    registry = api.registry
    into = parse_currency(currency, caller.find_portfolio(registry, portfolio))
    moment = parse_moment(at, known_at, now=api.clock.now())
    known = moment.known_at if moment else None
    newest = newest_rules(registry, caller.tenant, known_at=known)
    holding = frozenset(excluded_assets(newest, portfolio))
    asked = frozenset(excluded_assets(_find(api, caller.tenant, rules), portfolio))
    unruled = await read_unruled(api, caller.tenant, portfolio, moment)
    instant = unruled.moment.at
    conversion = (await read_exchange(api, into, [instant], known_at=known)).at(instant)
    actual, under = (_to_worth(unruled.under(excluded), conversion) for excluded in (holding, asked))
    return WhatIf(
        portfolio=portfolio,
        currency=into,
        at=instant,
        known_at=known,
        rules=rules,
        holds=newest.number if newest else 0,
        actual=actual,
        under=under,
        difference=net_of(under.net, actual.net),
        assets=_to_assets(unruled.sums, holding, asked, conversion),
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


def _to_worth(valued: Valued, conversion: Conversion) -> WorthUnder:
    assets, debt = conversion.of(valued.assets), conversion.of(valued.debt)
    return WorthUnder(
        assets=assets,
        debt=debt,
        net=net_of(assets, debt),
        quality=to_quality(valued.known, conversion, valued.unrated),
    )


def _to_assets(
    sums: Iterable[AssetSum], holding: frozenset[str], asked: frozenset[str], conversion: Conversion
) -> list[RuledAsset]:
    """By asset. One that has no lines to count makes no difference."""
    found: dict[str, list[AssetSum]] = {}
    for one in sums:
        if one.of_asset in holding ^ asked and one.lines:
            found.setdefault(one.of_asset, []).append(one)
    return [
        RuledAsset(
            asset=asset,
            counts=asset not in holding,
            net=to_text(conversion.exact(total(difference(Decimal(one.assets), Decimal(one.debt)) for one in some))),
            lines=sum(one.lines for one in some),
        )
        for asset, some in sorted(found.items())
    ]


ROUTES = [show_what_if]
