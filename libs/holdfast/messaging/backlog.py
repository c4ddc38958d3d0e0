"""How many jobs wait in the stream or are in hand."""

from collections import Counter

import nats.errors
from nats.js.errors import APIError

from holdfast.domain.jobs import Lane
from holdfast.messaging.bucket import JetStream
from holdfast.messaging.declarations import JOBS


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
