"""Work for the pipeline, with a log of what was attempted and what was acknowledged."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from holdfast.domain.jobs import Lane
from holdfast.domain.time import SystemClock
from holdfast.events import FetchRequested
from holdfast.messaging.publishing import Publisher, PublishError
from holdfast.registry.schedules import schedules_of, to_request
from tests.support.pipeline import Pipeline

_FIRST_SLOT = datetime(2026, 1, 1, tzinfo=UTC)
"""Long past: never a slot of the scheduler's."""
_LANES: tuple[Lane, ...] = ("due", "now")
"""Not `backfill`: it asks for history, which not every source has."""


class Load:
    """Jobs for every source in turn, in lanes that ask for the present, published as the scheduler does it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.attempted: set[str] = set()
        self.acknowledged: set[str] = set()
        self._pipeline = pipeline

    @asynccontextmanager
    async def of(self, jobs_per_s: float) -> AsyncIterator["Load"]:
        """As long as the block lasts; whatever is under way at its end is waited for."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._run(jobs_per_s, stop), name="load")
        try:
            yield self
        finally:
            stop.set()
            await task

    async def _run(self, jobs_per_s: float, stop: asyncio.Event) -> None:
        schedules = schedules_of(await self._pipeline.store.read())
        publisher = Publisher(self._pipeline.connection.js, producer="load", clock=SystemClock())
        under_way: set[asyncio.Task[None]] = set()
        turns = zip(itertools.cycle(schedules), itertools.cycle(_LANES), strict=False)
        while not stop.is_set():
            schedule, lane = next(turns)
            slot = _FIRST_SLOT + timedelta(milliseconds=len(self.attempted))
            request = to_request(schedule, slot=slot, lane=lane, now=datetime.now(UTC))
            self.attempted.add(request.id)
            under_way.add(asyncio.create_task(self._publish(publisher, request)))
            under_way = {task for task in under_way if not task.done()}
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1 / jobs_per_s)
        await asyncio.gather(*under_way)

    async def _publish(self, publisher: Publisher, request: FetchRequested) -> None:
        with contextlib.suppress(PublishError):
            await publisher.publish(request)
            self.acknowledged.add(request.id)
