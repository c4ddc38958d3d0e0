"""Which hours a portfolio query is of.

The real system says "at the nearest hour" and not how it rounds: halves go up here, and no hour is later than the
newest. Series step back from their end, the newest 200 stay, and what lies before the beginning of custody is left out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.simulator.upstreams.bitpanda.errors import UserError
from services.simulator.world.custody import FIRST_HOUR, hour_of

MOST_ITEMS = 200
_STEPS = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(days=7),
    "MONTHLY": timedelta(days=30),
}


def hours_asked(start: str | None, end: str | None, period: str | None, now: datetime) -> list[datetime]:
    """Newest first. Raises UserError."""
    if period is None and start is None:
        asked = [_nearest(_instant("endDate", end), now)] if end is not None else [hour_of(now)]
    elif start is None or end is None or period is None:
        raise UserError("startDate, endDate and timePeriod go together")
    else:
        asked = list(_series(_instant("startDate", start), _instant("endDate", end), _STEPS[period], now))
    return [hour for hour in dict.fromkeys(asked) if hour >= FIRST_HOUR]


def _series(start: datetime, end: datetime, step: timedelta, now: datetime) -> Iterator[datetime]:
    if start > end:
        raise UserError("startDate is after endDate")
    for count in range(min(MOST_ITEMS, (end - start) // step + 1)):
        yield _nearest(end - count * step, now)


def _nearest(instant: datetime, now: datetime) -> datetime:
    return min(hour_of(max(instant, FIRST_HOUR - timedelta(days=1)) + timedelta(minutes=30)), hour_of(now))


def _instant(name: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise UserError(f"{name} is not an ISO 8601 date and time")
    return instant
