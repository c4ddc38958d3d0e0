"""`/v1/sources`: how fresh each source is and how its last fetch ended."""

from litestar import get
from msgspec import Struct

from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Time


class SourceFreshness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    account: str
    provider: str
    feed: str
    scope: str
    every_s: int
    counted: bool
    paused: str | None
    observed_at: Time | None
    """Of the current snapshot; null if there never was one."""
    fetched_at: Time | None
    lines: int | None
    age_s: int | None
    stale: bool | None
    """Whether three fetches in a row are overdue."""
    last_outcome: str | None
    """`finished`, `retry`, `paused`, `stopped`, `no_history` or `dead_lettered`; null if none was tried in 35 days."""
    last_fetch_at: Time | None
    last_error: str | None
    last_message: str | None
    history_complete_from: Time | None
    """From when on every piece of its history is in, without a gap; null if it was never fetched."""


class SourcePage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[SourceFreshness]
    next_cursor: str | None


@get("/sources", operation_id="list_sources", responses=refusals())
async def list_sources(api: Api, caller: Asker, limit: Limit = None, cursor: CursorText = None) -> SourcePage:
    """Of every account that this key may see. A source just added shows once the aggregator has heard of it."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str]) or ("", "")
    bound = caller.portfolio is not None
    params = {
        "tenant": caller.tenant,
        "after_source": after[0],
        "after_feed": after[1],
        "everything": not bound,
        "accounts": [account.id for account in caller.accounts(api.registry)] if bound else [],
        "limit": size + 1,
    }
    found = await read(api.warehouse, load_sql(__file__, "sources"), params, SourceFreshness)
    page = found[:size]
    following = to_cursor((page[-1].source, page[-1].feed)) if len(found) > size else None
    return SourcePage(items=page, next_cursor=following)


ROUTES = [list_sources]
