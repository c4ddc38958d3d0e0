"""Schedulers against a real server: side by side, through its death, and with a full stream."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise

import nats.errors
import pytest
from nats.js.errors import NotFoundError

from holdfast.domain.time import SystemClock
from holdfast.events.codec import decode
from holdfast.events.jobs import FetchRequested
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.declarations import JOBS
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.registry.commands import SourceChoice
from holdfast.registry.schedules import requests_now, schedules_of
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import HealthSettings, NatsSettings
from services.scheduler.app import SchedulerApp, build_app
from services.scheduler.cursors import CursorBook
from services.scheduler.planning import newest_slot
from services.scheduler.rounds import Rounds
from services.scheduler.settings import SchedulerSettings
from tests.registry.catalogue import CATALOGUE
from tests.support.servers import NatsServer

SETTINGS = SchedulerSettings(health=HealthSettings(port=0), tick_s=0.1)


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await connect(nats_settings, name="test-scheduler")
    await migrate(opened.js, [])
    yield opened
    await opened.close()


@pytest.fixture
async def store(connection: Connection) -> RegistryStore:
    store = RegistryStore(connection.js, clock=SystemClock(), catalogue=CATALOGUE)
    await store.create_tenant("acme")
    return store


async def _track(store: RegistryStore, count: int, *, every_s: int) -> None:
    for n in range(count):
        choice = SourceChoice(provider="alpha", every_s=every_s)
        await store.add_account("acme", f"eip155:1:0x{n:040x}", sources=[choice])


async def _jobs(connection: Connection) -> list[FetchRequested]:
    """Everything in the stream; nothing consumes it in these tests."""
    last = (await connection.js.stream_info(JOBS)).state.last_seq
    jobs = []
    for sequence in range(1, last + 1):
        with contextlib.suppress(NotFoundError):
            message = await connection.js.get_msg(JOBS, seq=sequence)
            jobs.append(decode(message.data or b"", FetchRequested))
    return jobs


async def _until(condition: Callable[[], bool | Awaitable[bool]], *, deadline_s: float = 20) -> None:
    async with asyncio.timeout(deadline_s):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _running(settings: NatsSettings, count: int = 1) -> AsyncIterator[list[SchedulerApp]]:
    apps = [build_app(SETTINGS, settings) for _ in range(count)]
    tasks = [asyncio.create_task(app.run()) for app in apps]
    try:
        yield apps
    finally:
        for app in apps:
            app.stop()
        await asyncio.gather(*tasks)


async def test_what_is_due_is_published_once(
    connection: Connection, store: RegistryStore, nats_settings: NatsSettings
) -> None:
    await _track(store, 5, every_s=86_400)

    async with _running(nats_settings) as [app]:
        await _until(lambda: not app.health.waiting_for)
        await _until(lambda: _count_reached(connection, 5))

    jobs = await _jobs(connection)
    schedules = {schedule.target: schedule for schedule in schedules_of(await store.read())}
    assert len(jobs) == 5
    assert all(job.slot == newest_slot(schedules[job.target], job.requested_at) for job in jobs)
    assert {job.lane for job in jobs} == {"due"}


async def _count_reached(connection: Connection, count: int) -> bool:
    return bool((await connection.js.stream_info(JOBS)).state.messages >= count)


async def test_two_schedulers_publish_each_slot_once_through_the_death_of_nats(
    connection: Connection, store: RegistryStore, nats_settings: NatsSettings, nats_server: NatsServer
) -> None:
    await _track(store, 20, every_s=1)

    async with _running(nats_settings, 2):
        await _until(lambda: _count_reached(connection, 60))
        nats_server.kill()
        await asyncio.sleep(1.5)  # the outage itself
        nats_server.start()
        restarted_at = SystemClock().now()
        await _until(lambda: _all_published_since(connection, restarted_at, 20), deadline_s=40)

    jobs = await _jobs(connection)
    times_published = Counter((job.target, job.slot) for job in jobs)
    assert [slot for slot, times in times_published.items() if times > 1] == []
    slots = sorted(job.slot for job in jobs if job.target == jobs[0].target)
    assert all(b - a >= timedelta(seconds=1) for a, b in pairwise(slots))


async def _all_published_since(connection: Connection, since: datetime, count: int) -> bool:
    with contextlib.suppress(nats.errors.Error, TimeoutError):  # it may be starting still
        return len({job.target for job in await _jobs(connection) if job.slot > since}) == count
    return False


async def test_a_full_stream_holds_jobs_back_and_loses_none(
    connection: Connection, store: RegistryStore, nats_settings: NatsSettings
) -> None:
    await _track(store, 6, every_s=86_400)
    config = (await connection.js.stream_info(JOBS)).config
    await connection.js.update_stream(config.evolve(max_msgs=2))
    rounds, book = _rounds(connection, store, "one")
    book.start()
    await _until(lambda: book.current)

    first = await rounds(await store.read())
    assert (first.planned, first.published, first.refused) == (6, 2, True)
    assert all(cursor.published for cursor in book.cursors.values())

    await connection.js.update_stream(config.evolve(max_msgs=-1))
    second = await rounds(await store.read())
    await book.stop()
    assert (second.planned, second.published, second.refused) == (4, 4, False)
    assert len({job.id for job in await _jobs(connection)}) == 6


async def test_an_abandoned_claim_is_taken_over_under_the_same_id(connection: Connection, store: RegistryStore) -> None:
    await _track(store, 1, every_s=86_400)
    [schedule] = schedules_of(await store.read())
    _, dead = _rounds(connection, store, "dead")
    slot = newest_slot(schedule, SystemClock().now())
    await dead.claim(schedule.identity, slot, replacing=None)
    rounds, book = _rounds(connection, store, "alive", takeover_after=timedelta(seconds=1))
    book.start()
    await _until(lambda: book.current)

    assert (await rounds(await store.read())).planned == 0
    state = await store.read()
    await _until(lambda: _published_one(rounds, state))
    await book.stop()

    [job] = await _jobs(connection)
    assert job.slot == slot
    assert book.cursors[schedule.identity].published


async def _published_one(rounds, state) -> bool:  # type: ignore[no-untyped-def]
    return (await rounds(state)).published == 1


async def test_a_removed_account_is_fetched_no_more(connection: Connection, store: RegistryStore) -> None:
    await _track(store, 1, every_s=1)
    await store.remove_account("acme", f"eip155:1:0x{0:040x}")
    rounds, book = _rounds(connection, store, "one")
    book.start()
    await _until(lambda: book.current)
    assert (await rounds(await store.read())).planned == 0
    await book.stop()


async def test_a_fetch_now_overtakes_in_its_own_lane(connection: Connection, store: RegistryStore) -> None:
    await _track(store, 1, every_s=86_400)
    now = SystemClock().now()
    account = f"eip155:1:0x{0:040x}"

    requests = requests_now(await store.read(), "acme", account, now=now)
    again = requests_now(await store.read(), "acme", account, now=now)
    stored = await Publisher(connection.js, producer="test", clock=SystemClock()).publish(requests[0])

    assert [(job.lane, job.target, job.scope) for job in requests] == [("now", account, "wallet")]
    assert [job.id for job in requests] == [job.id for job in again]
    message = await connection.js.get_msg(JOBS, seq=stored.sequence)
    assert message.subject == "jobs.now.alpha.balances"


async def test_a_scheduler_that_never_found_nats_stops_when_told(nats_settings: NatsSettings) -> None:
    app = build_app(SETTINGS, NatsSettings(url="nats://127.0.0.1:1"))
    task = asyncio.create_task(app.run())
    await _until(lambda: "nats" in app.health.waiting_for)
    app.stop()
    await asyncio.wait_for(task, 5)


def _rounds(
    connection: Connection, store: RegistryStore, owner: str, *, takeover_after: timedelta = timedelta(minutes=1)
):  # type: ignore[no-untyped-def]
    """A function that runs one round on a state, and the book it works with."""
    clock = SystemClock()
    book = CursorBook(connection.js, owner=owner, clock=clock, check_every_s=0.2)

    async def run(state):  # type: ignore[no-untyped-def]
        rounds = Rounds(
            state=lambda: state,
            book=book,
            publisher=Publisher(connection.js, producer="test", clock=clock, deadline_s=5),
            clock=clock,
            owner=owner,
            takeover_after=takeover_after,
            concurrency=1,
        )
        return await rounds.run()

    return run, book
