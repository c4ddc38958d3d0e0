"""`/v1/prices`: what each source last said of each asset's price, and whether that counts: now or at an instant."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from services.api.callers import Asker
from services.api.native.moments import At, KnownAt, parse_moment
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Money, Time

AssetText = Annotated[str | None, QueryParameter(name="asset", max_length=300, description="Only of this asset.")]


class PriceFreshness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source's newest price of the 35 days before now, or before the instant asked for."""

    asset: str
    quote: str
    """What one unit is priced in, as `iso4217:USD`."""
    source: str
    price: Money
    at: Time
    """The instant that the price is of."""
    fetched_at: Time
    age_s: int
    stale: bool
    """Too old to value anything then: more than 24 hours, between currencies 5 days."""


class PricePage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[PriceFreshness]
    next_cursor: str | None


@get("/prices", operation_id="list_prices", responses=refusals())
async def list_prices(
    api: Api,
    caller: Asker,
    *,
    asset: AssetText = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> PricePage:
    """Market data is nobody's own: every key sees all of it. Without `at` and `known_at` the prices of now."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, str]) or ("", "", "")
    moment = parse_moment(at, known_at, now=api.clock.now())
    times = {} if moment is None else {"at": moment.at, "known_at": moment.recorded_by}
    params = times | {
        "asset": asset or "",
        "after_asset": after[0],
        "after_quote": after[1],
        "after_source": after[2],
        "limit": size + 1,
    }
    name = "prices" if moment is None else "prices_as_known"
    found = await read(api.warehouse, load_sql(__file__, name), params, PriceFreshness)
    page = found[:size]
    last = page[-1] if len(found) > size else None
    following = None if last is None else to_cursor((last.asset, last.quote, last.source))
    return PricePage(items=page, next_cursor=following)


ROUTES = [list_prices]
