"""The real nats-server with the very file that is deployed: each service can do its work, and nothing else."""

import asyncio
import re
import sysconfig
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy

from holdfast.domain.balances import Balance
from holdfast.domain.time import SystemClock
from holdfast.events import (
    BalancesObserved,
    ClustersObserved,
    FetchFinished,
    FetchRequested,
    PortfolioRevalued,
    ReturnsReported,
)
from holdfast.events.event import Event
from holdfast.messaging.backlog import events_outstanding
from holdfast.messaging.batches import BatchConsumer
from holdfast.messaging.broker import build_broker, subscription_options
from holdfast.messaging.bucket import Bucket
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.dead_letters import Death, bury, list_letters
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import AGGREGATOR_CONSUMERS, STREAMS, migrate, verify, worker_consumers
from holdfast.providers.kit.discovery import discover
from holdfast.registry import pasts
from holdfast.registry.commands import SourceChoice
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from holdfast.settings import Secret
from holdfast.settings.shared import NatsSettings
from services.local.ports import free_port
from tests.support.children import Child

CONFIG = Path(__file__).parents[2] / "deploy" / "nats" / "nats-server.conf"
PROVIDERS = ("bitpanda", "coingecko", "credmark", "dalp", "defillama", "ecb", "evm", "okx", "prices")
ACCOUNT = "eip155:1:0x" + "ab" * 20
NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
ID = "0123456789abcdef0123456789abcdef"


