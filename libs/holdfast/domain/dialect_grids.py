"""The grids of the dialects: each upstream's own rule, with its edges. Source: semantics, "Time series"."""

from datetime import datetime, timedelta
from typing import Literal

from holdfast.domain.time import floor_to

BitpandaPeriod = Literal["HOURLY", "DAILY", "WEEKLY", "MONTHLY"]
BITPANDA_STEPS: dict[BitpandaPeriod, timedelta] = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(days=7),
    "MONTHLY": timedelta(days=30),
}
BITPANDA_MOST = 200
CREDMARK_MOST = 4_000
HOUR = timedelta(hours=1)


class GridError(ValueError):
    """A range that the dialect refuses; `field` is the argument to correct."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field


def bitpanda_grid(
    start: datetime | None, end: datetime | None, period: BitpandaPeriod | None, *, now: datetime
) -> list[datetime]:
    """Newest first: from the nearest hour of `end` back by the period, as far as `start` itself.

    The 200 newest are kept and the rest is silently left out. Without a start or a period there is one point, and
    without an end it is the latest.
    """
    at = nearest_hour(end or now)
    if start is None or period is None:
        return [at]
    count = max(0, (at - nearest_hour(start)) // BITPANDA_STEPS[period] + 1)
    return [at - step * BITPANDA_STEPS[period] for step in range(min(count, BITPANDA_MOST))]


def nearest_hour(at: datetime) -> datetime:
    """Half past goes up."""
    return floor_to(at + HOUR / 2, HOUR)


def dalp_grid(start: datetime, end: datetime, interval: Literal["hour", "day"], *, now: datetime) -> list[datetime]:
    """Bucket starts from floor(start) to floor(end), both inclusive, oldest first: 24 hours give 25 points.

    A future end is now. Raises GridError on `from` where it is after `to` as asked for.
    """
    if start > end:
        raise GridError("from", "`from` must be before or equal to `to`")
    end = min(end, now)
    step = HOUR if interval == "hour" else timedelta(days=1)
    first, last = floor_to(min(start, end), step), floor_to(end, step)
    return [first + step * index for index in range((last - first) // step + 1)]


def credmark_grid(start: int, end: int, step: int) -> list[int]:
    """Blocks, or seconds since the epoch: anchored at the end, both ends inclusive, oldest first.

    Where the step does not divide the range, the partial step is cut from the head: 1 to 9 by 3 is 3, 6, 9.
    Raises GridError for a range that is reversed or has more than 4,000 points.
    """
    if step <= 0:
        raise GridError("interval", "must be greater than 0")
    if start > end:
        raise GridError("start", "must not be after the end")
    count = (end - start) // step + 1
    if count > CREDMARK_MOST:
        raise GridError("interval", f"gives {count:,} points, at most {CREDMARK_MOST:,}: ask for a longer interval")
    return [end - step * back for back in reversed(range(count))]
