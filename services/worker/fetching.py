"""One job from delivery to acknowledgement: fetch, publish all that came, and only then acknowledge.

A crash anywhere before the acknowledgement repeats the fetch. Every event's id is made from what it
says, so the repetition costs a fetch and a second copy in the stream, and changes no number.
"""

import asyncio
import time

from holdfast.domain.time import Clock
from holdfast.events import FetchRequested
from holdfast.events.codec import UndecodableError, decode
from holdfast.messaging.delivery import Delivery
from holdfast.messaging.publishing import Publisher
from holdfast.observability import metrics
from holdfast.observability.logs import bound, logger
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import ProviderUnavailableError
from holdfast.providers.kit.exchange import Exchange, open_exchange
from services.worker.failing import FailureHandler
from services.worker.line import Line
from services.worker.registry import Registry
from services.worker.results import Run, fetched_events, finished_event, response_events

log = logger(__name__)


class UnknownFeedError(Exception):
    """A job for a feed that the provider does not have."""


class JobRunner:
    """Runs deliveries of one provider."""

    def __init__(
        self,
        line: Line,
        *,
        publisher: Publisher,
        registry: Registry,
        failures: FailureHandler,
        clock: Clock,
        payload_limit: int,
        fetch_deadline_s: float,
    ) -> None:
        self._line = line
        self._publisher = publisher
        self._registry = registry
        self._failures = failures
        self._clock = clock
        self._payload_limit = payload_limit
        self._fetch_deadline_s = fetch_deadline_s

    async def run(self, delivery: Delivery) -> None:
        """Ends the delivery in every case but one: cancelled, it is given back by the caller."""
        try:
            job = self._to_job(delivery)
        except UndecodableError as error:
            await self._failures.on_undecodable(delivery, error)
            return
        with bound(job=job.id, provider=job.provider, account=job.target, tenant=job.tenant):
            await self._run_job(delivery, job)

    def _to_job(self, delivery: Delivery) -> FetchRequested:
        job = decode(delivery.payload, FetchRequested)
        if job.provider != self._line.name:
            raise UndecodableError(f"a job of {job.provider} on a subject of {self._line.name}")
        return job

    async def _run_job(self, delivery: Delivery, job: FetchRequested) -> None:
        run = Run(job=job, attempt=delivery.attempt, started_at=self._clock.now())
        with open_exchange() as exchange:
            try:
                if why := await self._registry.why_obsolete(job):
                    log.info("job dropped as obsolete", reason=why)
                    metrics.fetches.labels(job.provider, self._feed_label(job), "obsolete").inc()
                else:
                    await self._fetch_and_publish(run, exchange)
            except Exception as error:  # noqa: BLE001 - the failure policy has a row for everything
                await self._failures.on_failed(delivery, run, exchange, error)
                return
        await delivery.ack()

    async def _fetch_and_publish(self, run: Run, exchange: Exchange) -> None:
        job, began = run.job, time.monotonic()
        fetched = await self._fetch(job)
        metrics.fetch_seconds.labels(job.provider, job.feed).observe(time.monotonic() - began)
        finished_at = self._clock.now()
        observed = fetched_events(
            run, fetched, finished_at=finished_at, limit_bytes=self._payload_limit, heard_at=exchange.heard_at
        )
        responses = response_events(run, exchange.responses, limit_bytes=self._payload_limit)
        finished = finished_event(
            run,
            fetched,
            finished_at=finished_at,
            requests=exchange.requests,
            response_bytes=exchange.response_bytes,
        )
        await self._publisher.publish_many([*responses, *observed])
        await self._publisher.publish(finished)
        self._line.on_done()
        metrics.fetches.labels(job.provider, job.feed, "finished").inc()
        log.info("fetched", snapshots=finished.snapshots, lines=finished.lines, requests=finished.requests)

    async def _fetch(self, job: FetchRequested) -> Fetched:
        feed = self._line.manifest.feed(job.feed)
        if feed is None:
            raise UnknownFeedError(f"{job.provider} has no feed {job.feed!r}")
        if job.window is not None and feed.history is None:
            raise UnknownFeedError(f"the feed {job.feed!r} of {job.provider} has no history")
        target = Target(
            feed=job.feed,
            target=job.target,
            scope=job.scope,
            spelling=self._registry.spelling(job),
            window=job.window,
        )
        try:
            async with asyncio.timeout(self._fetch_deadline_s) as deadline:
                return await self._line.provider.fetch(target)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ProviderUnavailableError(f"the fetch took longer than {self._fetch_deadline_s:g} s") from error

    def _feed_label(self, job: FetchRequested) -> str:
        """A bounded metric label, whatever the job says."""
        return job.feed if self._line.manifest.feed(job.feed) else "unknown"
