"""`/v1/portfolios/{id}/breakdowns/{axis}`: the newest point by one axis, whose keys sum to the total exactly."""

from typing import Literal

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Money, Name, Time

Axis = Literal["asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side"]


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What falls to one key. An empty key is what has none, as a plain wallet has no platform."""

    key: str
    assets: Money
    debt: Money
    net: Money
    lines: int
    lines_unpriced: int


class Breakdown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    axis: Axis
    currency: str
    bucket: Time | None
    """The hour (its start) at whose end this is the value; null where nothing was observed yet."""
    items: list[Share]
    next_cursor: str | None


class _Row(Struct, frozen=True, kw_only=True):
    bucket: Time
    key: str
    assets: Money
    debt: Money
    net: Money
    lines: int
    lines_unpriced: int


@get("/portfolios/{portfolio:str}/breakdowns/{axis:str}", operation_id="show_breakdown", responses=refusals(400, 404))
async def show_breakdown(
    api: Api, caller: Asker, *, portfolio: Name, axis: FromPath[Axis], limit: Limit = None, cursor: CursorText = None
) -> Breakdown:
    """By key. Total and breakdown are of the same inputs, always."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, str)
    caller.find_portfolio(api.registry, portfolio)
    params = {"tenant": caller.tenant, "portfolio": portfolio, "axis": axis, "after": after, "limit": size + 1}
    rows = await read(api.warehouse, load_sql(__file__, "breakdown"), params, _Row)
    page = rows[:size]
    return Breakdown(
        portfolio=portfolio,
        axis=axis,
        currency="iso4217:USD",
        bucket=rows[0].bucket if rows else None,
        items=[_to_share(row) for row in page],
        next_cursor=to_cursor(page[-1].key) if len(rows) > size else None,
    )


def _to_share(row: _Row) -> Share:
    return Share(
        key=row.key,
        assets=row.assets,
        debt=row.debt,
        net=row.net,
        lines=row.lines,
        lines_unpriced=row.lines_unpriced,
    )


ROUTES = [show_breakdown]
