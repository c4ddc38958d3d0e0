"""A sliding window: how many requests a key may send in the seconds before now."""

import time
from collections import deque
from collections.abc import Callable


class SlidingWindow:
    """At most `requests` in any `per_ms` milliseconds, per key. 0 requests means no limit."""

    def __init__(
        self, *, requests: int, per_ms: int = 1000, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._requests = requests
        self._per_ns = per_ms * 1_000_000
        self._monotonic_ns = monotonic_ns
        self._seen: dict[str, deque[int]] = {}

    def admit(self, key: str) -> bool:
        """Whether there was room. A refused request takes none."""
        if self._requests == 0:
            return True
        now, seen = self._monotonic_ns(), self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - self._per_ns:
            seen.popleft()
        if len(seen) >= self._requests:
            return False
        seen.append(now)
        return True
