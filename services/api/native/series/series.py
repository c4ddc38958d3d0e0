"""`/v1/portfolios/{id}/series`: the value at the end of each bucket, as many buckets as asked for, in pages.

Whole hours are read as they are stored. What stored hours do not say (five minutes, days that begin within an hour,
prices that move between statements, the past as it was known) is worked out from the statements: see past.py.
"""

import asyncio
from datetime import timedelta
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.grids import Bucket, Interval
from holdfast.domain.series import Fill
from holdfast.domain.time import to_ms
from holdfast.registry.state import counted_sources
from services.api.callers import Asker
from services.api.currencies import Conversion, CurrencyText, parse_currency, read_exchange
from services.api.native.moments import KnownAt
from services.api.native.quality import Quality, to_quality
from services.api.native.series.coverage import read_complete_from
from services.api.native.series.past import Past, read_past
from services.api.native.series.series_range import From, IntervalOf, To, ZoneName, on_whole_hours, parse_range
from services.api.native.series.stored_hours import read_stored
from services.api.native.series.worth import Worth
from services.api.native.totals.current import excluded_now, present
from services.api.native.totals.total import net_of
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size
from services.api.resources import Api
from services.api.vocabulary import Money, Name, Time, parse_instant

PAST_PAGE = 300
"""Points of a page that are worked out from statements: a day of five minutes …"""
PAST_LENGTH = timedelta(days=31)
"""… or a month of days: bounds how many statements are read for one."""

Mark = Annotated[
    bool,
    QueryParameter(
        name="mark",
        description="Mark to market: between statements amounts are carried and prices move. Values without amounts "
        "are carried as stated; a line without a price of the last 24 hours is unpriced.",
    ),
]


class Point(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bucket: Time
    """The bucket, by its start."""
    valued_at: Time
    """Its end: what was stated before this instant (a statement of this very instant is the next bucket's).

    The last bucket's is still to come; what is known now stands in it.
    """
    assets: Money | None
    debt: Money | None
    net: Money | None
    """Null before the first observation and without a rate; an explicit 0 once every holding is gone."""
    fill: Fill
    """The worst among the sources: seen in this bucket, carried from an earlier one, or never seen yet."""
    complete: bool
    """Whether every source had been seen by then."""
    quality: Quality


class Series(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    interval: Interval
    tz: str
    marked: bool
    """Whether prices move between statements."""
    known_at: Time | None
    start: Time
    """The first bucket of the whole range, not of the page."""
    end: Time
    """The last bucket of the whole range."""
    history_complete_from: Time | None
    """From when on the history of every source is in without a gap; null while one was never fetched."""
    points: list[Point]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/series", operation_id="show_series", responses=refusals(404))
async def show_series(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    from_: From = None,
    to: To = None,
    interval: IntervalOf = "hour",
    tz: ZoneName = "UTC",
    currency: CurrencyText = None,
    mark: Mark = False,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> Series:
    """Oldest first. Gross assets, debt and net are three series of the same points."""
    size = page_size(limit, most=api.settings.max_page)
    now = to_ms(api.clock.now())
    asked = parse_range(from_, to, interval, tz, now=now)
    into = parse_currency(currency, caller.find_portfolio(api.registry, portfolio))
    knowing = parse_instant("known_at", known_at)
    grid, following = asked.page(cursor, size)
    stored = not mark and knowing is None and on_whole_hours(grid)
    if not stored:
        grid, following = asked.page(cursor, min(size, _past_page(asked.start)))
    past = Past(
        tenant=caller.tenant,
        portfolio=portfolio,
        grid=grid,
        now=now,
        excluded=frozenset(excluded_now(api.registry, caller.tenant, portfolio, known_at=knowing)),
        marked=mark,
        known_at=knowing,
    )
    members = counted_sources(api.registry, caller.tenant, portfolio)
    # The rates of a bucket that is not over yet are those of now.
    converted_at = [min(bucket.valued_at, now) for bucket in grid]
    values, exchange, complete_from = await asyncio.gather(
        read_stored(api, past, members) if stored else read_past(api, past),
        read_exchange(api, into, converted_at, known_at=knowing),
        read_complete_from(api, caller.tenant, present(members, now=now)),
    )
    return Series(
        portfolio=portfolio,
        currency=into,
        interval=interval,
        tz=tz,
        marked=mark,
        known_at=knowing,
        start=asked.start.start,
        end=asked.end.start,
        history_complete_from=complete_from,
        points=[_to_point(worth, exchange.at(at)) for worth, at in zip(values, converted_at, strict=True)],
        next_cursor=following,
    )


def _to_point(worth: Worth, conversion: Conversion) -> Point:
    assets, debt = conversion.of(worth.assets), conversion.of(worth.debt)
    return Point(
        bucket=worth.bucket.start,
        valued_at=worth.bucket.end,
        assets=assets,
        debt=debt,
        net=net_of(assets, debt),
        fill=worth.fill,
        complete=worth.complete,
        quality=to_quality(worth.known, conversion),
    )


def _past_page(bucket: Bucket) -> int:
    return max(1, min(PAST_PAGE, PAST_LENGTH // (bucket.end - bucket.start)))


ROUTES = [show_series]
