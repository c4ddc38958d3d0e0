"""Publishing events so that each is stored, once, whatever the answer got lost.

A publish that timed out is unknown: usually it *was* stored. So it is repeated under the same
`Nats-Msg-Id` until the server says "stored" (or "stored already") or a deadline passes. The server
remembers ids for `DEDUPE_WINDOW_S`, longer than any deadline here.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence

import nats.errors
from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import APIError, NoStreamResponseError, ServerError, ServiceUnavailableError

from holdfast.domain.time import Clock
from holdfast.events import event_type
from holdfast.events.codec import encode
from holdfast.events.event import Event
from holdfast.events.headers import headers_of
from holdfast.observability import metrics

ATTEMPT_S = 5.0
DEADLINE_S = 60.0
PIPELINE = 256
"""Publishes in flight at once: enough to hide the round trip, few enough to fit the client's buffer."""

_FULL = frozenset({10077, 10047, 10023})
"""JetStream's codes for "maximum messages/bytes exceeded" and "insufficient resources"."""
_RETRIED = (
    TimeoutError,  # the client's own are subclasses
    nats.errors.OutboundBufferLimitError,
    nats.errors.StaleConnectionError,
    nats.errors.ConnectionReconnectingError,
    NoStreamResponseError,  # no stream listens: also what a server says that is still starting
    ServiceUnavailableError,
    ServerError,
)


class PublishError(Exception):
    """A message is not known to be stored."""


class PublishUnconfirmedError(PublishError):
    """The deadline passed without an answer: the message may or may not be stored. Repeat it under the same id."""


class PublishRefusedError(PublishError):
    """The server said no (the stream is full, the payload too large): the message is not stored."""


class Stored(Struct, frozen=True, kw_only=True):
    stream: str
    sequence: int
    duplicate: bool
    """The server had this id already: an earlier try, or another process, had stored it."""


class Message(Struct, frozen=True, kw_only=True):
    """What goes over the wire. `headers` must carry `Nats-Msg-Id`."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes


class Publisher:
    """Publishes events in the name of one service. Safe to use from many tasks."""

    def __init__(self, js: JetStreamContext, *, producer: str, clock: Clock, deadline_s: float = DEADLINE_S) -> None:
        self._js = js
        self._producer = producer
        self._clock = clock
        self._deadline_s = deadline_s

    async def publish(self, event: Event) -> Stored:
        """Store one event. Raises PublishRefusedError or PublishUnconfirmedError; nothing is retried after either."""
        stored = await publish_message(self._js, self._message(event), deadline_s=self._deadline_s)
        metrics.events_published.labels(event_type(type(event)).name).inc()
        return stored

    async def publish_many(self, events: Iterable[Event]) -> list[Stored]:
        """Store events, pipelined. The first that is refused or unconfirmed raises; others may be stored."""
        stored: list[Stored] = []
        iterator = iter(events)
        while chunk := list(itertools.islice(iterator, PIPELINE)):
            stored += await self._publish_chunk(chunk)
        return stored

    async def _publish_chunk(self, events: Sequence[Event]) -> list[Stored]:
        messages = [self._message(event) for event in events]
        outcomes = await _send_together(self._js, messages)
        stored = []
        for event, message, outcome in zip(events, messages, outcomes, strict=True):
            if outcome is None:
                outcome = await publish_message(self._js, message, deadline_s=self._deadline_s)  # noqa: PLW2901
            stored.append(outcome)
            metrics.events_published.labels(event_type(type(event)).name).inc()
        return stored

    def _message(self, event: Event) -> Message:
        return Message(
            subject=event_type(type(event)).subject_of(event),
            headers=headers_of(event, producer=self._producer, now=self._clock.now()),
            payload=encode(event),
        )


async def publish_message(js: JetStreamContext, message: Message, *, deadline_s: float = DEADLINE_S) -> Stored:
    """Store one message, repeating an unknown outcome under its id until `deadline_s` have passed."""
    deadline = time.monotonic() + deadline_s
    pause_s = 0.05
    while True:
        left_s = deadline - time.monotonic()
        try:
            return await _attempt(js, message, timeout_s=max(0.1, min(ATTEMPT_S, left_s)))
        except _RETRIED as error:
            if _is_full(error) or time.monotonic() + pause_s >= deadline:
                raise _final(message, error, deadline_s) from error
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, 2.0)


async def _attempt(js: JetStreamContext, message: Message, *, timeout_s: float) -> Stored:
    try:
        # A copy: the client adds headers of its own to the mapping it is given.
        ack = await js.publish(message.subject, message.payload, timeout=timeout_s, headers=dict(message.headers))
    except nats.errors.MaxPayloadError as error:
        raise PublishRefusedError(
            f"{message.subject}: {len(message.payload)} bytes are over the payload limit"
        ) from error
    except APIError as error:
        if isinstance(error, _RETRIED) and not _is_full(error):
            raise
        raise _refused(message, error) from error
    return _stored(ack)


async def _send_together(js: JetStreamContext, messages: Sequence[Message]) -> list[Stored | None]:
    """One pipelined try of each; None is an unknown or transient outcome, to be repeated alone."""
    futures = [await _send(js, message) for message in messages]
    answers = await asyncio.gather(*(_answer(future) for future in futures))
    for message, answer in zip(messages, answers, strict=True):
        if isinstance(answer, APIError):
            raise _refused(message, answer)
    return [answer if isinstance(answer, Stored) else None for answer in answers]


async def _send(js: JetStreamContext, message: Message) -> Awaitable[PubAck] | None:
    try:
        return await js.publish_async(
            message.subject, message.payload, wait_stall=ATTEMPT_S, headers=dict(message.headers)
        )
    except nats.errors.MaxPayloadError as error:
        raise PublishRefusedError(
            f"{message.subject}: {len(message.payload)} bytes are over the payload limit"
        ) from error
    except (nats.errors.Error, TimeoutError):
        return None


async def _answer(future: Awaitable[PubAck] | None) -> Stored | APIError | None:
    if future is None:
        return None
    try:
        return _stored(await asyncio.wait_for(future, ATTEMPT_S))
    except _RETRIED as error:
        return error if isinstance(error, APIError) and _is_full(error) else None
    except APIError as error:
        return error


def _stored(ack: PubAck) -> Stored:
    return Stored(stream=ack.stream, sequence=ack.seq, duplicate=bool(ack.duplicate))


def _is_full(error: BaseException) -> bool:
    return isinstance(error, APIError) and error.err_code in _FULL


def _refused(message: Message, error: APIError) -> PublishRefusedError:
    return PublishRefusedError(f"{message.subject}: refused by the server: {error.description} (code {error.err_code})")


def _final(message: Message, error: BaseException, deadline_s: float) -> PublishError:
    if isinstance(error, APIError) and _is_full(error):
        return _refused(message, error)
    return PublishUnconfirmedError(f"{message.subject}: not confirmed within {deadline_s:g} s: {error}")
