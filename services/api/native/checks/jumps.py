"""`/v1/portfolios/{id}/jumps`: totals that moved further between two points than they may unseen, and by what."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Money, Name, Time, parse_instant

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
"""What a stored hour can be."""
Since = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone; else all.",
    ),
]


class Jump(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between two stored points, as both stand now. Money is US dollars."""

    bucket: Time
    """The hour (its start) at whose end the total had jumped."""
    bucket_before: Time
    """The hour of the point before."""
    net: Money
    net_before: Money
    moved: Money
    ratio: Money | None
    """How far, as a share of what it was; null where it was 0."""
    allowed: Money
    """The share that was allowed when it was noticed: the portfolio's `jump_ratio`, else the setting
    aggregator.guards.jump_ratio."""
    asset: str | None
    """The asset that moved most; null for lines that name none."""
    cause: str
    """price, amount, source_joined, source_left, valued, unvalued, excluded or counted."""
    asset_value: Money | None
    asset_value_before: Money | None
    """Debt is below zero. Null where it was not held, or had no value."""
    price_source: str | None
    """Who stated the price or value that its greatest line is valued with."""
    price_source_before: str | None


class JumpPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[Jump]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/jumps", operation_id="list_jumps", responses=refusals(404))
async def list_jumps(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    from_: Since = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> JumpPage:
    """Newest first. One that a correction has taken back is not listed any more."""
    size = page_size(limit, most=api.settings.max_page)
    before = parse_cursor(cursor, Time) or _LAST
    since = min(max(parse_instant("from", from_) or _FIRST, _FIRST), _LAST)
    caller.find_portfolio(api.registry, portfolio)
    params = {
        "tenant": caller.tenant,
        "portfolio": portfolio,
        "before": min(max(before, _FIRST), _LAST),
        "since": since,
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "jumps"), params, Jump)
    page = found[:size]
    return JumpPage(items=page, next_cursor=to_cursor(page[-1].bucket) if len(found) > size else None)


ROUTES = [list_jumps]
