"""How fast one key may ask: a token bucket per key, as one instant each (GCRA).

Kept in this process: with several API replicas a key gets the rate of each that it reaches.
"""

import time
from collections.abc import Callable


class RateLimiter:
    """`burst` requests at once, `per_minute` in the long run."""

    def __init__(self, *, per_minute: int, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._step_s = 60 / per_minute
        self._tolerance_s = self._step_s * (burst - 1)
        self._monotonic = monotonic
        self._full_at: dict[str, float] = {}

    def take(self, key: str) -> float:
        """0 when the request may pass (and is counted), else the seconds until one may."""
        now = self._monotonic()
        full_at = max(self._full_at.get(key, now), now)
        wait_s = full_at - now - self._tolerance_s
        if wait_s > 1e-9:
            return wait_s
        self._full_at[key] = full_at + self._step_s
        return 0.0
