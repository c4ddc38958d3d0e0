"""The scheduler's backfills against a real server: planned once, published little by little, resumed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import Clock
from holdfast.events import BalancesObserved
from holdfast.events.codec import decode
from holdfast.events.examples import load_examples
from holdfast.events.jobs import FetchRequested
from holdfast.messaging.backlog import jobs_outstanding
from holdfast.messaging.bucket import Bucket
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.declarations import CURSORS, JOBS
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.contract import History, Manifest
from holdfast.registry import pasts
from holdfast.registry.backfills import KIND
from holdfast.registry.commands import SourceChoice
from holdfast.registry.kv_keys import to_key
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import NatsSettings
from services.scheduler.backfills import Backfills
from tests.registry.catalogue import CATALOGUE, OTHER, WALLET
from tests.worker.stage import until

NOW = datetime(2026, 3, 11, 5, 30, tzinfo=UTC)
HISTORY = History(every_s=(3600,), points=24)


def _with_history(provider: str, history: History) -> dict[str, Manifest]:
    manifest = CATALOGUE[provider]
    first, *rest = manifest.feeds
    return {provider: replace(manifest, feeds=(replace(first, history=history), *rest))}


PAST = CATALOGUE | _with_history("alpha", HISTORY)
IDENTITY = ("acme", "alpha", "balances", WALLET, "wallet")


class FixedClock:
    def now(self) -> datetime:
        return NOW


class LaterClock:
    def now(self) -> datetime:
        return NOW + timedelta(days=1)


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await connect(nats_settings, name="test-backfills")
    await migrate(opened.js, ["alpha", "beta", "quotes"])
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
    connection: Connection,
    store: RegistryStore,
    *,
    days: int = 10,
    most: int = 4,
    most_events: int = 100,
    after: timedelta = timedelta(0),
    catalogue: dict[str, Manifest] = PAST,
    clock: Clock | None = None,
) -> AsyncIterator[Backfills]:
    state = await store.read()
    runner = Backfills(
        connection.js,
        state=lambda: state,
        catalogue=catalogue,
        publisher=Publisher(connection.js, producer="scheduler", clock=FixedClock()),
        clock=clock or FixedClock(),
        days=days,
        after=after,
        most_outstanding=most,
        most_events=most_events,
    )
    runner.start()
    await until(lambda: _current(runner))
    try:
        yield runner
    finally:
        await runner.stop()


async def _current(runner: Backfills) -> bool:
    return runner.current


async def take(connection: Connection, provider: str = "alpha") -> list[FetchRequested]:
    """Every job of the lane that there is, done at once."""
    waiting = (await jobs_outstanding(connection.js, "backfill"))[provider]
    if not waiting:
        return []
    subscription = await connection.js.pull_subscribe_bind(consumer=f"worker-{provider}-backfill", stream=JOBS)
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


async def test_the_prices_that_value_a_past_are_fetched_for_it_too(
    connection: Connection, store: RegistryStore
) -> None:
    await store.put_watch("public", provider="quotes", feed="prices", target="*")
    catalogue = PAST | _with_history("quotes", History(every_s=(3600,), points=120))
    async with backfills(connection, store, catalogue=catalogue, most=100) as runner:
        await runner.run()
    jobs = await take(connection, "quotes")
    assert {(job.tenant, job.provider, job.feed, job.target) for job in jobs} == {("public", "quotes", "prices", "*")}
    windows = [job.window for job in jobs if job.window]
    assert sum(window.instants for window in windows) == 10 * 24
    assert max(window.end for window in windows) == NOW.replace(minute=0)
    assert min(window.start for window in windows) == datetime(2026, 3, 1, 6, tzinfo=UTC)


async def test_a_watch_that_is_removed_and_added_again_is_planned_again(
    connection: Connection, store: RegistryStore
) -> None:
    catalogue = CATALOGUE | _with_history("quotes", HISTORY)
    quotes = {"provider": "quotes", "feed": "prices", "target": "*"}
    await store.put_watch("public", **quotes)
    async with backfills(connection, store, days=1, most=100, catalogue=catalogue) as runner:
        assert await runner.run() == 2
    await store.put_watch("public", **quotes, every_s=120)
    async with backfills(connection, store, days=1, most=100, catalogue=catalogue) as runner:
        assert await runner.run() == 0, "only its interval changed"
    await store.remove_watch("public", **quotes)
    await RegistryStore(connection.js, clock=LaterClock(), catalogue=catalogue).put_watch("public", **quotes)
    async with backfills(connection, store, days=1, most=100, catalogue=catalogue, clock=LaterClock()) as runner:
        assert await runner.run() == 2


async def test_the_newest_windows_come_first_whosever_they_are(connection: Connection, store: RegistryStore) -> None:
    await store.add_account("acme", OTHER, sources=[SourceChoice(provider="alpha")])
    jobs: list[FetchRequested] = []
    async with backfills(connection, store, most=2) as runner:
        while await runner.run():
            jobs += await take(connection)
    ends = [job.window.end for job in jobs if job.window]
    assert ends == sorted(ends, reverse=True)
    assert [{jobs[at].target, jobs[at + 1].target} for at in range(0, 22, 2)] == [{WALLET, OTHER}] * 11


async def test_a_past_that_the_workers_settings_decide_is_planned_when_the_worker_says_so(
    connection: Connection, store: RegistryStore
) -> None:
    catalogue = CATALOGUE | _with_history("alpha", replace(HISTORY, told=True))
    bucket = Bucket(connection.js, CURSORS)
    async with backfills(connection, store, catalogue=catalogue) as runner:
        assert await runner.run() == 0, "nobody has said anything"
        await bucket.write(pasts.key_of("alpha"), pasts.encode(("eip155:10:", "solana:")))
        await bucket.write(pasts.key_of("beta"), pasts.encode(("eip155:1:",)))
        assert await runner.run() == 0, "another chain, another provider"
        await bucket.write(pasts.key_of("alpha"), pasts.encode(("eip155:1:",)))
        assert await until(runner.run) == 4
    assert {job.target for job in await take(connection)} == {WALLET}


async def test_what_is_now_has_a_head_start(connection: Connection, store: RegistryStore) -> None:
    head_start = timedelta(hours=24)
    async with backfills(connection, store, after=head_start) as runner:
        assert await runner.run() == 0, "planned just now"
    async with backfills(connection, store, after=head_start, clock=LaterClock()) as runner:
        assert await runner.run() == 4


async def test_history_waits_while_the_aggregator_is_behind(connection: Connection, store: RegistryStore) -> None:
    ordinary = decode(load_examples("balances.observed.v1")["ordinary"], BalancesObserved)
    publisher = Publisher(connection.js, producer="worker-alpha", clock=FixedClock())
    await publisher.publish_many([replace(ordinary, id=f"{number:032x}") for number in range(3)])
    async with backfills(connection, store, most_events=2) as runner:
        assert await runner.run() == 0
        subscription = await connection.js.pull_subscribe_bind(consumer="aggregator", stream="EVENTS")
        (message,) = await subscription.fetch(1, timeout=5)
        assert await runner.run() == 0, "in hand is not stored"
        await message.ack_sync()
        assert await runner.run() == 4
