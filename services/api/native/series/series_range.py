"""The range, the interval and the zone of a series, and the buckets of one page of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from litestar.params import QueryParameter

from holdfast.domain.grids import Bucket, Interval, bucket_at, buckets
from services.api.paging import parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.vocabulary import Time, parse_instant

HOUR = timedelta(hours=1)
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
DEFAULT_LENGTHS: dict[Interval, timedelta] = {
    "5m": timedelta(hours=2),
    "hour": timedelta(hours=24),
    "day": timedelta(days=30),
    "week": timedelta(weeks=26),
    "30d": timedelta(days=360),
}

From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone; else before `to` by 2 hours, 24 hours, 30 days, 26 weeks or 360 days.",
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to", schema_extra={"format": "date-time"}, description="ISO 8601 with its zone; at most, and else, now."
    ),
]
IntervalOf = Annotated[Interval, QueryParameter(name="interval", description="How long a bucket is.")]
ZoneName = Annotated[
    str,
    QueryParameter(
        name="tz",
        max_length=64,
        description="The IANA zone whose days and weeks are meant, as Europe/Berlin; five minutes and hours are UTC.",
    ),
]


class Range(NamedTuple):
    """First and last bucket, both inclusive."""

    interval: Interval
    zone: ZoneInfo
    start: Bucket
    end: Bucket

    def page(self, cursor: str | None, size: int) -> tuple[list[Bucket], str | None]:
        """The buckets of one page, and the cursor to the next. Raises ApiError for a cursor outside of it."""
        at = parse_cursor(cursor, Time) or self.start.start
        if not self.start.start <= at <= self.end.start or bucket_at(at, self.interval, self.zone).start != at:
            raise ApiError(
                400,
                "cursor_invalid",
                "the cursor is outside the range",
                field="cursor",
                fix="Send the `from`, `to`, `interval` and `tz` of the page before",
            )
        found = list(islice(buckets(at, self.end.start, self.interval, self.zone), size + 1))
        return found[:size], to_cursor(found[size].start) if len(found) > size else None


def parse_range(from_: str | None, to: str | None, interval: Interval, tz: str, *, now: datetime) -> Range:
    """A future `to` is now. Raises ApiError on `from` if it is after `to`, on `tz` if there is no such zone."""
    zone = parse_zone(tz)
    end = min(parse_instant("to", to) or now, now)
    start = parse_instant("from", from_) or max(FIRST, end - DEFAULT_LENGTHS[interval])
    if start > end:
        raise ApiError(
            400, "range_invalid", "from is after to", field="from", fix="Ask for a range that begins before it ends"
        )
    if start < FIRST:
        raise ApiError(
            400,
            "range_invalid",
            "from is before 2000",
            field="from",
            fix="Nothing was observed then; begin in 2000 or later",
        )
    return Range(interval, zone, bucket_at(start, interval, zone), bucket_at(end, interval, zone))


def parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ApiError(
            400, "zone_invalid", f"{name!r} is no time zone", field="tz", fix="Write an IANA name, as Europe/Berlin"
        ) from error


def on_whole_hours(grid: Iterable[Bucket]) -> bool:
    """Whether stored hours are enough: five minutes, and the days of some zones, as of India, begin within one."""
    return all(edge.minute == 0 and edge.second == 0 for bucket in grid for edge in bucket)
