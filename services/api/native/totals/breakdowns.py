"""`/v1/portfolios/{id}/breakdowns/{axis}`: a value by one axis. Its keys sum to the total, in any currency."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from holdfast.domain.exact import difference, total
from services.api.callers import Asker
from services.api.currencies import Conversion, CurrencyText, parse_currency, read_exchange, to_text
from services.api.native.moments import At, KnownAt, Moment, parse_moment
from services.api.native.quality import Quality, to_quality
from services.api.native.totals.as_known import to_params
from services.api.native.totals.total import net_of, read_valued
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time

Axis = Literal["asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side"]


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What falls to one key. An empty key is what has none, as a plain wallet has no platform."""

    key: str
    assets: Money | None
    """Null where no rate is known."""
    debt: Money | None
    net: Money | None
    lines: int
    lines_unpriced: int


class Breakdown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    axis: Axis
    currency: str
    at: Time
    """The instant that the value is of, and whose rates convert it."""
    known_at: Time | None
    bucket: Time | None
    """The hour (its start) of the stored point; null for an instant that was asked for, or where nothing is stored."""
    items: list[Share]
    quality: Quality
    """Of the whole, not of the page."""
    next_cursor: str | None


class _Row(Struct, frozen=True, kw_only=True):
    key: str
    assets: Money
    debt: Money
    lines: int
    lines_unpriced: int
    assets_before: Money
    """The sum over the keys before this one."""
    debt_before: Money


@get("/portfolios/{portfolio:str}/breakdowns/{axis:str}", operation_id="show_breakdown", responses=refusals(404))
async def show_breakdown(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    axis: FromPath[Axis],
    currency: CurrencyText = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> Breakdown:
    """By key. Total and breakdown are of the same inputs, always."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, str)
    record = caller.find_portfolio(api.registry, portfolio)
    into = parse_currency(currency, record)
    moment = parse_moment(at, known_at, now=api.clock.now())
    valued = await read_valued(api, caller.tenant, portfolio, moment)
    asked: dict[str, object] = {"axis": axis, "after": after, "limit": size + 1}
    if moment is None:
        rows = await _read_stored(api, caller.tenant, portfolio, valued.bucket, asked)
    else:
        rows = await _read_as_known(api, caller.tenant, portfolio, moment, asked)
    page = rows[:size]
    known = moment.known_at if moment else None
    conversion = (await read_exchange(api, into, [valued.at], known_at=known)).at(valued.at)
    return Breakdown(
        portfolio=portfolio,
        axis=axis,
        currency=into,
        at=valued.at,
        known_at=known,
        bucket=valued.bucket,
        items=[_to_share(row, conversion) for row in page],
        quality=to_quality(valued.known, conversion, valued.unrated),
        next_cursor=to_cursor(page[-1].key) if len(rows) > size else None,
    )


async def _read_stored(
    api: Resources, tenant: str, portfolio: str, bucket: datetime | None, asked: dict[str, object]
) -> list[_Row]:
    """At the hour of the total: by now there may be a newer one."""
    if bucket is None:
        return []
    params = asked | {"tenant": tenant, "portfolio": portfolio, "bucket": bucket}
    return await read(api.warehouse, load_sql(__file__, "breakdown"), params, _Row)


async def _read_as_known(
    api: Resources, tenant: str, portfolio: str, moment: Moment, asked: dict[str, object]
) -> list[_Row]:
    params = asked | to_params(api, tenant, portfolio, moment)
    return await read(api.warehouse, load_sql(__file__, "breakdown_as_known"), params, _Row)


def _to_share(row: _Row, conversion: Conversion) -> Share:
    assets = _part(conversion, row.assets_before, row.assets)
    debt = _part(conversion, row.debt_before, row.debt)
    return Share(
        key=row.key,
        assets=assets,
        debt=debt,
        net=net_of(assets, debt),
        lines=row.lines,
        lines_unpriced=row.lines_unpriced,
    )


def _part(conversion: Conversion, before: str, own: str) -> str | None:
    """What the sum grows by, so that the parts are together the sum to the last digit: each is cut, their sum once."""
    if before == "0" or not conversion.used:
        return conversion.of(own)
    start = conversion.exact(Decimal(before))
    end = conversion.exact(total((Decimal(before), Decimal(own))))
    return None if start is None or end is None else to_text(difference(end, start))


ROUTES = [show_breakdown]
