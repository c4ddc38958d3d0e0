"""Grids: the instants and buckets that a series is made of, in whole local days where a zone is named.

A bucket is half open, [start, end), and its point is the value at its end: what a snapshot at the very end says belongs
to the next one. Five minutes and hours are UTC. A day is from one local midnight to the next, 23 or 25 hours long when
the clocks change; a week starts on Monday; a 30-day month is 30 local days, counted from 1970-01-01.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from holdfast.domain.time import floor_to

Interval = Literal["5m", "hour", "day", "week", "30d"]
FIXED: dict[Interval, timedelta] = {"5m": timedelta(minutes=5), "hour": timedelta(hours=1)}
DAYS: dict[Interval, int] = {"day": 1, "week": 7, "30d": 30}
UTC_ZONE = ZoneInfo("UTC")

_RESOLUTION = timedelta(milliseconds=1)
_FIRST_DAY = date(1970, 1, 1).toordinal()
_FIRST_MONDAY = date(1970, 1, 5).toordinal()


class Bucket(NamedTuple):
    """[start, end) in UTC."""

    start: datetime
    end: datetime

    @property
    def valued_at(self) -> datetime:
        """The last instant in it, to the millisecond."""
        return self.end - _RESOLUTION


def bucket_at(at: datetime, interval: Interval, tz: ZoneInfo = UTC_ZONE) -> Bucket:
    """The bucket that the instant lies in."""
    if step := FIXED.get(interval):
        start = floor_to(at, step)
        return Bucket(start, start + step)
    days = DAYS[interval]
    first = _FIRST_MONDAY if interval == "week" else _FIRST_DAY
    ordinal = at.astimezone(tz).date().toordinal()
    begins = ordinal - (ordinal - first) % days
    return Bucket(_midnight(begins, tz), _midnight(begins + days, tz))


def buckets(start: datetime, end: datetime, interval: Interval, tz: ZoneInfo = UTC_ZONE) -> Iterator[Bucket]:
    """From the bucket of `start` to the bucket of `end`, both inclusive, oldest first, without gaps."""
    bucket, step = bucket_at(start, interval, tz), FIXED.get(interval)
    while bucket.start <= end:
        yield bucket
        bucket = Bucket(bucket.end, bucket.end + step) if step else bucket_at(bucket.end, interval, tz)


def instant_bucket(at: datetime, step: timedelta) -> Bucket:
    """For a grid of instants: the point is the value at `at` itself, and the bucket what led up to it."""
    return Bucket(at + _RESOLUTION - step, at + _RESOLUTION)


def _midnight(ordinal: int, tz: ZoneInfo) -> datetime:
    """The first instant of a local day. Where the clocks skip midnight it is the instant of the change."""
    return datetime.combine(date.fromordinal(ordinal), time(), tz).astimezone(UTC)
