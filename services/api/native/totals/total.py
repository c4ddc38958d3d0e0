"""`/v1/portfolios/{id}/total`: what it is worth, now or as known at some time, and how far that can be trusted."""

from decimal import Decimal

from litestar import get
from msgspec import Struct

from holdfast.domain.exact import difference
from services.api.callers import Asker
from services.api.currencies import Conversion, CurrencyText, parse_currency, read_exchange, to_text
from services.api.native.moments import At, KnownAt, Moment, parse_moment
from services.api.native.quality import Quality, to_quality
from services.api.native.totals.as_known import read_as_known
from services.api.native.totals.latest import read_latest
from services.api.native.totals.valued import Valued
from services.api.openapi import refusals
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time


class Total(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    at: Time
    """The instant that the value is of, and whose rates convert it."""
    known_at: Time | None
    """Null: with all that is known now."""
    bucket: Time | None
    """The hour (its start) of the stored point; null for an instant that was asked for, or where nothing is stored."""
    assets: Money | None
    """Null where nothing was observed yet, or no rate is known: unavailable is an answer, 0 would be a claim."""
    debt: Money | None
    net: Money | None
    quality: Quality


@get("/portfolios/{portfolio:str}/total", operation_id="show_total", responses=refusals(404))
async def show_total(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    currency: CurrencyText = None,
    at: At = None,
    known_at: KnownAt = None,
) -> Total:
    """Assets, debt and net, with the quality of what went in. Without `at` and `known_at` the current value."""
    record = caller.find_portfolio(api.registry, portfolio)
    into = parse_currency(currency, record)
    moment = parse_moment(at, known_at, now=api.clock.now())
    valued = await read_valued(api, caller.tenant, portfolio, moment)
    known = moment.known_at if moment else None
    exchange = await read_exchange(api, into, [valued.at], known_at=known)
    return to_total(portfolio, valued, exchange.at(valued.at), known_at=moment)


async def read_valued(api: Resources, tenant: str, portfolio: str, moment: Moment | None) -> Valued:
    if moment is None:
        return await read_latest(api, tenant, portfolio)
    return await read_as_known(api, tenant, portfolio, moment)


def to_total(portfolio: str, valued: Valued, conversion: Conversion, *, known_at: Moment | None) -> Total:
    assets, debt = conversion.of(valued.assets), conversion.of(valued.debt)
    return Total(
        portfolio=portfolio,
        currency=conversion.currency,
        at=valued.at,
        known_at=known_at.known_at if known_at else None,
        bucket=valued.bucket,
        assets=assets,
        debt=debt,
        net=net_of(assets, debt),
        quality=to_quality(valued.known, conversion, valued.unrated),
    )


def net_of(assets: str | None, debt: str | None) -> str | None:
    """assets − debt, exactly; null where one of them is unknown."""
    if assets is None or debt is None:
        return None
    if debt == "0":
        return assets
    return to_text(difference(Decimal(assets), Decimal(debt)))


ROUTES = [show_total]
