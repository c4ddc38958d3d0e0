"""Ends the process when it only looks alive.

A pull loop whose consumer was deleted asks thousands of times a second and logs nothing; a blocked
event loop answers no signal. So a coroutine looks at the consumers and reports, and a thread, which
needs nobody's goodwill, judges the reports and exits with code 70 for the supervisor to start anew.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence

import nats.errors
from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from holdfast.messaging.connection import EX_SOFTWARE
from holdfast.messaging.declarations import ConsumerDeclaration
from holdfast.observability import metrics
from holdfast.observability.logs import logger

log = logger(__name__)


class Observation(Struct, frozen=True, kw_only=True):
    """What one look at a consumer found. `None` counts: the server did not answer."""

    consumer: str
    missing: bool = False
    pending: int | None = None
    """Not yet delivered."""
    unacknowledged: int | None = None
    delivered_sequence: int = 0
    ack_floor: int = 0

    @property
    def position(self) -> tuple[int, int, int | None]:
        """Moves whenever anything is delivered or acknowledged, by whichever replica."""
        return self.delivered_sequence, self.ack_floor, self.unacknowledged


class Judge:
    """Pure: fed with observations and a monotonic time, it says why the process must end, or None."""

    def __init__(self, *, stuck_after_s: float) -> None:
        self._stuck_after_s = stuck_after_s
        self._moved: dict[str, tuple[tuple[int, int, int | None], int, float]] = {}

    def verdict(self, observation: Observation, *, at_s: float, excused: bool) -> str | None:
        """`excused`: the process has a reason not to take messages now, as a provider's pause."""
        if observation.missing:
            return f"consumer {observation.consumer} does not exist any more; run `holdfast migrate`"
        if observation.pending is None:
            return None
        position, pending, since_s = self._moved.get(observation.consumer, (None, 0, at_s))
        if excused or position != observation.position or observation.pending == 0 or observation.pending < pending:
            self._moved[observation.consumer] = (observation.position, observation.pending, at_s)
            return None
        if at_s - since_s < self._stuck_after_s:
            return None
        return (
            f"consumer {observation.consumer}: {observation.pending} messages wait and nothing was "
            f"delivered or acknowledged for {at_s - since_s:.0f} s"
        )


class Watchdog:
    """`async with watchdog:` around the service's work."""

    def __init__(
        self,
        js: JetStreamContext,
        consumers: Sequence[ConsumerDeclaration],
        *,
        excused: Callable[[str], bool] = lambda _: False,
        every_s: float = 2.0,
        stuck_after_s: float = 120.0,
        loop_stuck_after_s: float = 60.0,
        exit_process: Callable[[int], None] = os._exit,
    ) -> None:
        self._js = js
        self._consumers = tuple(consumers)
        self._excused = excused
        self._every_s = every_s
        self._loop_stuck_after_s = loop_stuck_after_s
        self._exit_process = exit_process
        self._judge = Judge(stuck_after_s=stuck_after_s)
        self._verdict: str | None = None
        self._looks = 0
        self._stop = threading.Event()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Watchdog":
        self._looking = asyncio.create_task(self._look(), name="watchdog")
        threading.Thread(target=self._guard, name="watchdog", daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        while True:
            for consumer in self._consumers:
                observation = await _observe(self._js, consumer)
                verdict = self._judge.verdict(observation, at_s=time.monotonic(), excused=self._excused(consumer.name))
                self._verdict = self._verdict or verdict
                self._looks += 1
            await asyncio.sleep(self._every_s)

    def _guard(self) -> None:
        """In a thread. Counts its own ticks, not the clock: a process that was frozen is not thereby stuck."""
        tick_s, quiet_ticks, looks = 0.5, 0, -1
        while not self._stop.wait(tick_s):
            quiet_ticks = 0 if self._looks != looks else quiet_ticks + 1
            looks = self._looks
            verdict = self._verdict
            if verdict is None and quiet_ticks * tick_s > self._loop_stuck_after_s:
                verdict = f"the event loop did not turn for {quiet_ticks * tick_s:.0f} s"
            if verdict is not None:
                log.critical("watchdog ends the process", reason=verdict)
                self._exit_process(EX_SOFTWARE)
                return


async def _observe(js: JetStreamContext, consumer: ConsumerDeclaration) -> Observation:
    try:
        info = await js.consumer_info(consumer.stream, consumer.name, timeout=5)
    except NotFoundError:
        return Observation(consumer=consumer.name, missing=True)
    except (nats.errors.Error, TimeoutError):
        return Observation(consumer=consumer.name)
    pending, unacknowledged = info.num_pending or 0, info.num_ack_pending or 0
    metrics.consumer_pending.labels(consumer.stream, consumer.name).set(pending)
    metrics.consumer_unacknowledged.labels(consumer.stream, consumer.name).set(unacknowledged)
    return Observation(
        consumer=consumer.name,
        pending=pending,
        unacknowledged=unacknowledged,
        delivered_sequence=info.delivered.consumer_seq if info.delivered else 0,
        ack_floor=info.ack_floor.consumer_seq if info.ack_floor else 0,
    )
