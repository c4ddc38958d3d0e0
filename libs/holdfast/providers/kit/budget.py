"""A request budget: at most N requests in any window of so many seconds, first come, first served.

A request holds its place from the moment it is sent until one window after it was answered. The
upstream counts it somewhere in between, so no latency or jitter can make it count more than N in
any window. Measured from sending alone, a slow request followed by a fast one would overshoot.
Source of the choice: aiolimiter is a leaky bucket and lets twice the budget through in the first
window; pyrate-limiter stamps at sending and adds 50 ms to every wait.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from holdfast.providers.kit.contract import Budget
from holdfast.providers.kit.errors import RateLimitedError


class SlidingWindow:
    """The budget of one credential, shared by all its concurrent requests."""

    def __init__(self, budget: Budget, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._monotonic = monotonic
        self._in_flight = 0
        self._answered: deque[float] = deque()
        self._paused_until = 0.0
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def budget(self) -> Budget:
        return self._budget

    def limit(self, budget: Budget) -> None:
        """Another budget from now on, as an operator's settings say."""
        self._budget = budget
        self._changed.set()

    def told(self, retry_after_s: float) -> None:
        """The upstream asked for patience: nothing is sent before that."""
        self._paused_until = max(self._paused_until, self._monotonic() + retry_after_s)

    @asynccontextmanager
    async def request(self, *, patience_s: float) -> AsyncIterator[float]:
        """Wait for a place and hold it; yields the seconds waited. Raises RateLimitedError when it takes too long."""
        waited_s = await self._enter(patience_s)
        try:
            yield waited_s
        finally:
            self._in_flight -= 1
            self._answered.append(self._monotonic())
            self._changed.set()

    async def _enter(self, patience_s: float) -> float:
        started = self._monotonic()
        try:
            async with asyncio.timeout(patience_s), self._turn:
                while (wait_s := self._wait_s()) != 0:
                    self._refuse_if_longer(wait_s, patience_s - (self._monotonic() - started))
                    await self._sleep(wait_s)
                self._in_flight += 1
        except TimeoutError:
            raise RateLimitedError(
                f"the request budget was used up for {patience_s:g} s", retry_after_s=self._budget.per_s
            ) from None
        return self._monotonic() - started

    def _wait_s(self) -> float | None:
        """0: go. A number: not before that. None: not before a request in flight is answered."""
        now = self._monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        while self._answered and self._answered[0] + self._budget.per_s <= now:
            self._answered.popleft()
        if self._in_flight + len(self._answered) < self._budget.requests:
            return 0.0
        return self._answered[0] + self._budget.per_s - now if self._answered else None

    def _refuse_if_longer(self, wait_s: float | None, left_s: float) -> None:
        """A job that would wait past its patience had better go back to the queue at once."""
        if wait_s is not None and wait_s > left_s:
            raise RateLimitedError(f"the request budget is used up for {wait_s:.1f} s more", retry_after_s=wait_s)

    async def _sleep(self, wait_s: float | None) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return
