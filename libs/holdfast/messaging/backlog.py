"""How much is still to be done: jobs by the workers, events by the aggregator."""

from collections import Counter

import nats.errors
from nats.js.errors import APIError

from holdfast.domain.jobs import Lane
from holdfast.messaging.bucket import JetStream
from holdfast.messaging.declarations import EVENTS, JOBS, consumer_named


class BacklogUnavailableError(Exception):
    """NATS does not say."""


async def jobs_outstanding(js: JetStream, lane: Lane) -> Counter[str]:
    """Jobs of a lane that are not acknowledged yet, by provider. Raises BacklogUnavailableError."""
    try:
        info = await js.stream_info(JOBS, subjects_filter=f"jobs.{lane}.>")
    except (APIError, nats.errors.Error, TimeoutError) as error:
        raise BacklogUnavailableError(str(error) or type(error).__name__) from error
    outstanding: Counter[str] = Counter()
    for subject, messages in (info.state.subjects or {}).items():
        outstanding[subject.split(".")[2]] += messages
    return outstanding


async def events_outstanding(js: JetStream) -> int:
    """Events that the aggregator has not acknowledged yet. Raises BacklogUnavailableError."""
    try:
        info = await js.consumer_info(EVENTS, consumer_named("aggregator").name)
    except (APIError, nats.errors.Error, TimeoutError) as error:
        raise BacklogUnavailableError(str(error) or type(error).__name__) from error
    return (info.num_pending or 0) + (info.num_ack_pending or 0)
