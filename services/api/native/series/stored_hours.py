"""The value at the end of buckets of whole hours: each is the newest stored hour at or before its end.

An hour has a row only where something changed; what was observed last before a bucket is carried into it. This is the
view value_series made unbroken (docs/sql.md), with its rows picked by the engine and laid on the grid here.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from holdfast.domain.grids import Bucket
from holdfast.domain.refusals import Refusals, told_apart
from holdfast.domain.series import Fill
from holdfast.domain.time import floor_to
from holdfast.registry.state import PortfolioSource
from services.api.native.quality import Known
from services.api.native.series.past import Past, read_refused
from services.api.native.series.series_range import HOUR
from services.api.native.series.worth import Worth
from services.api.native.totals.current import belonging, had_joined
from services.api.native.totals.valued import patience_of
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_BACK = timedelta(days=2)
"""A portfolio whose sources are asked at least daily has an hour in there."""


class _Hour(Struct, frozen=True, kw_only=True):
    bucket: Time
    assets: Money
    debt: Money
    lines: int
    lines_unpriced: int
    lines_excluded: int
    lines_truncated: int
    sources: int
    sources_missing: int
    reasons: dict[str, int]
    waits: dict[str, int]
    oldest_input: Time
    newest_input: Time


class _Lateness(NamedTuple):
    """From when on sources are stale: so long after what they stated."""

    shortest: timedelta
    longest: timedelta

    def of(self, hour: _Hour, at: datetime) -> tuple[int | None, int | None]:
        """Lines and sources that had turned stale by an instant.

        A stored hour says when its oldest and newest statements are from: none of its sources had, all, or not kept.
        """
        if hour.sources == 0 or at - hour.oldest_input <= self.shortest:
            return hour.reasons.get("stale", 0), 0
        return (hour.lines, hour.sources) if at - hour.newest_input > self.longest else (None, None)


async def read_stored(api: Resources, past: Past, members: Sequence[PortfolioSource]) -> list[Worth]:
    """One for each bucket of the grid, which has at least one. `members`: those of any time."""
    this_hour = floor_to(past.now, HOUR)
    # The hours, by their starts, whose values the buckets end with.
    last_hours = [min(bucket.end.astimezone(UTC) - HOUR, this_hour) for bucket in past.grid]
    hours = await _read_hours(api, past, last_hours)
    begins = [hour.bucket for hour in hours]
    patience = patience_of(api.registry, members) or [timedelta(0)]
    lateness = _Lateness(min(patience), max(patience))
    refusals = await read_refused(api, past, (hour.waits for hour in hours if hour.waits))
    places = [bisect_right(begins, last) for last in last_hours]
    return [
        _to_worth(bucket, hours[place - 1], lateness, refusals, past.now)
        if place and _is_known(hours[place - 1], members, end=last + HOUR)
        else _to_nothing(bucket, members, end=last + HOUR)
        for bucket, last, place in zip(past.grid, last_hours, places, strict=True)
    ]


async def _read_hours(api: Resources, past: Past, last_hours: Sequence[datetime]) -> list[_Hour]:
    """The newest of each bucket, oldest first, and before them the one that is carried into the first bucket.

    That one is mostly of the days before; years of hours are read only where nothing changed in those.
    """
    oldest, newest = last_hours[0] - _LOOK_BACK, last_hours[-1]
    hours = await _read_between(api, past, oldest, newest, [] if _are_hourly(last_hours) else last_hours)
    if not hours or hours[0].bucket > last_hours[0]:
        hours = await _read_between(api, past, _EPOCH, oldest - HOUR, [newest]) + hours
    return hours


async def _read_between(
    api: Resources, past: Past, oldest: datetime, newest: datetime, last_hours: Sequence[datetime]
) -> list[_Hour]:
    """Of cells that end with these hours the newest; without any, all of them. Oldest first."""
    asked: dict[str, object] = {
        "tenant": past.tenant,
        "portfolio": past.portfolio,
        "oldest": oldest,
        "newest": newest,
    }
    if last_hours:
        # All that is before the first bucket is one cell with it.
        asked["cells_s"] = [0, *(int((hour + HOUR).timestamp()) for hour in last_hours[:-1])]
    sql = load_sql(__file__, "newest_hours" if last_hours else "stored_hours")
    return sorted(await read(api.warehouse, sql, asked, _Hour), key=_begin_of)


def _are_hourly(last_hours: Sequence[datetime]) -> bool:
    return last_hours[-1] - last_hours[0] < len(last_hours) * HOUR


def _begin_of(hour: _Hour) -> datetime:
    return hour.bucket


def _is_known(hour: _Hour, members: Sequence[PortfolioSource], *, end: datetime) -> bool:
    """Whether anything had been observed by then, or has left since. An hour may be stored of members of before."""
    return hour.sources > 0 or (hour.sources_missing == 0 and had_joined(members, end=end))


def _to_nothing(bucket: Bucket, members: Sequence[PortfolioSource], *, end: datetime) -> Worth:
    known = Known(available=False, sources_missing=len(belonging(members, end=end)))
    return Worth(bucket=bucket, assets=None, debt=None, fill="missing", complete=False, known=known)


def _to_worth(bucket: Bucket, hour: _Hour, lateness: _Lateness, refusals: Refusals, now: datetime) -> Worth:
    at = min(bucket.valued_at, now)
    lines_stale, sources_stale = lateness.of(hour, at)
    known = Known(
        lines=hour.lines,
        lines_unpriced=hour.lines_unpriced,
        lines_stale=lines_stale,
        lines_excluded=hour.lines_excluded,
        lines_truncated=hour.lines_truncated,
        sources=hour.sources,
        sources_missing=hour.sources_missing,
        sources_stale=sources_stale,
        shares=_to_shares(bucket, hour),
        oldest_input=hour.oldest_input,
        newest_input=hour.newest_input,
        reasons=told_apart(hour.reasons, hour.waits, refusals, at),
    )
    return Worth(
        bucket=bucket,
        assets=hour.assets,
        debt=hour.debt,
        fill=_to_fill(bucket, hour),
        complete=hour.sources_missing == 0,
        known=known,
    )


def _to_fill(bucket: Bucket, hour: _Hour) -> Fill:
    if hour.sources_missing > 0:
        return "missing"
    # An hour without sources is one in which the last of them left.
    seen_at = hour.oldest_input if hour.sources else hour.bucket
    return "observed" if seen_at >= bucket.start else "carried"


def _to_shares(bucket: Bucket, hour: _Hour) -> tuple[str | None, str | None]:
    """A stored hour says when its oldest and newest statements are from: all seen in the bucket, none, or not kept."""
    if hour.assets == "0" and hour.debt == "0":
        return None, None
    if hour.oldest_input >= bucket.start:
        return "1", "0"
    return ("0", "1") if hour.newest_input < bucket.start else (None, None)
