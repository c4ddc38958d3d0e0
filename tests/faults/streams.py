"""Everything that a stream keeps: the log of what was really stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from holdfast.events import event_type_of
from holdfast.events.codec import decode
from holdfast.events.event import Event


class Kept(Struct, frozen=True):
    """A message as the stream keeps it."""

    sequence: int
    subject: str
    payload: bytes
    recorded_at: datetime
    headers: Mapping[str, str]

    @property
    def event(self) -> Event:
        """Raises UndecodableError for one that is none."""
        kind = event_type_of(self.subject)
        assert kind is not None, self.subject
        return decode(self.payload, kind.struct)


async def read_stream(js: JetStreamContext, name: str) -> list[Kept]:
    """All messages, oldest first. Nothing may be publishing meanwhile."""
    expected = (await js.stream_info(name)).state.messages
    if not expected:
        return []
    reader = await js.pull_subscribe(">", stream=name, config=ConsumerConfig(ack_policy=AckPolicy.NONE))
    kept: list[Kept] = []
    while len(kept) < expected:
        kept += [_kept(message) for message in await reader.fetch(min(500, expected - len(kept)), timeout=10)]
    await reader.unsubscribe()
    return kept


def events(kept: Sequence[Kept], kind: type[Event]) -> list[Any]:
    return [one.event for one in kept if isinstance(one.event, kind)]


def _kept(message: Any) -> Kept:
    metadata = message.metadata
    return Kept(metadata.sequence.stream, message.subject, message.data, metadata.timestamp, message.headers or {})
