"""Carries out what the failure policy decides.

The order is always: what must last first (pause, dead letter, events), the message itself last. A
crash in between repeats the failure, under the same ids.
"""

import hashlib
import random

from holdfast.domain.time import Clock
from holdfast.events import AlertRaised, FetchFailed
from holdfast.events.event import Event
from holdfast.events.subjects import PUBLIC
from holdfast.messaging.bucket import BucketUnavailableError, JetStream
from holdfast.messaging.dead_letters import Death, bury
from holdfast.messaging.delivery import Delivery
from holdfast.messaging.failure_policy import Decision, decide, reason_of
from holdfast.messaging.publishing import Publisher, PublishError
from holdfast.observability import metrics
from holdfast.observability.logs import logger, redacted
from holdfast.providers.kit.errors import ProviderError, UnexpectedResponseError
from holdfast.providers.kit.exchange import Exchange
from services.worker.line import Line
from services.worker.registry import Registry
from services.worker.results import Run, response_events

log = logger(__name__)

_NATS_TROUBLE_S = 10.0
"""A job whose end could not be recorded comes back this late."""
_TEXT = 1000


class FailureHandler:
    """For one provider's line."""

    def __init__(
        self,
        line: Line,
        *,
        js: JetStream,
        publisher: Publisher,
        registry: Registry,
        clock: Clock,
        payload_limit: int,
    ) -> None:
        self._line = line
        self._js = js
        self._publisher = publisher
        self._registry = registry
        self._clock = clock
        self._payload_limit = payload_limit

    async def on_failed(self, delivery: Delivery, run: Run, exchange: Exchange, error: Exception) -> None:
        """Ends the delivery as the table says."""
        if isinstance(error, PublishError | BucketUnavailableError):
            # Not the provider's failure, nor the job's: what came could not be handed on.
            log.error("could not record, the job will come again", error=str(error))
            await delivery.give_back(delay_s=_NATS_TROUBLE_S)
            return
        decision = decide(error, attempt=run.attempt, now=self._clock.now(), spread=random.random())  # noqa: S311
        self._log(decision, error)
        try:
            await self._record(delivery, run, exchange, error, decision)
        except (PublishError, BucketUnavailableError) as trouble:
            log.error("could not record a failure, the job will come again", error=str(trouble))
            await delivery.give_back(delay_s=_NATS_TROUBLE_S)
            return
        metrics.fetches.labels(run.job.provider, run.job.feed, decision.outcome).inc()
        await self._end(delivery, decision)

    async def on_undecodable(self, delivery: Delivery, error: Exception) -> None:
        """Not a job at all: it can only be buried."""
        decision = decide(error, attempt=delivery.attempt, now=self._clock.now())
        self._log(decision, error)
        try:
            await bury(self._js, self._death(delivery, decision, error, None), delivery.payload)
            await self._apply(decision)
        except PublishError as trouble:
            log.error("could not bury, the message will come again", error=str(trouble))
            await delivery.give_back(delay_s=_NATS_TROUBLE_S)
            return
        await self._end(delivery, decision)

    async def _record(
        self, delivery: Delivery, run: Run, exchange: Exchange, error: Exception, decision: Decision
    ) -> None:
        if decision.outcome == "paused":
            await self._registry.pause(run.job, f"{decision.reason}: {_text(error)}")
        if decision.outcome == "dead_lettered":
            responses = response_events(run, exchange.responses, limit_bytes=self._payload_limit)
            await self._publisher.publish_many(responses)
            await bury(self._js, self._death(delivery, decision, error, exchange), delivery.payload)
        await self._publisher.publish(self._failed(run, decision, error))
        if decision.alert == "account_paused":
            await self._publisher.publish(self._paused_alert(run, decision, error))
        await self._apply(decision, error)

    async def _apply(self, decision: Decision, error: Exception | None = None) -> None:
        """What the failure means for the provider's other jobs."""
        if decision.unavailable:
            self._line.on_unavailable()
        elif decision.outcome == "retry":
            self._line.on_rate_limited(decision.delay_s)
        elif decision.outcome == "stopped":
            await self._stop("provider_stopped", f"{decision.reason}: {_text(error)}")
        elif decision.our_bug:
            if self._line.on_bug():
                await self._stop("poison_flood", f"too many jobs in a row died, the last of {decision.reason}")
        else:
            self._line.on_answer()

    async def _stop(self, kind: str, why: str) -> None:
        if self._line.stop(why):
            await self._publisher.publish(
                self._alert(kind, PUBLIC, self._line.name, why, self._clock.now().isoformat())
            )

    async def _end(self, delivery: Delivery, decision: Decision) -> None:
        if decision.again:
            await delivery.give_back(delay_s=decision.delay_s)
        else:
            await delivery.ack()

    def _death(self, delivery: Delivery, decision: Decision, error: Exception, exchange: Exchange | None) -> Death:
        last = exchange.responses[-1] if exchange and exchange.responses else None
        unexpected = error if isinstance(error, UnexpectedResponseError) else None
        return Death(
            reason=decision.reason,
            message=_text(error),
            stream=delivery.stream,
            consumer=delivery.consumer,
            sequence=delivery.sequence,
            subject=delivery.subject,
            died_at=self._clock.now(),
            deliveries=delivery.attempt,
            headers=delivery.headers,
            excerpt=unexpected.excerpt if unexpected else "",
            status=(unexpected.status if unexpected else None) or (last.status if last else None),
            sha256=(unexpected.sha256 if unexpected else "") or (last.sha256 if last else ""),
        )

    def _failed(self, run: Run, decision: Decision, error: Exception) -> FetchFailed:
        job = run.job
        return FetchFailed(
            id=_id("failed", job.id, str(run.attempt)),
            tenant=job.tenant,
            job_id=job.id,
            provider=job.provider,
            feed=job.feed,
            target=job.target,
            scope=job.scope,
            slot=job.slot,
            lane=job.lane,
            started_at=run.started_at,
            finished_at=self._clock.now(),
            attempts=run.attempt,
            error=decision.reason,
            message=_text(error),
            outcome=decision.outcome,
            retry_at=decision.retry_at,
            window=job.window,
        )

    def _paused_alert(self, run: Run, decision: Decision, error: Exception) -> Event:
        job = run.job
        subject = f"{job.tenant}/{job.provider}/{job.target}/{job.scope}"
        return self._alert("account_paused", job.tenant, subject, f"{decision.reason}: {_text(error)}", job.id)

    def _alert(self, kind: str, tenant: str, subject: str, message: str, occasion: str) -> AlertRaised:
        return AlertRaised(
            id=_id("alert", kind, tenant, subject, occasion),
            tenant=tenant,
            kind=kind,  # type: ignore[arg-type]
            subject=subject,
            message=message,
            raised_at=self._clock.now(),
        )

    def _log(self, decision: Decision, error: Exception) -> None:
        fields = {"outcome": decision.outcome, "reason": decision.reason, "delay_s": round(decision.delay_s, 1)}
        if decision.our_bug:
            log.error("job failed by our own fault", error=_text(error), exc_info=error, **fields)
        else:
            log.warning("fetch failed", error=_text(error), **fields)


def _text(error: Exception | None) -> str:
    """An error's text that may be stored. A bug's own text may quote anything, so it is redacted and cut."""
    if error is None:
        return ""
    text = redacted(str(error))[:_TEXT]
    return text if isinstance(error, ProviderError) else f"{reason_of(error)}: {text}"


def _id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
