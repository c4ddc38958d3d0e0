"""From a durable consumer into the warehouse, group after group of batches, effectively once.

A batch is prepared while the one before is being inserted. What follows from batches is worked out
once for a group of them, because under a backlog they touch the same portfolios; meanwhile the next
group is inserted. With nothing more waiting a group is a single batch, settled at once. A batch is
acknowledged, with the server's confirmation, only after everything that follows from its group is
stored and published; a crash at any point before repeats it, which changes nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.messaging.batches import Batch, BatchConsumer, Received, UnconfirmedAckError
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
    """What one stream's messages go through. Both steps may raise WarehouseUnavailable and PublishError (tried
    again) or WarehouseError (the messages are tried by halves), and bear repetition."""

    def validate(self, messages: Sequence[Received]) -> tuple[list[ItemT], list[Rejected]]: ...

    def prepare(self, items: Sequence[ItemT]) -> WorkT:
        """Pure: everything that needs no warehouse."""
        ...

    async def insert(self, work: WorkT) -> None:
        """Store what the messages say."""
        ...

    async def settle(self, works: Sequence[WorkT]) -> None:
        """Store and tell what follows from all that was inserted."""
        ...


class PoisonFloodError(Exception):
    """Nothing but messages that cannot be stored: more likely our bug than theirs."""


class GroupLimits(Struct, frozen=True, kw_only=True):
    """While more is waiting, a group of batches is closed at the first of these; else at once."""

    messages: int = 5000
    wait_s: float = 2.0
    """After its first batch was inserted."""


class _Prepared(Struct, Generic[ItemT, WorkT]):
    batch: Batch
    items: list[ItemT]
    rejected: list[Rejected]
    work: WorkT


class Intake(Generic[ItemT, WorkT]):
    """One consumer's way in. `run()` until `stop()`; what is in hand is finished first."""

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
        group: GroupLimits | None = None,
    ) -> None:
        self._js = connection.js
        self._declaration = declaration
        self._line = line
        self._consumer = consumer
        self._clock = clock
        self._health = health
        self._most_dead = most_dead_in_a_row
        self._group = group or GroupLimits()
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
        coming = aiter(self._consumer)
        upcoming = asyncio.create_task(self._prepared(coming), name=f"{self.name}-prepare")
        settling: asyncio.Task[None] | None = None
        group: list[_Prepared[ItemT, WorkT]] = []
        try:
            while (prepared := await upcoming) is not None:
                upcoming = asyncio.create_task(self._prepared(coming), name=f"{self.name}-prepare")
                if not group:
                    until = time.monotonic() + self._group.wait_s
                group.append(prepared)
                if not await self._insert(prepared):
                    group.pop()
                if group and not await self._more(group, upcoming, settling, until):
                    if settling is not None:
                        await settling
                    settling, group = asyncio.create_task(self._finish(group), name=f"{self.name}-settle"), []
        finally:
            await self._ended(upcoming, settling, group)

    async def _ended(
        self,
        upcoming: asyncio.Task[_Prepared[ItemT, WorkT] | None],
        settling: asyncio.Task[None] | None,
        group: Sequence[_Prepared[ItemT, WorkT]],
    ) -> None:
        """After an error nothing may be kept from other replicas by being kept alive here."""
        upcoming.cancel()
        waiting = (await asyncio.gather(upcoming, return_exceptions=True))[0]
        for prepared in (*group, waiting):
            if isinstance(prepared, _Prepared):
                await prepared.batch.give_back()
        if settling is not None:
            await settling

    async def _prepared(self, coming: AsyncIterator[Batch]) -> _Prepared[ItemT, WorkT] | None:
        """The next batch, or None when there is none any more."""
        batch = await anext(coming, None)
        if batch is None:
            return None
        items, rejected = self._line.validate(batch.messages)
        await asyncio.sleep(0)  # pings and the batch in hand come first
        items, work, broken = self._prepare(items)
        return _Prepared(batch, items, rejected + broken, work)

    def _prepare(self, items: list[ItemT]) -> tuple[list[ItemT], WorkT, list[Rejected]]:
        """What can be prepared, and what cannot by our own fault: one such message must not hold up the rest."""
        try:
            return items, self._line.prepare(items), []
        except Exception:
            log.exception("a batch could not be prepared; looking for the message", consumer=self.name)
        broken = [rejected for item in items if (rejected := self._broken(item)) is not None]
        sequences = {rejected.sequence for rejected in broken}
        kept = [item for item in items if item.sequence not in sequences]
        return kept, self._line.prepare(kept), broken

    def _broken(self, item: ItemT) -> Rejected | None:
        try:
            self._line.prepare([item])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our bug and belongs to this message
            return Rejected(sequence=item.sequence, reason="Bug", message=f"{type(error).__name__}: {error}")
        return None

    async def _more(
        self,
        group: Sequence[_Prepared[ItemT, WorkT]],
        upcoming: asyncio.Task[_Prepared[ItemT, WorkT] | None],
        settling: asyncio.Task[None] | None,
        until: float,
    ) -> bool:
        """Whether another batch joins the group: while there is a backlog, and while the group before is settling."""
        if sum(len(one.batch) for one in group) >= self._group.messages:
            return False
        if settling is not None and not settling.done():
            await asyncio.wait({upcoming, settling}, return_when=asyncio.FIRST_COMPLETED)
        left_s = until - time.monotonic()
        if _is_backlogged(group[-1].batch) and not upcoming.done() and left_s > 0:
            await asyncio.wait({upcoming}, timeout=left_s)
        ready = upcoming.done() and upcoming.exception() is None and upcoming.result() is not None
        return ready and left_s > 0

    async def _insert(self, prepared: _Prepared[ItemT, WorkT]) -> bool:
        """False if it could not be stored before the process has to stop: given back."""

        async def insert() -> None:
            try:
                await self._line.insert(prepared.work)
            except WarehouseError as error:
                _raise_passing(error)
                await self._find_refused(prepared, error)

        return await self._until_done(insert, [prepared])

    async def _finish(self, group: Sequence[_Prepared[ItemT, WorkT]]) -> None:
        """Settle, set aside what is bad, acknowledge. In this order: a crash repeats all of it."""
        if await self._until_done(lambda: self._settle(group), group):
            for prepared in group:
                await self._acknowledge(prepared.batch)

    async def _settle(self, group: Sequence[_Prepared[ItemT, WorkT]]) -> None:
        try:
            await self._line.settle([prepared.work for prepared in group])
        except WarehouseError as error:
            _raise_passing(error)
            for prepared in group:
                await self._find_refused(prepared, error)
        for prepared in group:
            if len(prepared.rejected) < len(prepared.batch):
                self._dead_in_a_row = 0
            await self._bury(prepared, group)

    async def _acknowledge(self, batch: Batch) -> None:
        try:
            await batch.ack()
        except UnconfirmedAckError as error:
            log.warning("acknowledgement not confirmed: the batch may come again", error=str(error))
        else:
            metrics.batch_messages.observe(len(batch))

    async def _until_done(self, act: Callable[[], Awaitable[None]], hand: Sequence[_Prepared[ItemT, WorkT]]) -> bool:
        """Try until it works. False when the process has to stop first: everything in hand is given back."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await act()
            except (WarehouseUnavailable, PublishError) as error:
                self._health.waiting(self.name, str(error)[:200])
                log.warning("batch will be tried again", consumer=self.name, error=str(error)[:500], pause_s=pause_s)
            else:
                self._health.satisfied(self.name)
                self._health.beat()
                return True
            if self._stopping:
                for prepared in hand:
                    await prepared.batch.give_back()
                return False
            self._health.beat()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _find_refused(self, prepared: _Prepared[ItemT, WorkT], error: WarehouseError) -> None:
        """Store and settle all but what is refused even alone; then nothing is left of it to be settled."""
        log.warning("a batch was refused; looking for the message", consumer=self.name, error=str(error)[:500])
        prepared.rejected += await self._divide(prepared.items)
        prepared.items, prepared.work = [], self._line.prepare([])

    async def _divide(self, items: Sequence[ItemT]) -> list[Rejected]:
        """Store what the engine takes; returns what it refuses even alone."""
        try:
            work = self._line.prepare(items)
            await self._line.insert(work)
            await self._line.settle([work])
        except WarehouseError as error:
            _raise_passing(error)
            if len(items) == 1:
                return [Rejected(sequence=items[0].sequence, reason="WarehouseRefused", message=str(error))]
            middle = len(items) // 2
            return [*await self._divide(items[:middle]), *await self._divide(items[middle:])]
        return []

    async def _bury(self, prepared: _Prepared[ItemT, WorkT], group: Sequence[_Prepared[ItemT, WorkT]]) -> None:
        messages = {message.sequence: message for message in prepared.batch.messages}
        while prepared.rejected:
            one = prepared.rejected[0]
            if self._dead_in_a_row >= self._most_dead:
                for some in group:
                    await some.batch.give_back(delay_s=30)
                raise PoisonFloodError(f"{self.name}: {self._dead_in_a_row} in a row, the last: {one.message}")
            message = messages[one.sequence]
            await bury(self._js, _death(one, message, self._declaration, self._clock.now()), message.payload)
            log.warning("message set aside", consumer=self.name, sequence=one.sequence, reason=one.reason)
            self._dead_in_a_row += 1
            prepared.rejected.pop(0)  # a repetition does not bury it again


def _is_backlogged(batch: Batch) -> bool:
    """Whether more was waiting in the stream when its last message was delivered."""
    return bool(batch.messages[-1].raw.metadata.num_pending)


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
