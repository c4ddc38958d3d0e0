"""Which range a request means: of its own, or a preset resolved from now."""

from collections.abc import Mapping
from datetime import datetime
from typing import get_args

from msgspec import Struct

from holdfast.domain.time import floor_to
from holdfast.providers.dalp.wire import (
    PRESETS,
    STEPS,
    Interval,
    StatsRange,
    TimestampError,
    parse_timestamp,
    to_timestamp,
)
from services.api.dialects.dalp.failures import invalid

MOST_POINTS = 20_000
"""More than two years of hours. DALP documents no limit; without one a single request could ask for 70 years."""


class Range(Struct, frozen=True, kw_only=True):
    """From floor(start) to floor(end), both inclusive."""

    interval: Interval
    start: datetime
    end: datetime
    is_preset: bool

    @property
    def first(self) -> datetime:
        """The start of the first bucket."""
        return floor_to(self.start, STEPS[self.interval])

    @property
    def points(self) -> int:
        """24 hours give 25, 7 days give 8."""
        return int((self.end - self.first) // STEPS[self.interval]) + 1

    def to_wire(self) -> StatsRange:
        return StatsRange(
            interval=self.interval,
            start=to_timestamp(self.start),
            end=to_timestamp(self.end),
            is_preset=self.is_preset,
        )


def parse_range(query: Mapping[str, str], *, now: datetime) -> Range:
    """A future `to` is now, and then so is a `from` after it. Raises DalpError naming the parameter."""
    interval = query.get("interval", "")
    if interval not in get_args(Interval):
        raise invalid("interval", "expected hour or day")
    start, end = _parse("from", query), _parse("to", query)
    if start > end:
        raise invalid("from", "`from` must be before or equal to `to`")
    end = min(end, now)
    asked = Range(interval=interval, start=min(start, end), end=end, is_preset=False)  # type: ignore[arg-type]
    if asked.points > MOST_POINTS:
        raise invalid("from", f"the range has {asked.points} points, at most {MOST_POINTS} are served")
    return asked


def parse_preset(name: str, *, now: datetime) -> Range:
    """Its ends are not moved to bucket boundaries. Raises DalpError."""
    if name not in PRESETS:
        raise invalid("preset", f"expected {' or '.join(PRESETS)}")
    interval, length = PRESETS[name]
    return Range(interval=interval, start=now - length, end=now, is_preset=True)


def _parse(name: str, query: Mapping[str, str]) -> datetime:
    try:
        return parse_timestamp(query.get(name, ""))
    except TimestampError as error:
        raise invalid(name, str(error)) from error
