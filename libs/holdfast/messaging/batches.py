"""Big batches from a durable consumer, straight on nats-py.

Not FastStream's batch subscriber: it rejects a whole batch for one bad message, drops the collected
part when a fetch ends in a bare `TimeoutError`, and cannot wait for the server to confirm an
acknowledgement. Here a batch is what came until one of three limits was reached; it is kept alive
while it is worked on, and acknowledged with the server's confirmation or given back whole.

    async for batch in consumer:
        ...store...
        await batch.ack()
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import nats.errors
from msgspec import Struct
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError, ServiceUnavailableError

from holdfast.messaging.declarations import ConsumerDeclaration
from holdfast.observability.logs import logger

log = logger(__name__)

IDLE_S = 1.0
"""A fetch on an empty stream lasts this long: what a graceful stop waits for."""
_CHUNK_MESSAGES, _CHUNK_BYTES = 500, 32 * 1024 * 1024
_ACKS_AT_ONCE = 200
_ACK_DEADLINE_S, _ACK_TRY_S = 10.0, 2.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ConsumerGoneError(Exception):
    """The durable consumer or its stream does not exist any more: start anew, after `holdfast migrate`."""


class UnconfirmedAckError(TimeoutError):
    """Whatever was not confirmed may come again, so what was done must bear repetition."""


class BatchLimits(Struct, frozen=True, kw_only=True):
    """A batch is complete at the first of these."""

    messages: int = 2000
    bytes: int = 32 * 1024 * 1024
    wait_s: float = 0.25
    """After its first message."""


class Received(Struct, frozen=True):
    """One message, not decoded: each is validated alone."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes
    sequence: int
    """In the stream: grows, never repeats for another message."""
    deliveries: int
    recorded_at: datetime
    """The stream's own time of the message."""
    raw: Msg


class Batch:
    """Messages in hand. Exactly one of `ack` and `give_back` ends it; else the server repeats it after its AckWait."""

    def __init__(self, messages: Sequence[Received], *, ack_wait_s: float) -> None:
        self.messages = tuple(messages)
        self._alive = asyncio.create_task(self._stay_alive(ack_wait_s / 3), name="batch-in-progress")

    def __len__(self) -> int:
        return len(self.messages)

    async def ack(self) -> None:
        """Acknowledge all, confirmed by the server.

        Confirmed is not yet on its disk: a server killed in the same moment delivers the last ones again.
        Raises UnconfirmedAckError when it does not answer.
        """
        await self._end()
        for start in range(0, len(self.messages), _ACKS_AT_ONCE):
            some = self.messages[start : start + _ACKS_AT_ONCE]
            try:
                await asyncio.gather(*(_ack(message.raw) for message in some))
            except (nats.errors.Error, TimeoutError) as error:
                raise UnconfirmedAckError(str(error) or type(error).__name__) from error

    async def give_back(self, *, delay_s: float = 0.0) -> None:
        """Hand all back to be delivered again, to anyone, after `delay_s`."""
        await self._end()
        for message in self.messages:
            with contextlib.suppress(nats.errors.Error):
                await message.raw.nak(delay=delay_s or None)

    async def _stay_alive(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            with contextlib.suppress(nats.errors.Error):
                for message in self.messages:
                    await message.raw.in_progress()

    async def _end(self) -> None:
        self._alive.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._alive


class BatchConsumer:
    """Iterate it for batches; `stop()` ends the iteration and gives back what was not yet handed out."""

    def __init__(
        self, js: JetStreamContext, consumer: ConsumerDeclaration, *, limits: BatchLimits | None = None
    ) -> None:
        self._js = js
        self._consumer = consumer
        self._limits = limits or BatchLimits()
        self._stopping = asyncio.Event()
        self._average_bytes = 16_384.0

    def stop(self) -> None:
        self._stopping.set()

    async def __aiter__(self) -> AsyncIterator[Batch]:
        """Raises ConsumerGoneError. While NATS is away it waits."""
        subscription = await self._js.pull_subscribe_bind(consumer=self._consumer.name, stream=self._consumer.stream)
        try:
            while not self._stopping.is_set():
                messages = await self._collect(subscription)
                if not messages:
                    continue
                batch = Batch(messages, ack_wait_s=self._consumer.ack_wait_s)
                if self._stopping.is_set():
                    await batch.give_back()
                    return
                yield batch
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _collect(self, subscription: JetStreamContext.PullSubscription) -> list[Received]:
        messages = await self._fetch(subscription, IDLE_S, room=self._limits.bytes, count=self._limits.messages)
        until = time.monotonic() + self._limits.wait_s
        size = sum(len(message.payload) for message in messages)
        while messages and not self._stopping.is_set():
            left_s = until - time.monotonic()
            count, room = self._limits.messages - len(messages), self._limits.bytes - size
            if left_s <= 0.005 or count <= 0 or room <= 0:
                break
            more = await self._fetch(subscription, left_s, room=room, count=count)
            size += sum(len(message.payload) for message in more)
            messages += more
        return messages

    async def _fetch(
        self, subscription: JetStreamContext.PullSubscription, timeout_s: float, *, room: int, count: int
    ) -> list[Received]:
        """What is there, up to `count` messages of about `room` bytes; waits for the first one only."""
        wanted = max(1, min(count, _CHUNK_MESSAGES, int(min(room, _CHUNK_BYTES) / self._average_bytes)))
        try:
            fetched = await subscription.fetch(wanted, timeout=timeout_s)
        except TimeoutError:
            # The client raises its own subclass, and in a corner the bare one: both mean "nothing now".
            return []
        except ServiceUnavailableError as error:
            await self._check_consumer(error)
            return []
        except nats.errors.Error as error:
            log.warning("fetch failed", consumer=self._consumer.name, error=str(error))
            await asyncio.sleep(0.5)
            return []
        for message in fetched:
            self._average_bytes += (max(len(message.data), 256) - self._average_bytes) / 64
        return [_received(message) for message in fetched]

    async def _check_consumer(self, cause: Exception) -> None:
        """Nobody answered the pull: the consumer is gone, or the server is just starting."""
        try:
            await self._js.consumer_info(self._consumer.stream, self._consumer.name)
        except NotFoundError:
            raise ConsumerGoneError(
                f"consumer {self._consumer.name} on {self._consumer.stream} does not exist: run `holdfast migrate`"
            ) from cause
        except (nats.errors.Error, TimeoutError) as error:
            log.warning("jetstream does not answer", consumer=self._consumer.name, error=str(error))
        await asyncio.sleep(0.5)


async def _ack(message: Msg) -> None:
    """Until the server confirms: one that has just started drops acknowledgements until it knows its consumers."""
    deadline = time.monotonic() + _ACK_DEADLINE_S
    while True:
        try:
            await message.ack_sync(timeout=_ACK_TRY_S)
        except (TimeoutError, nats.errors.NoRespondersError):
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def _received(message: Msg) -> Received:
    metadata = message.metadata
    return Received(
        message.subject,
        message.headers or _NO_HEADERS,
        message.data,
        metadata.sequence.stream,
        metadata.num_delivered or 1,
        metadata.timestamp,
        message,
    )
