"""Who works next: a provider's places, given to waiting jobs by lane, then by arrival.

FastStream pulls each lane by itself and knows no order between them. So each lane holds at most one
job that waits for its turn here, and whenever a place is free the job of the first lane gets it: a
job of `now` waits for a place, never behind one of `due`. A lane whose job has just begun is given a
moment to bring its next one before a later lane gets a place.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

from holdfast.domain.jobs import LANES, Lane
from services.worker.breaker import CircuitBreaker

REFILL_S = 0.1
"""A pull's round trip, with room to spare: what a later lane waits for an earlier one's next job."""


class ClosedError(Exception):
    """No more turns: the job goes back to the stream."""


class Turns:
    """`take` a turn, `give_back` its place. For one event loop."""

    def __init__(
        self, places: int, breaker: CircuitBreaker, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = places
        self._breaker = breaker
        self._monotonic = monotonic
        self._taken = 0
        self._paused_until = 0.0
        self._closed = False
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._refilled_by = [0.0 for _ in LANES]
        self._timer: asyncio.TimerHandle | None = None

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def resting(self) -> bool:
        """Nobody may start now, for a reason that passes."""
        return self._rests_until() > self._monotonic()

    async def take(self, lane: Lane) -> None:
        """Wait for a turn. Raises ClosedError."""
        if self._closed:
            raise ClosedError
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (LANES.index(lane), next(self._order), turn))
        self._refilled_by[LANES.index(lane)] = 0.0
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()
            raise

    def give_back(self) -> None:
        self._taken -= 1
        self._hand_out()

    def pause(self, for_s: float) -> None:
        """Start nothing for so long: the upstream asked for patience."""
        self._paused_until = max(self._paused_until, self._monotonic() + for_s)

    def close(self) -> None:
        """For good: who waits gets ClosedError, who works goes on."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for _, _, turn in self._waiting:
            if not turn.done():
                turn.set_exception(ClosedError())
        self._waiting.clear()

    def _hand_out(self) -> None:
        while self._waiting and not self._closed:
            lane, _, turn = self._waiting[0]
            if turn.done():  # its job was cancelled
                heapq.heappop(self._waiting)
                continue
            if self._taken >= (1 if self._breaker.open else self._places):
                return
            now = self._monotonic()
            if (rest_s := max(self._rests_until(), *self._refilled_by[:lane], 0.0) - now) > 0:
                self._look_again_in(rest_s)
                return
            heapq.heappop(self._waiting)
            self._refilled_by[lane] = now + REFILL_S
            self._taken += 1
            turn.set_result(None)

    def _rests_until(self) -> float:
        return max(self._paused_until, self._breaker.open_until)

    def _look_again_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._hand_out)
