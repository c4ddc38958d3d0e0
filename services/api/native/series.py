"""`/v1/portfolios/{id}/series`: the value at the end of each hour, as many hours as asked for, in pages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.time import floor_to
from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Money, Name, Time, parse_instant

HOUR = timedelta(hours=1)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
Fill = Literal["observed", "carried", "missing"]
From = Annotated[
    str | None,
    QueryParameter(
        name="from", schema_extra={"format": "date-time"}, description="ISO 8601 with its zone; 24 hours before `to`."
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to", schema_extra={"format": "date-time"}, description="ISO 8601 with its zone; at most, and else, now."
    ),
]


class Point(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bucket: Time
    """The hour, by its start."""
    valued_at: Time
    """Its end: the instant that the value is of."""
    assets: Money | None
    debt: Money | None
    net: Money | None
    """Null before the first observation; an explicit 0 once every holding is gone."""
    fill: Fill
    """The worst among the sources: seen in this hour, carried from an earlier one, or never seen yet."""
    complete: bool
    """Whether every source had been seen by then."""
    lines_unpriced: int | None
    sources: int | None
    sources_missing: int | None


class Series(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    interval: Literal["hour"]
    start: Time
    """The first bucket of the whole range, not of the page."""
    end: Time
    """The last bucket of the whole range."""
    history_complete_from: Time | None
    """From when on the history of every source is in without a gap; null while one was never fetched."""
    points: list[Point]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/series", operation_id="show_series", responses=refusals(400, 404))
async def show_series(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    from_: From = None,
    to: To = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> Series:
    """Oldest first. Gross assets, debt and net are three series of the same points."""
    size = page_size(limit, most=api.settings.max_page)
    start, end = parse_range(from_, to, now=api.clock.now())
    page_start = _page_start(cursor, start, end)
    caller.find_portfolio(api.registry, portfolio)
    hours = min(size, (end - page_start) // HOUR + 1)
    params = {"tenant": caller.tenant, "portfolio": portfolio, "start": page_start, "points": hours}
    points = await read(api.warehouse, load_sql(__file__, "series"), params, Point)
    following = page_start + hours * HOUR
    return Series(
        portfolio=portfolio,
        currency="iso4217:USD",
        interval="hour",
        start=start,
        end=end,
        history_complete_from=await _history_complete_from(api, caller.tenant, portfolio),
        points=points,
        next_cursor=to_cursor(following) if following <= end else None,
    )


class _History(Struct, frozen=True, kw_only=True):
    complete_from: Time | None


async def _history_complete_from(api: Api, tenant: str, portfolio: str) -> datetime | None:
    asked = {"tenant": tenant, "portfolio": portfolio}
    [history] = await read(api.warehouse, load_sql(__file__, "history"), asked, _History)
    return history.complete_from


def parse_range(from_: str | None, to: str | None, *, now: datetime) -> tuple[datetime, datetime]:
    """First and last bucket, both inclusive. A future `to` is now. Raises ApiError on `from` if it is after `to`."""
    end = min(parse_instant("to", to) or now, now)
    start = parse_instant("from", from_) or max(_FIRST, end - timedelta(hours=24))
    if start > end:
        raise ApiError(
            400, "range_invalid", "from is after to", field="from", fix="Ask for a range that begins before it ends"
        )
    if start < _FIRST:
        raise ApiError(
            400,
            "range_invalid",
            "from is before 2000",
            field="from",
            fix="Nothing was observed then; begin in 2000 or later",
        )
    return floor_to(start, HOUR), floor_to(end, HOUR)


def _page_start(cursor: str | None, start: datetime, end: datetime) -> datetime:
    at = parse_cursor(cursor, Time)
    if at is None:
        return start
    if not start <= at <= end or floor_to(at, HOUR) != at:
        raise ApiError(
            400,
            "cursor_invalid",
            "the cursor is outside the range",
            field="cursor",
            fix="Send the `from` and `to` of the page before",
        )
    return at


ROUTES = [show_series]
