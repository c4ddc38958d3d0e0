"""The scheduler's backfills against a real server: planned once, published little by little, resumed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from holdfast.domain.jobs import JobWindow
from holdfast.events.codec import decode
from holdfast.events.jobs import FetchRequested
from holdfast.messaging.backlog import jobs_outstanding
from holdfast.messaging.bucket import Bucket
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.declarations import CURSORS, JOBS
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.contract import History
from holdfast.registry.backfills import KIND
from holdfast.registry.commands import SourceChoice
from holdfast.registry.kv_keys import to_key
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import NatsSettings
from services.scheduler.backfills import Backfills
from tests.registry.catalogue import CATALOGUE, WALLET
from tests.worker.stage import until

NOW = datetime(2026, 3, 11, 5, 30, tzinfo=UTC)
HISTORY = History(every_s=(3600,), points=24)
ALPHA = CATALOGUE["alpha"]
PAST = CATALOGUE | {"alpha": replace(ALPHA, feeds=(replace(ALPHA.feeds[0], history=HISTORY), *ALPHA.feeds[1:]))}
IDENTITY = ("acme", "alpha", "balances", WALLET, "wallet")


class FixedClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await connect(nats_settings, name="test-backfills")
    await migrate(opened.js, ["alpha", "beta"])
    yield opened
    await opened.close()


@pytest.fixture
async def store(connection: Connection) -> RegistryStore:
    store = RegistryStore(connection.js, clock=FixedClock(), catalogue=PAST)
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET, sources=[SourceChoice(provider="alpha"), SourceChoice(provider="beta")])
    return store


@asynccontextmanager
async def backfills(
    connection: Connection, store: RegistryStore, *, days: int = 10, most: int = 4
) -> AsyncIterator[Backfills]:
    state = await store.read()
    runner = Backfills(
        connection.js,
        state=lambda: state,
        catalogue=PAST,
        publisher=Publisher(connection.js, producer="scheduler", clock=FixedClock()),
        clock=FixedClock(),
        days=days,
        most_outstanding=most,
    )
    runner.start()
    await until(lambda: _current(runner))
    try:
        yield runner
    finally:
        await runner.stop()


async def _current(runner: Backfills) -> bool:
    return runner.current


async def take(connection: Connection) -> list[FetchRequested]:
    """Every job of the lane that there is, done at once."""
    waiting = (await jobs_outstanding(connection.js, "backfill"))["alpha"]
    if not waiting:
        return []
    subscription = await connection.js.pull_subscribe_bind(consumer="worker-alpha-backfill", stream=JOBS)
    messages = await subscription.fetch(waiting, timeout=5)
    for message in messages:
        await message.ack_sync()
    await subscription.unsubscribe()
    return [decode(message.data, FetchRequested) for message in messages]


def expected_windows() -> list[JobWindow]:
    """Ten days back from 05:30 on the 11th, in whole days of UTC, newest first."""
    day = timedelta(days=1)
    midnight = NOW.replace(hour=0, minute=0)
    newest = JobWindow(start=midnight, end=NOW.replace(minute=0), every_s=3600)
    whole = [
        JobWindow(start=midnight - n * day, end=midnight - n * day + timedelta(hours=23), every_s=3600)
        for n in range(1, 10)
    ]
    oldest = JobWindow(
        start=datetime(2026, 3, 1, 6, tzinfo=UTC), end=datetime(2026, 3, 1, 23, tzinfo=UTC), every_s=3600
    )
    return [newest, *whole, oldest]


async def test_a_new_source_with_a_past_is_backfilled_a_little_at_a_time_newest_first(
    connection: Connection, store: RegistryStore
) -> None:
    jobs: list[FetchRequested] = []
    async with backfills(connection, store) as runner:
        while await runner.run():
            assert (await jobs_outstanding(connection.js, "backfill"))["alpha"] <= 4
            assert await runner.run() == 0, "no room"
            jobs += await take(connection)
    assert [job.window for job in jobs] == expected_windows()
    assert {(job.lane, job.provider, job.target) for job in jobs} == {("backfill", "alpha", WALLET)}
    assert len({job.id for job in jobs}) == 11


async def test_who_takes_over_goes_on_where_the_other_stopped(connection: Connection, store: RegistryStore) -> None:
    async with backfills(connection, store) as first:
        await first.run()
    jobs = await take(connection)
    async with backfills(connection, store, most=100) as second:
        await second.run()
        assert await second.run() == 0
    jobs += await take(connection)
    assert [job.window for job in jobs] == expected_windows()


async def test_who_dies_between_publishing_and_counting_publishes_nothing_twice(
    connection: Connection, store: RegistryStore
) -> None:
    bucket, key = Bucket(connection.js, CURSORS), to_key(KIND, IDENTITY)
    async with backfills(connection, store, most=1) as first:
        await first.run()
        (before,) = [entry for entry in (await bucket.read())[0] if entry.key == key][:1]
        await take(connection)
        await first.run()
    last = max(entry.revision for entry in (await bucket.read())[0] if entry.key == key)
    await bucket.write(key, before.value, key_at=last)
    jobs = await take(connection)
    async with backfills(connection, store, most=100) as second:
        await second.run()
    jobs += await take(connection)
    assert [job.window for job in jobs] == expected_windows()[1:]


async def test_two_schedulers_at_once_publish_each_window_once(connection: Connection, store: RegistryStore) -> None:
    jobs: list[FetchRequested] = []
    async with backfills(connection, store) as one, backfills(connection, store) as two:
        for _ in range(8):
            await asyncio.gather(one.run(), two.run())
            jobs += await take(connection)
    assert Counter(job.window.end for job in jobs if job.window) == Counter(w.end for w in expected_windows())


async def test_no_days_and_no_paused_source_are_backfilled(connection: Connection, store: RegistryStore) -> None:
    async with backfills(connection, store, days=0) as runner:
        assert await runner.run() == 0
    await store.pause_source(
        tenant="acme", provider="alpha", feed="balances", target=WALLET, scope="wallet", why="on leave"
    )
    async with backfills(connection, store) as runner:
        assert await runner.run() == 0
    await store.resume_source(tenant="acme", provider="alpha", feed="balances", target=WALLET, scope="wallet")
    async with backfills(connection, store) as runner:
        assert await runner.run() == 4
