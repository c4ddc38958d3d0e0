"""Reading along: events as they come, or from an instant on, without a durable consumer and without acknowledging.

For people and dashboards. A service that must not miss one uses a durable consumer of its own
(docs/subscribing.md).
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import nats.errors
from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from holdfast.events.catalog import EventType, event_type_of
from holdfast.events.codec import UndecodableError, decode
from holdfast.events.event import Event

_FORGOTTEN_AFTER_S = 60.0


class Seen(Struct, frozen=True, kw_only=True):
    """A message as it passed. `event` is None where it could not be read."""

    subject: str
    sequence: int
    stored_at: datetime
    event: Event | None


async def follow(
    js: JetStreamContext, stream: str, subjects: Sequence[str], *, since: datetime | None = None
) -> AsyncIterator[Seen]:
    """Messages of one stream in its order; without `since` only what comes from now on. Ends when it is closed."""
    config = ConsumerConfig(
        filter_subjects=list(subjects),
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.NEW if since is None else DeliverPolicy.BY_START_TIME,
        opt_start_time=since,
        inactive_threshold=_FORGOTTEN_AFTER_S,
        mem_storage=True,
    )
    info = await js.add_consumer(stream, config)
    subscription = await js.pull_subscribe_bind(consumer=info.name, stream=stream)
    try:
        while True:
            try:
                messages = await subscription.fetch(100, timeout=1)
            except (nats.errors.TimeoutError, TimeoutError):
                continue
            for message in messages:
                metadata = message.metadata
                yield Seen(
                    subject=message.subject,
                    sequence=metadata.sequence.stream,
                    stored_at=metadata.timestamp,
                    event=_read(event_type_of(message.subject), message.data),
                )
    finally:
        await subscription.unsubscribe()


def _read(kind: EventType | None, data: bytes) -> Event | None:
    try:
        return decode(data, kind.struct) if kind else None
    except UndecodableError:
        return None
