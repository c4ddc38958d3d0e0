"""`/v1/portfolios/{id}/series`: the value at the end of each bucket, as many buckets as asked for, in pages.

Whole hours are read as they are stored. What stored hours do not say (five minutes, days that begin within an hour,
prices that move between statements, the past as it was known) is worked out from the statements: see past.py.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.grids import Bucket, Interval
from holdfast.domain.series import Fill
from holdfast.domain.time import floor_to, to_ms
from holdfast.registry.state import PortfolioSource, counted_sources
from services.api.callers import Asker
from services.api.currencies import CurrencyText, Exchange, parse_currency, read_exchange
from services.api.native.current import belonging, excluded_now
from services.api.native.moments import KnownAt
from services.api.native.past import Past, read_past
from services.api.native.quality import Known, Quality, to_quality
from services.api.native.series_range import (
    HOUR,
    From,
    IntervalOf,
    To,
    ZoneName,
    on_whole_hours,
    parse_range,
)
from services.api.native.total import net_of
from services.api.native.worth import Worth
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
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
    """Its end: the instant that the value is of. The last bucket's is still to come; what is known now stands in it."""
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


class _Row(Struct, frozen=True, kw_only=True):
    bucket: Time
    assets: Money | None
    debt: Money | None
    fill: Fill
    stored_at_all: bool
    lines: int
    lines_unpriced: int
    lines_excluded: int
    lines_truncated: int
    sources: int
    sources_missing: int
    reasons: dict[str, int]
    oldest_input: Time
    newest_input: Time


class _History(Struct, frozen=True, kw_only=True):
    complete_from: Time | None


@get("/portfolios/{portfolio:str}/series", operation_id="show_series", responses=refusals(400, 404))
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
        excluded=frozenset(excluded_now(api.registry, caller.tenant, portfolio)),
        marked=mark,
        known_at=knowing,
    )
    values, exchange, complete_from = await asyncio.gather(
        _read_stored(api, past) if stored else read_past(api, past),
        read_exchange(api, into, [_converted_at(bucket, now) for bucket in grid], known_at=knowing),
        _history_complete_from(api, caller.tenant, portfolio),
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
        points=[_to_point(worth, exchange, now) for worth in values],
        next_cursor=following,
    )


async def _read_stored(api: Resources, past: Past) -> list[Worth]:
    params = {
        "tenant": past.tenant,
        "portfolio": past.portfolio,
        "starts_s": [int(bucket.start.timestamp()) for bucket in past.grid],
        "ends_s": [int(bucket.end.timestamp()) for bucket in past.grid],
        "newest": floor_to(past.now, HOUR),
    }
    rows = await read(api.warehouse, load_sql(__file__, "series"), params, _Row)
    members = counted_sources(api.registry, past.tenant, past.portfolio)
    return [_to_worth(bucket, row, members) for bucket, row in zip(past.grid, rows, strict=True)]


def _to_worth(bucket: Bucket, row: _Row, members: Sequence[PortfolioSource]) -> Worth:
    if not row.stored_at_all:
        known = Known(available=False, sources_missing=len(belonging(members, end=bucket.end)))
        return Worth(bucket=bucket, assets=None, debt=None, fill="missing", complete=False, known=known)
    known = Known(
        available=row.assets is not None,
        lines=row.lines,
        lines_unpriced=row.lines_unpriced,
        lines_stale=None,
        lines_excluded=row.lines_excluded,
        lines_truncated=row.lines_truncated,
        sources=row.sources,
        sources_missing=row.sources_missing,
        sources_stale=None,
        shares=_to_shares(bucket, row),
        oldest_input=row.oldest_input,
        newest_input=row.newest_input,
        reasons=row.reasons,
    )
    complete = row.sources_missing == 0
    return Worth(bucket=bucket, assets=row.assets, debt=row.debt, fill=row.fill, complete=complete, known=known)


def _to_shares(bucket: Bucket, row: _Row) -> tuple[str | None, str | None]:
    """A stored hour says when its oldest and newest statements are from: all seen in the bucket, none, or not kept."""
    if row.assets in (None, "0") and row.debt in (None, "0"):
        return None, None
    if row.oldest_input >= bucket.start:
        return "1", "0"
    return ("0", "1") if row.newest_input < bucket.start else (None, None)


def _to_point(worth: Worth, exchange: Exchange, now: datetime) -> Point:
    conversion = exchange.at(_converted_at(worth.bucket, now))
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


def _converted_at(bucket: Bucket, now: datetime) -> datetime:
    """The rates of a bucket that is not over yet are those of now."""
    return min(bucket.valued_at, now)


async def _history_complete_from(api: Resources, tenant: str, portfolio: str) -> datetime | None:
    asked = {"tenant": tenant, "portfolio": portfolio}
    [history] = await read(api.warehouse, load_sql(__file__, "history"), asked, _History)
    return history.complete_from


ROUTES = [show_series]
