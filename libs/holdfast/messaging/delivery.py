"""A job in hand: kept alive while it waits or works, and ended exactly once.

A delivery that ends nowhere (a crash, NATS away at the wrong moment) comes again after AckWait.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import nats.errors
from faststream.nats import NatsMessage

from holdfast.observability.logs import logger

log = logger(__name__)


class Delivery:
    """One delivery of one message. `async with` keeps it from being delivered to somebody else."""

    def __init__(self, message: NatsMessage, *, ack_wait_s: float) -> None:
        metadata = message.raw_message.metadata
        self.message = message
        self.payload = bytes(message.body)
        self.subject = message.raw_message.subject
        self.headers = dict(message.raw_message.headers or {})
        self.sequence = metadata.sequence.stream
        self.attempt = metadata.num_delivered or 1
        self.stream = metadata.stream
        self.consumer = metadata.consumer
        self._ack_wait_s = ack_wait_s
        self._alive: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Delivery":
        self._alive = asyncio.create_task(self._stay_alive(), name="in-progress")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._alive is not None:
            self._alive.cancel()

    async def ack(self) -> None:
        """Done. Confirmed by the server, so that a crash now does not repeat the fetch."""
        with _logged("ack", self.sequence):
            await self.message.raw_message.ack_sync(timeout=5)

    async def give_back(self, *, delay_s: float = 0.0) -> None:
        """Again, by anyone, after `delay_s`."""
        with _logged("nak", self.sequence):
            await self.message.nack(delay=delay_s or None)

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            with contextlib.suppress(nats.errors.Error):
                await self.message.in_progress()


@contextlib.contextmanager
def _logged(what: str, sequence: int) -> Iterator[None]:
    try:
        yield
    except (nats.errors.Error, TimeoutError) as error:
        log.warning("not confirmed, the job will come again", action=what, sequence=sequence, error=str(error))
