"""`/v1/portfolios/{id}/positions`: the lines, as the views latest_positions and positions_as_known have them."""

from collections.abc import Sequence

from litestar import get
from msgspec import Struct

from services.api.callers import Asker
from services.api.currencies import (
    Conversion,
    CurrencyText,
    RateMissing,
    RateUsed,
    parse_currency,
    read_exchange,
)
from services.api.native.moments import At, KnownAt, Moment, parse_moment
from services.api.native.positions.current_lines import read_current_lines
from services.api.native.positions.stated import StatedLine
from services.api.native.totals.as_known import to_params
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time


class Position(StatedLine, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """And its worth in the currency of the answer."""

    price: Money | None
    """Of one unit in the answer's currency; null without a rate."""
    value: Money | None
    """In the answer's currency, cut once."""


class PositionPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    currency: str
    """Of `price` and `value`."""
    at: Time
    """The instant that the values are of, and whose rates convert them."""
    known_at: Time | None
    conversion_reliable: bool
    missing_rates: list[RateMissing]
    rates: list[RateUsed]
    items: list[Position]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/positions", operation_id="list_positions", responses=refusals(404))
async def list_positions(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    currency: CurrencyText = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> PositionPage:
    """Every line, by source and place in its snapshot. Lines left out of the total say why."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, int]) or ("", -1)
    record = caller.find_portfolio(api.registry, portfolio)
    into, now = parse_currency(currency, record), api.clock.now()
    moment = parse_moment(at, known_at, now=now)
    found = await _read_rows(api, caller.tenant, portfolio, moment, after=after, limit=size + 1)
    page = found[:size]
    instant, known = (moment.at, moment.known_at) if moment else (now, None)
    conversion = (await read_exchange(api, into, [instant], known_at=known)).at(instant)
    return PositionPage(
        currency=into,
        at=instant,
        known_at=known,
        conversion_reliable=not conversion.missing,
        missing_rates=conversion.missing,
        rates=conversion.used,
        items=[_to_position(row, conversion) for row in page],
        next_cursor=to_cursor((page[-1].source, page[-1].line)) if len(found) > size else None,
    )


async def _read_rows(
    api: Resources, tenant: str, portfolio: str, moment: Moment | None, *, after: tuple[str, int], limit: int
) -> Sequence[StatedLine]:
    asked = {"after_source": after[0], "after_line": after[1], "limit": limit}
    if moment is not None:
        params = asked | to_params(api, tenant, portfolio, moment)
        return await read(api.warehouse, load_sql(__file__, "positions_as_known"), params, StatedLine)
    return await read_current_lines(api, tenant, portfolio, after=after, limit=limit)


def _to_position(row: StatedLine, conversion: Conversion) -> Position:
    stated = {name: getattr(row, name) for name in StatedLine.__struct_fields__}
    return Position(**stated, price=conversion.of(row.price_usd), value=conversion.of(row.value_usd))


ROUTES = [list_positions]
