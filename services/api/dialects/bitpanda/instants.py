"""Which hours a query is of, and as of which instant each shows the portfolio.

An hour shows what was known at it; the hour nearest to now is still being written and shows the latest. So the
latest portfolio and the newest point of a series are the same. A series steps back from its end, the newest 200 stay.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from holdfast.domain.time import floor_to
from holdfast.providers.bitpanda.wire import MOST_POINTS, PERIODS, ShapeError, TimePeriod, to_instant
from services.api.dialects.bitpanda.failures import user_error

_HOUR = timedelta(hours=1)


class Point(NamedTuple):
    hour: datetime
    as_of: datetime


def parse_points(start: str | None, end: str | None, period: TimePeriod | None, *, now: datetime) -> list[Point]:
    """Newest first. Raises GraphQLError for arguments that do not go together or are no dates."""
    if start is None and period is None:
        return [_to_point(_parse("endDate", end) if end is not None else now, now)]
    if start is None or end is None or period is None:
        raise user_error("startDate, endDate and timePeriod go together; endDate may stand alone")
    first, last = _parse("startDate", start), _parse("endDate", end)
    if first > last:
        raise user_error("startDate is after endDate")
    return [_to_point(instant, now) for instant in _series(first, last, PERIODS[period], now)]


def nearest_hour(instant: datetime) -> datetime:
    """Halves go up."""
    return floor_to(instant + _HOUR / 2, _HOUR)


def _to_point(instant: datetime, now: datetime) -> Point:
    newest = nearest_hour(now)
    hour = min(nearest_hour(instant), newest)
    return Point(hour, now if hour == newest else hour)


def _series(first: datetime, last: datetime, step: timedelta, now: datetime) -> Iterator[datetime]:
    """Hours to come are none of the 200."""
    to_come = max(0, -((nearest_hour(now) - nearest_hour(last)) // step))
    count = (last - first) // step + 1
    for number in range(to_come, min(count, to_come + MOST_POINTS)):
        yield last - number * step


def _parse(argument: str, text: str) -> datetime:
    try:
        return to_instant(text)
    except ShapeError as error:
        raise user_error(f"{argument}: {error}") from error
