"""The aggregator's way of taking messages."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from holdfast.messaging.batches import Batch, BatchConsumer, BatchLimits, ConsumerGoneError
from holdfast.messaging.connection import Connection
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import ConsumerDeclaration, consumer_named
from tests.messaging.samples import FixedClock, a_snapshot
from tests.support.servers import NatsServer

AGGREGATOR = consumer_named("aggregator")


async def publish(connection: Connection, numbers: range) -> None:
    await Publisher(connection.js, producer="test", clock=FixedClock()).publish_many(a_snapshot(n) for n in numbers)


async def first(consumer: BatchConsumer) -> Batch:
    async with asyncio.timeout(20):
        return await anext(aiter(consumer))


async def pending(connection: Connection) -> tuple[int, int]:
    info = await connection.js.consumer_info("EVENTS", "aggregator")
    return info.num_pending or 0, info.num_ack_pending or 0


async def collect(consumer: BatchConsumer, wanted: int) -> AsyncIterator[Batch]:
    seen = 0
    async with asyncio.timeout(60):
        async for batch in consumer:
            seen += len(batch)
            yield batch
            if seen >= wanted:
                consumer.stop()


async def test_a_batch_is_complete_at_its_count(migrated: Connection) -> None:
    await publish(migrated, range(1200))
    batch = await first(BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=1000, wait_s=5)))
    assert len(batch) == 1000
    assert [message.sequence for message in batch.messages] == list(range(1, 1001))
    await batch.give_back()


async def test_a_batch_is_complete_about_at_its_bytes(migrated: Connection) -> None:
    await publish(migrated, range(400))
    size = len((await migrated.js.get_msg("EVENTS", seq=1)).data or b"")
    limits = BatchLimits(bytes=size * 50, wait_s=5)
    consumer = BatchConsumer(migrated.js, AGGREGATOR, limits=limits)
    batch = await first(consumer)
    assert 50 <= len(batch) <= 51
    await batch.give_back()


async def test_a_single_message_does_not_wait_for_company_longer_than_told(migrated: Connection) -> None:
    """The stall of a lingering fetch: one message must not wait for the batch to fill up."""
    consumer = BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=1000, wait_s=0.2))
    waiting = asyncio.create_task(first(consumer))
    await publish(migrated, range(1))
    began = time.monotonic()
    batch = await waiting
    assert time.monotonic() - began < 5, "AckWait is 60 s, an idle fetch a second"
    assert len(batch) == 1
    await batch.ack()


async def test_acknowledged_messages_are_done_with_when_ack_returns(migrated: Connection) -> None:
    await publish(migrated, range(300))
    batch = await first(BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=300, wait_s=5)))
    await batch.ack()
    assert await pending(migrated) == (0, 0)


async def test_a_kill_of_the_server_right_after_an_ack_loses_nothing(
    nats_server: NatsServer, migrated: Connection
) -> None:
    """Its last acknowledgements may be forgotten, since they reach its disk a moment later: those only come again."""
    await publish(migrated, range(300))
    batch = await first(BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=300, wait_s=5)))
    await batch.ack()
    nats_server.kill()
    nats_server.start()
    await publish(migrated, range(300, 310))
    seen: set[int] = set()
    async for rest in collect(BatchConsumer(migrated.js, AGGREGATOR), 10):
        seen |= {message.sequence for message in rest.messages}
        await rest.ack()
    assert seen >= set(range(301, 311))
    assert seen <= set(range(1, 311))
    assert (await pending(migrated))[0] == 0


async def test_what_is_given_back_comes_again_at_once_as_a_second_delivery(migrated: Connection) -> None:
    await publish(migrated, range(20))
    batch = await first(BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=20, wait_s=5)))
    await batch.give_back()
    seen = []
    async for again in collect(BatchConsumer(migrated.js, AGGREGATOR), 20):
        seen += [(message.sequence, message.deliveries) for message in again.messages]
        await again.ack()
    assert sorted(seen) == [(sequence, 2) for sequence in range(1, 21)]


async def test_a_batch_slower_than_ack_wait_is_kept_alive_and_not_delivered_twice(migrated: Connection) -> None:
    """Fault 12."""
    quick = ConsumerDeclaration(name="quick", stream="EVENTS", description="", ack_wait_s=0.6)
    await migrated.js.add_consumer("EVENTS", quick.config())
    await publish(migrated, range(5))
    slow = await first(BatchConsumer(migrated.js, quick, limits=BatchLimits(messages=5, wait_s=5)))
    other = BatchConsumer(migrated.js, quick)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):  # more than three times AckWait
            await anext(aiter(other))
    await slow.ack()
    info = await migrated.js.consumer_info("EVENTS", "quick")
    assert (info.num_pending, info.num_ack_pending, info.num_redelivered) == (0, 0, 0)


async def test_stopping_ends_the_iteration_within_an_idle_fetch(migrated: Connection) -> None:
    consumer = BatchConsumer(migrated.js, AGGREGATOR)

    async def drain() -> list[Batch]:
        return [batch async for batch in consumer]

    draining = asyncio.create_task(drain())
    await asyncio.sleep(0)
    consumer.stop()
    async with asyncio.timeout(10):
        assert await draining == []


async def test_two_consumers_share_the_work_and_together_see_everything_once(migrated: Connection) -> None:
    await publish(migrated, range(500))
    seen: list[int] = []
    consumers = [BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=50)) for _ in range(2)]

    async def work(consumer: BatchConsumer) -> None:
        async for batch in consumer:
            seen.extend(message.sequence for message in batch.messages)
            await batch.ack()
            if len(seen) >= 500:
                for one in consumers:
                    one.stop()

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(consumer) for consumer in consumers))
    assert sorted(seen) == list(range(1, 501))


async def test_a_deleted_consumer_is_an_error_not_a_spin(migrated: Connection) -> None:
    gone = msgspec.structs.replace(AGGREGATOR, name="gone")
    with pytest.raises(ConsumerGoneError, match=r"consumer gone on EVENTS does not exist: run `holdfast migrate`"):
        await first(BatchConsumer(migrated.js, gone))


async def test_a_kill_of_the_server_under_a_batch_loses_nothing(nats_server: NatsServer, migrated: Connection) -> None:
    """The new server may not know that it delivered the batch: it never confirms, and delivers it again."""
    await publish(migrated, range(400))
    stored: set[int] = set()
    batches = 0
    async for batch in collect(BatchConsumer(migrated.js, AGGREGATOR, limits=BatchLimits(messages=100)), 2000):
        batches += 1
        if batches == 2:
            nats_server.kill()
            nats_server.start()
        stored |= {message.sequence for message in batch.messages}
        with contextlib.suppress(TimeoutError):
            await batch.ack()
        if len(stored) == 400:
            break
    assert stored == set(range(1, 401))
