"""From a durable consumer into the warehouse, batch after batch, effectively once.

A batch is prepared while the one before is being stored. It is acknowledged, with the server's
confirmation, only after everything that follows from it is stored and published; a crash at any
point before repeats it, which changes nothing.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import nats.errors
from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.messaging.batches import Batch, BatchConsumer, Received
from holdfast.messaging.connection import Connection
from holdfast.messaging.dead_letters import Death, bury
from holdfast.messaging.declarations import ConsumerDeclaration
from holdfast.messaging.publishing import PublishError
from holdfast.observability import metrics
from holdfast.observability.health import Health
from holdfast.observability.logs import logger
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable
from services.aggregator.batch import Rejected

log = logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0

_OTHER_TABLES = frozenset({16, 47, 60, 81})
"""ClickHouse's codes for a column, identifier, table or database that is not there: never a message's own fault."""


class Item(Protocol):
    """A valid message in whatever form; its sequence says which message it was."""

    @property
    def sequence(self) -> int: ...


ItemT = TypeVar("ItemT", bound=Item)
WorkT = TypeVar("WorkT")


class Line(Protocol[ItemT, WorkT]):
    """What one stream's messages go through."""

    def validate(self, messages: Sequence[Received]) -> tuple[list[ItemT], list[Rejected]]: ...

    def prepare(self, items: Sequence[ItemT]) -> WorkT:
        """Pure: everything that needs no warehouse."""
        ...

    async def store(self, work: WorkT) -> None:
        """May raise WarehouseUnavailable and PublishError (tried again) or WarehouseError (divided)."""
        ...


class PoisonFloodError(Exception):
    """Nothing but messages that cannot be stored: more likely our bug than theirs."""


class _Prepared(Struct, Generic[ItemT, WorkT]):
    batch: Batch
    items: list[ItemT]
    rejected: list[Rejected]
    work: WorkT


class Intake(Generic[ItemT, WorkT]):
    """One consumer's way in. `run()` until `stop()`; the batch in hand is finished first."""

    def __init__(
        self,
        connection: Connection,
        declaration: ConsumerDeclaration,
        line: Line[ItemT, WorkT],
        consumer: BatchConsumer,
        *,
        clock: Clock,
        health: Health,
        most_dead_in_a_row: int,
    ) -> None:
        self._js = connection.js
        self._declaration = declaration
        self._line = line
        self._consumer = consumer
        self._clock = clock
        self._health = health
        self._most_dead = most_dead_in_a_row
        self._dead_in_a_row = 0
        self._stopping = False

    @property
    def name(self) -> str:
        return self._declaration.name

    def stop(self) -> None:
        self._stopping = True
        self._consumer.stop()

    async def run(self) -> None:
        """Raises ConsumerGoneError, or PoisonFloodError with everything not yet handled left in the stream."""
        storing: asyncio.Task[None] | None = None
        try:
            async for batch in self._consumer:
                prepared = await self._prepare(batch)
                if storing is not None:
                    await storing
                storing = asyncio.create_task(self._finish(prepared), name=f"{self.name}-store")
        finally:
            if storing is not None:
                await storing

    async def _prepare(self, batch: Batch) -> _Prepared[ItemT, WorkT]:
        items, rejected = self._line.validate(batch.messages)
        await asyncio.sleep(0)  # pings and the batch in hand come first
        return _Prepared(batch, items, rejected, self._line.prepare(items))

    async def _finish(self, prepared: _Prepared[ItemT, WorkT]) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._store(prepared)
                await self._bury(prepared.batch, prepared.rejected)
                await prepared.batch.ack()
            except (WarehouseUnavailable, PublishError) as error:
                self._health.waiting(self.name, str(error)[:200])
                log.warning("batch will be tried again", consumer=self.name, error=str(error)[:500], pause_s=pause_s)
            except (nats.errors.Error, TimeoutError) as error:
                log.warning("acknowledgement not confirmed: the batch may come again", error=str(error))
                return
            else:
                self._health.satisfied(self.name)
                self._health.beat()
                metrics.batch_messages.observe(len(prepared.batch))
                return
            if self._stopping:
                await prepared.batch.give_back()
                return
            self._health.beat()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _store(self, prepared: _Prepared[ItemT, WorkT]) -> None:
        try:
            await self._line.store(prepared.work)
        except WarehouseError as error:
            _raise_passing(error)
            log.warning("a batch was refused; looking for the message", consumer=self.name, error=str(error)[:500])
            prepared.rejected += await self._divide(prepared.items)
        if len(prepared.rejected) < len(prepared.batch):
            self._dead_in_a_row = 0

    async def _divide(self, items: Sequence[ItemT]) -> list[Rejected]:
        """Store what the engine takes; returns what it refuses even alone."""
        try:
            await self._line.store(self._line.prepare(items))
        except WarehouseError as error:
            _raise_passing(error)
            if len(items) == 1:
                return [Rejected(sequence=items[0].sequence, reason="WarehouseRefused", message=str(error))]
            middle = len(items) // 2
            return [*await self._divide(items[:middle]), *await self._divide(items[middle:])]
        return []

    async def _bury(self, batch: Batch, rejected: Sequence[Rejected]) -> None:
        messages = {message.sequence: message for message in batch.messages}
        for one in rejected:
            if self._dead_in_a_row >= self._most_dead:
                await batch.give_back(delay_s=30)
                raise PoisonFloodError(f"{self.name}: {self._dead_in_a_row} in a row, the last: {one.message}")
            message = messages[one.sequence]
            await bury(self._js, _death(one, message, self._declaration, self._clock.now()), message.payload)
            log.warning("message set aside", consumer=self.name, sequence=one.sequence, reason=one.reason)
            self._dead_in_a_row += 1


def _raise_passing(error: WarehouseError) -> None:
    """For what no message is to blame for: an outage, or tables of another version, until they are migrated."""
    if isinstance(error, WarehouseUnavailable):
        raise error
    if error.code in _OTHER_TABLES:
        raise WarehouseUnavailable(
            f"the tables are not those of this version, run `holdfast migrate`: {error}", code=error.code
        ) from error


def _death(rejected: Rejected, message: Received, consumer: ConsumerDeclaration, now: datetime) -> Death:
    return Death(
        reason=rejected.reason,
        message=rejected.message,
        stream=consumer.stream,
        consumer=consumer.name,
        sequence=message.sequence,
        subject=message.subject,
        died_at=now,
        deliveries=message.deliveries,
        headers=dict(message.headers),
    )


async def run_all(intakes: Sequence[Intake], health: Health) -> None:  # type: ignore[type-arg]
    """All streams at once. One that is flooded with poison is left alone; the others go on."""

    async def run(intake: Intake) -> None:  # type: ignore[type-arg]
        try:
            await intake.run()
        except PoisonFloodError as error:
            health.waiting(intake.name, str(error)[:300])
            log.critical("poison flood: this stream is left alone", consumer=intake.name, error=str(error)[:500])

    tasks = [asyncio.create_task(run(intake), name=intake.name) for intake in intakes]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
