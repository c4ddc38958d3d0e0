"""Which hours a query is of, and as of which instant each shows the portfolio.

An hour shows what was known at it; the hour nearest to now is still being written and shows the latest. So the
latest portfolio and the newest point of a series are the same.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from holdfast.domain.dialect_grids import BITPANDA_STEPS, BitpandaPeriod, bitpanda_grid, nearest_hour
from holdfast.providers.bitpanda.wire import ShapeError, to_instant
from services.api.dialects.bitpanda.failures import user_error

_LAST = datetime(9999, 12, 31, 23, 29, tzinfo=UTC)
"""What is later has no nearest hour that could be written."""


class Point(NamedTuple):
    hour: datetime
    as_of: datetime


def parse_points(start: str | None, end: str | None, period: BitpandaPeriod | None, *, now: datetime) -> list[Point]:
    """Newest first. Raises GraphQLError for arguments that do not go together or are no dates."""
    newest = nearest_hour(now)
    if start is None and period is None:
        asked = bitpanda_grid(None, _parse("endDate", end) if end is not None else None, None, now=now)
        hours = [min(asked[0], newest)]
    elif start is None or end is None or period is None:
        raise user_error("startDate, endDate and timePeriod go together; endDate may stand alone")
    else:
        hours = _series(_parse("startDate", start), _parse("endDate", end), period, now=now)
    return [Point(hour, now if hour == newest else hour) for hour in hours]


def _series(first: datetime, last: datetime, period: BitpandaPeriod, *, now: datetime) -> list[datetime]:
    """Hours to come are left out and take no place among the 200."""
    if first > last:
        raise user_error("startDate is after endDate")
    step = BITPANDA_STEPS[period]
    to_come = max(0, -((nearest_hour(now) - nearest_hour(last)) // step))
    return bitpanda_grid(first, last - to_come * step, period, now=now)


def _parse(argument: str, text: str) -> datetime:
    try:
        return min(to_instant(text), _LAST)
    except ShapeError as error:
        raise user_error(f"{argument}: {error}") from error
