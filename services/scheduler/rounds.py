"""One round: plan, and for each job claim its slot, publish it, confirm.

A claim is a compare-and-set, so of two schedulers one goes on. If that one dies before it confirms,
the other takes over after a while and publishes the same job under the same id.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.messaging.bucket import BucketUnavailableError
from holdfast.messaging.kv import ConflictError
from holdfast.messaging.publishing import Publisher, PublishRefusedError, PublishUnconfirmedError
from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.registry.schedules import Schedule, schedules_of, to_request
from holdfast.registry.state import RegistryState
from services.scheduler.cursors import CursorBook
from services.scheduler.planning import Cursor, PlannedJob, plan_jobs

_log = logger(__name__)
_RETRY_S = 0.2


class Round(Struct, frozen=True, kw_only=True):
    """What came of one round."""

    planned: int = 0
    published: int = 0
    refused: bool = False
    """The stream is full: the rest of the plan waits for the next round."""


class Rounds:
    """Runs rounds; one at a time."""

    def __init__(
        self,
        *,
        state: Callable[[], RegistryState],
        book: CursorBook,
        publisher: Publisher,
        clock: Clock,
        owner: str,
        takeover_after: timedelta,
        concurrency: int = 32,
    ) -> None:
        self._state = state
        self._book = book
        self._publisher = publisher
        self._clock = clock
        self._owner = owner
        self._takeover_after = takeover_after
        self._concurrency = concurrency
        self._schedules: tuple[RegistryState, list[Schedule]] = (RegistryState(), [])

    async def run(self) -> Round:
        """Publish what is due. Never raises for NATS being away or the stream being full."""
        self._book.raise_if_broken()
        if not self._book.current:
            return Round()
        jobs = plan_jobs(
            self._current_schedules(),
            self._book.cursors,
            self._clock.now(),
            owner=self._owner,
            takeover_after=self._takeover_after,
        )
        published, refused = 0, False
        for start in range(0, len(jobs), self._concurrency):
            outcomes = await asyncio.gather(*(self._publish(job) for job in jobs[start : start + self._concurrency]))
            published += outcomes.count("published")
            refused = "refused" in outcomes
            if refused or "unavailable" in outcomes:
                break
        return Round(planned=len(jobs), published=published, refused=refused)

    def _current_schedules(self) -> list[Schedule]:
        """Made anew only when the registry has changed."""
        state = self._state()
        if state is not self._schedules[0]:
            self._schedules = (state, schedules_of(state))
        return self._schedules[1]

    async def _publish(self, job: PlannedJob) -> str:
        identity = job.schedule.identity
        request = to_request(job.schedule, slot=job.slot, lane="due", now=self._clock.now())
        try:
            claim = await self._book.claim(identity, job.slot, replacing=job.cursor)
            await self._publisher.publish(request)
        except ConflictError:
            return "taken"  # another scheduler was first
        except PublishRefusedError as error:
            _log.warning("job_refused", job=request.id, provider=request.provider, why=str(error))
            await self._give_back(job, claim)
            return "refused"
        except (BucketUnavailableError, PublishUnconfirmedError) as error:
            # Perhaps claimed, perhaps even published: the next round sees our own claim and repeats it.
            _log.warning("job_unconfirmed", job=request.id, provider=request.provider, why=str(error))
            return "unavailable"
        self._count(job)
        await self._confirm(job, claim)
        return "published"

    async def _confirm(self, job: PlannedJob, claim: Cursor) -> None:
        """As long as it takes: a confirmation that never comes would have the job published again."""
        while True:
            try:
                await self._book.confirm(job.schedule.identity, claim)
                return
            except ConflictError:
                return  # our own, whose answer was lost; or a scheduler that took us for dead
            except BucketUnavailableError:
                await asyncio.sleep(_RETRY_S)

    async def _give_back(self, job: PlannedJob, claim: Cursor) -> None:
        try:
            await self._book.release(job.schedule.identity, claim, back_to=job.cursor)
        except (ConflictError, BucketUnavailableError) as error:
            _log.info("claim_not_released", why=str(error))  # the next round finds our own claim

    @staticmethod
    def _count(job: PlannedJob) -> None:
        metrics.jobs_published.labels(job.schedule.provider, job.schedule.feed, "due").inc()
        if job.skipped:
            metrics.slots_skipped.labels(job.schedule.provider).inc(job.skipped)
            _log.info("slots_skipped", provider=job.schedule.provider, account=job.schedule.target, slots=job.skipped)
