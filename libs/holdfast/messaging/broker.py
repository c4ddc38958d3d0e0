"""A FastStream broker without the defaults that lose messages.

- Every subscriber acknowledges by hand: the default policy deletes a job whose handler raises.
- Payloads stay bytes: decoding happens in the handler, where one bad message is one dead letter.
- Streams and consumers are bound, never declared: FastStream overwrites an operator's settings.
- It connects as `connection.connect` does; FastStream's "unrecoverable" errors leave a silent zombie.

FastStream's Prometheus middleware is not used: its labels hold subjects, and ours are bounded.
"""

from typing import Any

import faststream.nats.broker.broker as faststream_broker
import nats.errors
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.security import SASLPlaintext

from holdfast.messaging.connection import Connection, ConnectionEvents, OnTrouble, connection_options
from holdfast.messaging.declarations import ConsumerDeclaration
from holdfast.settings.shared import NatsSettings

# After one refused reconnect ("authorization violation" while a server restarts) FastStream would
# never try again, the process alive and deaf. There is no setting for it.
faststream_broker.UNRECOVERABLE_CONNECT_ERRORS = ()  # type: ignore[assignment]

PULL_S = 5.0


class Broker(NatsBroker):
    """Connect with `open()`, which gives the connection to publish with; end with `close()`."""

    def __init__(self, settings: NatsSettings, *, name: str, grace_s: float, on_trouble: OnTrouble | None) -> None:
        self._events = ConnectionEvents(name, on_trouble)
        self._payload_limit = settings.max_payload_bytes
        options: dict[str, Any] = connection_options(settings, name=name)
        if settings.user:
            options["security"] = SASLPlaintext(username=settings.user, password=settings.password.reveal())
        super().__init__(
            settings.url,
            error_cb=self._events.on_error,
            disconnected_cb=self._events.on_disconnected,
            reconnected_cb=self._events.on_reconnected,
            closed_cb=self._events.on_closed,
            ack_policy=AckPolicy.MANUAL,
            decoder=_raw,
            graceful_timeout=grace_s,
            logger=None,
            serializer=None,
            **options,
        )

    async def open(self) -> Connection:
        """Connect, waiting for NATS as long as it takes; starts no subscriber yet."""
        await self.connect()
        self._events.connection = Connection(self.connection, max_payload_bytes=self._payload_limit)
        return self._events.connection

    async def close(self) -> None:
        """Stop what still runs and disconnect, without ending the process."""
        self._events.closing = True
        try:
            await self.stop()
        except (nats.errors.Error, TimeoutError):  # it cannot drain while NATS is away
            await self.connection.close()


def build_broker(
    settings: NatsSettings, *, name: str, grace_s: float = 15.0, on_trouble: OnTrouble | None = None
) -> Broker:
    return Broker(settings, name=name, grace_s=grace_s, on_trouble=on_trouble)


def subscription_options(consumer: ConsumerDeclaration) -> dict[str, Any]:
    """For `broker.subscriber(**…)`: binds an existing durable and takes one message at a time from it."""
    return {
        "subject": consumer.filters[0],
        "stream": JStream(consumer.stream, declare=False),
        "durable": consumer.name,
        "pull_sub": PullSub(batch_size=1, timeout=PULL_S),
        "ack_policy": AckPolicy.MANUAL,
    }


async def _raw(message: NatsMessage) -> bytes:
    return message.body
