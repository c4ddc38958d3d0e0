"""Time is aware UTC, and it is injected."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from. Injected, so that tests and the simulator can run time themselves."""

    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return to_ms(datetime.now(UTC))


def to_ms(at: datetime) -> datetime:
    """Cut to whole milliseconds, the resolution of every stored time. Refuses a naive datetime."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: times are aware UTC")
    utc = at.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def floor_to(at: datetime, step: timedelta) -> datetime:
    """The start of the step that `at` lies in, counted from the epoch in UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // step * step
