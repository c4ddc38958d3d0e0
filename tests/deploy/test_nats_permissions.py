"""The real nats-server with the very file that is deployed: each service can do its work."""

import asyncio

import pytest
from faststream.nats.annotations import NatsMessage
from nats.js.api import ConsumerConfig, DeliverPolicy

from holdfast.domain.time import SystemClock
from holdfast.messaging.backlog import events_outstanding
from holdfast.messaging.batches import BatchConsumer
from holdfast.messaging.broker import build_broker, subscription_options
from holdfast.messaging.bucket import Bucket
from holdfast.messaging.dead_letters import bury, list_letters
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import AGGREGATOR_CONSUMERS, STREAMS, verify, worker_consumers
from holdfast.providers.kit.discovery import discover
from holdfast.registry import pasts
from holdfast.registry.commands import SourceChoice
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from tests.deploy.deployed_nats import PROVIDERS, DeployedNats
from tests.deploy.what_services_say import (
    ACCOUNT,
    a_death,
    a_finished_fetch,
    a_job,
    a_revaluation,
    some_balances,
    some_clusters,
    some_returns,
)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_worker_takes_its_jobs_and_publishes_what_its_provider_said(
    migrated: DeployedNats, provider: str
) -> None:
    async with migrated.connected("scheduler") as connection:
        await Publisher(connection.js, producer="scheduler", clock=SystemClock()).publish(a_job(provider, "due"))
    broker = build_broker(migrated.settings(f"worker-{provider}"), name="worker")
    received: asyncio.Queue[bytes] = asyncio.Queue()
    for consumer in worker_consumers([provider]):

        async def on_job(message: NatsMessage) -> None:
            await message.ack_sync()
            received.put_nowait(message.body)

        broker.subscriber(**subscription_options(consumer))(on_job)
    connection = await broker.open()
    try:
        await verify(connection.js, streams=[s.name for s in STREAMS], consumers=worker_consumers([provider]))
        await broker.start()
        assert b'"due"' in await asyncio.wait_for(received.get(), 10)
        publisher = Publisher(connection.js, producer=f"worker-{provider}", clock=SystemClock())
        said = [some_balances(provider), some_returns(provider), some_clusters(provider), a_finished_fetch(provider)]
        stored = await publisher.publish_many(said)
        assert [one.stream for one in stored] == ["EVENTS", "EVENTS", "EVENTS", "FETCHES"]
        assert (await bury(connection.js, a_death("JOBS", f"worker-{provider}-due"), b"{}")).stream == "DEAD"
        await Bucket(connection.js, "cursors").write(pasts.key_of(provider), pasts.encode(()))
        assert (await connection.js.consumer_info("JOBS", f"worker-{provider}-due")).num_ack_pending == 0
    finally:
        await broker.close()


async def test_a_worker_reads_the_registry_and_pauses_a_source(migrated: DeployedNats) -> None:
    catalogue = {name: module.manifest for name, module in discover().items()}
    async with migrated.connected("api") as connection:
        store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
        await store.create_tenant("acme")
        await store.create_key("acme")
        await store.add_account("acme", ACCOUNT, sources=[SourceChoice(provider="evm")])
        job = a_job("evm", "now")
        assert (await Publisher(connection.js, producer="api", clock=SystemClock()).publish(job)).stream == "JOBS"
    async with migrated.connected("worker-evm") as connection, RegistryWatcher(connection.js) as watcher:
        async with asyncio.timeout(10):
            await watcher.wait_ready()
        assert ("acme", ACCOUNT) in watcher.state.accounts
        store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
        await store.pause_source(
            tenant="acme", provider="evm", feed="balances", target=ACCOUNT, scope="wallet", why="key refused"
        )
        (source,) = (await store.read()).accounts["acme", ACCOUNT].sources
        assert source.paused == "key refused"


async def test_the_scheduler_sees_how_far_the_aggregator_is(migrated: DeployedNats) -> None:
    async with migrated.connected("worker-okx") as connection:
        await Publisher(connection.js, producer="worker-okx", clock=SystemClock()).publish(some_balances("okx"))
    async with migrated.connected("scheduler") as connection:
        assert await events_outstanding(connection.js) == 1


async def test_the_scheduler_keeps_its_cursors(migrated: DeployedNats) -> None:
    async with migrated.connected("scheduler") as connection, RegistryWatcher(connection.js) as watcher:
        async with asyncio.timeout(10):
            await watcher.wait_ready()
        cursors = Bucket(connection.js, "cursors")
        revision = await cursors.write("cursor.acme", b"1", key_at=0)
        await cursors.write("cursor.acme", b"2", key_at=revision)
        entries, _ = await cursors.read()
        assert [entry.value for entry in entries] == [b"1", b"2"]
        assert len(await cursors.read_between(0, revision)) == 1


async def test_the_aggregator_takes_batches_and_publishes_totals(migrated: DeployedNats) -> None:
    async with migrated.connected("worker-okx") as connection:
        publisher = Publisher(connection.js, producer="worker-okx", clock=SystemClock())
        await publisher.publish_many([some_balances("okx"), a_finished_fetch("okx")])
        await bury(connection.js, a_death("JOBS", "worker-okx-due"), b"{}")
    async with migrated.connected("aggregator") as connection:
        await verify(connection.js, consumers=AGGREGATOR_CONSUMERS)
        for name in ("aggregator", "aggregator-fetches", "aggregator-dead"):
            consumer = next(consumer for consumer in AGGREGATOR_CONSUMERS if consumer.name == name)
            async with asyncio.timeout(10):
                batch = await anext(aiter(BatchConsumer(connection.js, consumer)))
                await batch.ack()
            assert len(batch) == 1
        stored = await Publisher(connection.js, producer="aggregator", clock=SystemClock()).publish(a_revaluation())
        assert stored.stream == "PORTFOLIOS"
        assert (await bury(connection.js, a_death("EVENTS", "aggregator"), b"{}")).stream == "DEAD"


async def test_a_subscriber_reads_events_and_totals_with_consumers_of_its_own(migrated: DeployedNats) -> None:
    async with migrated.connected("worker-okx") as connection:
        await Publisher(connection.js, producer="worker-okx", clock=SystemClock()).publish(some_balances("okx"))
    async with migrated.connected("aggregator") as connection:
        await Publisher(connection.js, producer="aggregator", clock=SystemClock()).publish(a_revaluation())
    async with migrated.connected("subscriber") as connection:
        for stream, subject in (("EVENTS", "balances.observed.v1.>"), ("PORTFOLIOS", "portfolios.revalued.v1.>")):
            durable = await connection.js.pull_subscribe(subject, durable="reporting", stream=stream)
            (message,) = await durable.fetch(1, timeout=5)
            await message.ack_sync()
            passing = await connection.js.subscribe(
                subject,
                stream=stream,
                ordered_consumer=True,
                config=ConsumerConfig(name="passing", deliver_policy=DeliverPolicy.ALL),
            )
            assert (await passing.next_msg(timeout=5)).data == message.data


async def test_the_operator_sees_the_dead_letters(migrated: DeployedNats) -> None:
    async with migrated.connected("worker-okx") as connection:
        await bury(connection.js, a_death("JOBS", "worker-okx-due"), b"{}")
    async with migrated.connected("operator") as connection:
        assert [letter.payload for letter in await list_letters(connection.js)] == [b"{}"]
