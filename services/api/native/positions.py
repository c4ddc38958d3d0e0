"""`/v1/portfolios/{id}/positions`: the current lines, as the view latest_positions has them."""

from litestar import get
from msgspec import Struct

from services.api.callers import Asker
from services.api.native.current import CurrentSnapshot, read_current, receipts, sources_now
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time


class Position(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the latest snapshot of a counted source. Unknown is null, never 0."""

    source: str
    line: int
    account: str
    provider: str
    scope: str
    asset: str | None
    symbol: str
    asset_type: str
    asset_class: str
    chain: str | None
    platform: str
    position: str
    kind: str
    side: str
    """`asset` or `debt`; amounts and values are never negative."""
    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    price_source: str | None
    price_at: Time | None
    reason: str | None
    """Why the amount or the value is unknown, or why the line does not count."""
    counted: bool
    """Whether it is part of the total."""
    truncated: bool
    observed_at: Time


class PositionPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[Position]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/positions", operation_id="list_positions", responses=refusals(400, 404))
async def list_positions(
    api: Api, caller: Asker, portfolio: Name, limit: Limit = None, cursor: CursorText = None
) -> PositionPage:
    """Every current line, by source and place in its snapshot. Lines left out of the total say why."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, int]) or ("", -1)
    registry = api.registry
    caller.find_portfolio(registry, portfolio)
    sources = sources_now(registry, caller.tenant, portfolio, now=api.clock.now())
    snapshots = await read_current(api, sources)
    found = await read_positions(api, snapshots, after=after, limit=size + 1)
    page = found[:size]
    following = to_cursor((page[-1].source, page[-1].line)) if len(found) > size else None
    return PositionPage(items=page, next_cursor=following)


async def read_positions(
    api: Resources, snapshots: list[CurrentSnapshot], *, after: tuple[str, int], limit: int
) -> list[Position]:
    wanted = _enough(snapshots, after=after, limit=limit)
    if not wanted:
        return []
    params = {
        "snapshots": [snapshot.key for snapshot in wanted],
        "receipts": receipts(snapshots),
        "after_source": after[0],
        "after_line": after[1],
        "limit": limit,
    }
    return await read(api.warehouse, load_sql(__file__, "positions"), params, Position)


def _enough(snapshots: list[CurrentSnapshot], *, after: tuple[str, int], limit: int) -> list[CurrentSnapshot]:
    """The first snapshots from `after` on that together hold `limit` lines."""
    wanted: list[CurrentSnapshot] = []
    lines = 0
    for snapshot in snapshots:
        if snapshot.source < after[0] or snapshot.lines == 0:
            continue
        if lines >= limit:
            break
        wanted.append(snapshot)
        lines += snapshot.lines - (after[1] + 1 if snapshot.source == after[0] else 0)
    return wanted


ROUTES = [list_positions]