class DeployedNats:
    """The configured server; only its ports and its folder are ours."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.passwords = {
            name: f"p-{name.lower()}" for name in re.findall(r"\$(NATS_\w+_PASSWORD)", CONFIG.read_text())
        }
        command = [
            str(Path(sysconfig.get_path("scripts")) / "nats-server"),
            *("--config", str(CONFIG), "--addr", "127.0.0.1", "--port", str(self.port)),
            *("--http_port", str(free_port())),
        ]
        self.child = Child(
            command, log=folder / "nats.log", environment={**self.passwords, "NATS_STORE_DIR": str(folder / "store")}
        )
        self.child.wait_until(lambda: "Server is ready" in self.child.output, what="nats-server")

    def settings(self, user: str) -> NatsSettings:
        password = self.passwords[f"NATS_{user.upper().replace('-', '_')}_PASSWORD"]
        return NatsSettings(url=f"nats://127.0.0.1:{self.port}", user=user, password=Secret(password))

    @asynccontextmanager
    async def connected(self, user: str) -> AsyncIterator[Connection]:
        async with asyncio.timeout(10):
            connection = await connect(self.settings(user), name=user)
        try:
            yield connection
        finally:
            await connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DeployedNats]:
    started = DeployedNats(tmp_path)
    yield started
    started.child.stop()


@pytest.fixture
async def migrated(server: DeployedNats) -> DeployedNats:
    async with server.connected("migrate") as connection:
        await migrate(connection.js, PROVIDERS)
        assert await migrate(connection.js, PROVIDERS) == []
    return server


async def test_nobody_connects_without_a_password(server: DeployedNats) -> None:
    url = f"nats://127.0.0.1:{server.port}"
    for credentials in ({}, {"user": "worker-okx", "password": "wrong"}, {"user": "worker-okx", "password": ""}):
        with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
            await nats.connect(url, allow_reconnect=False, error_cb=_ignore, **credentials)


@pytest.mark.parametrize(
    ("user", "subjects"),
    [
        (
            "worker-okx",
            (
                "portfolios.revalued.v1.acme",
                "balances.observed.v1.acme.evm",
                "fetches.finished.v1.acme.evm",
                "returns.reported.v1.acme.evm",
                "clusters.observed.v1.acme.evm",
                "transfers.observed.v1.acme.evm",
                "jobs.now.okx.balances",
                "dead.jobs.worker-evm-due",
                "dead.events.aggregator",
                "$KV.registry.key.abc",
                "$KV.registry.tenant.acme",
                "$KV.cursors.cursor.acme",
                "$KV.cursors.past.evm",
                "$JS.API.STREAM.DELETE.EVENTS",
                "$JS.API.STREAM.UPDATE.EVENTS",
                "$JS.API.STREAM.PURGE.EVENTS",
                "$JS.API.CONSUMER.MSG.NEXT.JOBS.worker-evm-due",
                "$JS.API.CONSUMER.CREATE.EVENTS.spy",
                "$JS.API.STREAM.MSG.GET.EVENTS",
                "$JS.ACK.JOBS.worker-evm-due.1.1.1.1.0",
                "$JS.ACK.EVENTS.aggregator.1.1.1.1.0",
            ),
        ),
        (
            "scheduler",
            (
                "balances.observed.v1.acme.okx",
                "portfolios.revalued.v1.acme",
                "alerts.raised.v1.acme",
                "$KV.registry.account.acme.x",
                "$JS.API.STREAM.DELETE.JOBS",
                "$JS.API.STREAM.PURGE.JOBS",
            ),
        ),
        (
            "aggregator",
            (
                "balances.observed.v1.acme.okx",
                "prices.observed.v1.public.prices",
                "jobs.due.okx.balances",
                "$KV.registry.account.acme.x",
                "$JS.API.STREAM.DELETE.EVENTS",
                "$JS.API.CONSUMER.MSG.NEXT.JOBS.worker-okx-due",
            ),
        ),
        (
            "api",
            (
                "balances.observed.v1.acme.okx",
                "portfolios.revalued.v1.acme",
                "jobs.due.okx.balances",
                "$KV.cursors.cursor.acme",
                "$JS.API.STREAM.DELETE.KV_registry",
            ),
        ),
        (
            "subscriber",
            (
                "balances.observed.v1.acme.okx",
                "portfolios.revalued.v1.acme",
                "jobs.now.okx.balances",
                "$KV.registry.account.acme.x",
                "$JS.API.CONSUMER.CREATE.KV_registry.spy",
                "$JS.API.CONSUMER.CREATE.EVENTS.aggregator",
                "$JS.API.CONSUMER.CREATE.EVENTS",
                "$JS.API.CONSUMER.DELETE.EVENTS.aggregator",
                "$JS.API.CONSUMER.MSG.NEXT.EVENTS.aggregator",
                "$JS.ACK.EVENTS.aggregator.1.1.1.1.0",
            ),
        ),
        ("migrate", ("balances.observed.v1.acme.okx", "jobs.now.okx.balances", "$KV.registry.account.acme.x")),
    ],
)
async def test_what_a_service_has_no_business_with_is_refused(
    server: DeployedNats, user: str, subjects: tuple[str, ...]
) -> None:
    assert await _refused(server.settings(user), subjects) == set(subjects)


@pytest.mark.parametrize("user", ["worker-okx", "scheduler", "aggregator", "api", "subscriber", "migrate"])
async def test_nobody_listens_in_on_subjects(server: DeployedNats, user: str) -> None:
    settings, told = server.settings(user), []
    connection = await _open(settings, told)
    for subject in (">", "balances.>", "$KV.>", "$JS.ACK.>", "jobs.>"):
        await connection.subscribe(subject)
    await _hear(connection, told, 5)
    assert [re.search(r'subscription to "([^"]+)"', error)[1] for error in told] == [
        ">", "balances.>", "$kv.>", "$js.ack.>", "jobs.>",
    ]  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_worker_takes_its_jobs_and_publishes_what_its_provider_said(
    migrated: DeployedNats, provider: str
) -> None:
    async with migrated.connected("scheduler") as connection:
        await Publisher(connection.js, producer="scheduler", clock=SystemClock()).publish(_job(provider, "due"))
    broker = build_broker(migrated.settings(f"worker-{provider}"), name="worker")
    received: asyncio.Queue[bytes] = asyncio.Queue()
    for consumer in worker_consumers([provider]):

        async def on_job(message: object) -> None:
            await message.ack_sync()  # type: ignore[attr-defined]
            received.put_nowait(message.body)  # type: ignore[attr-defined]

        on_job.__annotations__["message"] = _nats_message()
        broker.subscriber(**subscription_options(consumer))(on_job)
    connection = await broker.open()
    try:
        await verify(connection.js, streams=[s.name for s in STREAMS], consumers=worker_consumers([provider]))
        await broker.start()
        assert b'"due"' in await asyncio.wait_for(received.get(), 10)
        publisher = Publisher(connection.js, producer=f"worker-{provider}", clock=SystemClock())
        said = [_balances(provider), _returns(provider), _clusters(provider), _finished(provider)]
        stored = await publisher.publish_many(said)
        assert [one.stream for one in stored] == ["EVENTS", "EVENTS", "EVENTS", "FETCHES"]
        assert (await bury(connection.js, _death("JOBS", f"worker-{provider}-due"), b"{}")).stream == "DEAD"
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
        job = _job("evm", "now")
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
        await Publisher(connection.js, producer="worker-okx", clock=SystemClock()).publish(_balances("okx"))
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
        await publisher.publish_many([_balances("okx"), _finished("okx")])
        await bury(connection.js, _death("JOBS", "worker-okx-due"), b"{}")
    async with migrated.connected("aggregator") as connection:
        await verify(connection.js, consumers=AGGREGATOR_CONSUMERS)
        for name in ("aggregator", "aggregator-fetches", "aggregator-dead"):
            consumer = next(consumer for consumer in AGGREGATOR_CONSUMERS if consumer.name == name)
            async with asyncio.timeout(10):
                batch = await anext(aiter(BatchConsumer(connection.js, consumer)))
                await batch.ack()
            assert len(batch) == 1
        stored = await Publisher(connection.js, producer="aggregator", clock=SystemClock()).publish(_revalued())
        assert stored.stream == "PORTFOLIOS"
        assert (await bury(connection.js, _death("EVENTS", "aggregator"), b"{}")).stream == "DEAD"


async def test_a_subscriber_reads_events_and_totals_with_consumers_of_its_own(migrated: DeployedNats) -> None:
    async with migrated.connected("worker-okx") as connection:
        await Publisher(connection.js, producer="worker-okx", clock=SystemClock()).publish(_balances("okx"))
    async with migrated.connected("aggregator") as connection:
        await Publisher(connection.js, producer="aggregator", clock=SystemClock()).publish(_revalued())
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
        await bury(connection.js, _death("JOBS", "worker-okx-due"), b"{}")
    async with migrated.connected("operator") as connection:
        assert [letter.payload for letter in await list_letters(connection.js)] == [b"{}"]


async def _refused(settings: NatsSettings, subjects: tuple[str, ...]) -> set[str]:
    """Which of the subjects the server does not let this user publish on."""
    told: list[str] = []
    connection = await _open(settings, told)
    for subject in subjects:
        await connection.publish(subject, b"{}")
    await _hear(connection, told, len(subjects))
    lowered = {found[1] for error in told if (found := re.search(r'publish to "([^"]+)"', error))}
    return {subject for subject in subjects if subject.lower() in lowered}


async def _open(settings: NatsSettings, told: list[str]) -> nats.NATS:
    async def on_error(error: Exception) -> None:
        told.append(str(error))

    return await nats.connect(
        settings.url, user=settings.user, password=settings.password.reveal(), error_cb=on_error, allow_reconnect=False
    )


async def _hear(connection: nats.NATS, told: list[str], expected: int) -> None:
    """Until the server objected to all of it; what it does not object to within two seconds it allows."""
    await connection.flush()
    deadline = time.monotonic() + 2
    while len(told) < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await connection.close()


async def _ignore(_: Exception) -> None:
    """What is refused is also raised."""


def _nats_message() -> object:
    from faststream.nats.annotations import NatsMessage  # noqa: PLC0415

    return NatsMessage


def _job(provider: str, lane: str) -> FetchRequested:
    return FetchRequested(
        id=ID, tenant="acme", provider=provider, feed="balances", target=ACCOUNT, scope="wallet", slot=NOW,
        lane=lane, requested_at=NOW,
    )  # fmt: skip


def _balances(provider: str) -> Event:
    line = Balance(asset="eip155:1/slip44:60", kind="wallet", amount=Decimal(1))
    return BalancesObserved(
        id=ID, tenant="acme", provider=provider, account=ACCOUNT, scope="wallet", snapshot_id=ID, observed_at=NOW,
        fetched_at=NOW, job_id=ID, balances=(line,), lines=1,
    )  # fmt: skip


def _returns(provider: str) -> Event:
    return ReturnsReported(
        id="1" * 32, tenant="acme", provider=provider, account=ACCOUNT, scope="wallet", observed_at=NOW,
        fetched_at=NOW, job_id=ID, quote="iso4217:USD", total_return=Decimal(1), items=(),
    )  # fmt: skip


def _clusters(provider: str) -> Event:
    return ClustersObserved(
        id="2" * 32, tenant="acme", provider=provider, token="eip155:1/slip44:60", observed_at=NOW, fetched_at=NOW,
        job_id=ID, clusters=(),
    )  # fmt: skip


def _finished(provider: str) -> Event:
    return FetchFinished(
        id=ID, tenant="acme", job_id=ID, provider=provider, feed="balances", target=ACCOUNT, scope="wallet", slot=NOW,
        lane="due", started_at=NOW, finished_at=NOW, attempts=1, requests=1, response_bytes=1, snapshots=1, lines=1,
    )  # fmt: skip


def _revalued() -> Event:
    return PortfolioRevalued(
        id=ID, tenant="acme", portfolio="main", bucket=NOW, as_of=NOW, latest=True, version="1",
        currency="iso4217:USD", assets=Decimal(1), debt=Decimal(0), net=Decimal(1), lines=1, lines_unpriced=0,
        lines_excluded=0, oldest_input=NOW,
    )  # fmt: skip


def _death(stream: str, consumer: str) -> Death:
    return Death(
        reason="UnexpectedResponse", message="", stream=stream, consumer=consumer, sequence=1, subject="s", died_at=NOW
    )
