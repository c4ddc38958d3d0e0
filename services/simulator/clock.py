"""The world's clock: real time, faster, or standing still."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from services.simulator.world.instants import iso


class ClockState(Struct, frozen=True, kw_only=True):
    now: str
    rate: int
    frozen: bool


class WorldClock:
    """From `start`, `rate` times as fast as real time. `monotonic_ns` is injected by tests."""

    def __init__(
        self,
        *,
        start: datetime | None = None,
        rate: int = 1,
        frozen: bool = False,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._rate = rate
        self._frozen = frozen
        self._base = start or datetime.now(UTC)
        self._since = monotonic_ns()

    def now(self) -> datetime:
        """Aware UTC, whole milliseconds."""
        elapsed_ms = 0 if self._frozen else (self._monotonic_ns() - self._since) * self._rate // 1_000_000
        instant = self._base + timedelta(milliseconds=elapsed_ms)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    def change(self, *, at: datetime | None = None, rate: int | None = None, frozen: bool | None = None) -> None:
        """What is None stays. The clock goes on from `at`, else from where it stands."""
        self._base = at or self.now()
        self._since = self._monotonic_ns()
        self._rate = self._rate if rate is None else rate
        self._frozen = self._frozen if frozen is None else frozen

    @property
    def state(self) -> ClockState:
        return ClockState(now=iso(self.now()), rate=self._rate, frozen=self._frozen)
