"""The aggregator as it runs: whole processes, real servers, killed at will."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from holdfast.events import PortfolioRevalued
from holdfast.events.codec import decode
from holdfast.messaging.connection import Connection
from holdfast.messaging.dead_letters import list_letters
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from tests.aggregator.stage import (
    aggregator,
    assert_right,
    declared,
    drained,
    eventually,
    publish,
    register,
    snapshots,
    stored_snapshots,
)
from tests.support.children import Child
from tests.support.redelivery import let_ack_wait_pass
from tests.support.servers import NatsServer

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await declared(nats_settings)
    yield opened
    await opened.close()


async def _settled(connection: Connection, warehouse: Warehouse, count: int) -> None:
    async def done() -> bool:
        return await drained(connection) and len(await stored_snapshots(warehouse)) >= count

    await eventually(done, what=f"{count} snapshots stored and acknowledged", deadline_s=120)

    async def projected() -> bool:
        return bool(await warehouse.rows("SELECT 1 FROM settled_portfolios HAVING count(DISTINCT portfolio) = 2"))

    await eventually(projected, what="both portfolios settled")


async def test_three_replicas_side_by_side_store_and_total_everything_once(
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    events = snapshots(240, sources=20)
    belongs = await register(connection, 20)
    replicas = [
        aggregator(nats_settings, clickhouse_settings, tmp_path / f"{n}.log", batch_messages=30) for n in range(3)
    ]
    try:
        shuffled = random.Random(7).sample(events, len(events))
        await publish(connection, shuffled)
        await _settled(connection, warehouse, len(events))
        await assert_right(warehouse, events, belongs)
        assert [replica.stop() for replica in replicas] == [0, 0, 0]
    finally:
        for replica in replicas:
            replica.kill()


async def test_a_kill_at_any_moment_loses_nothing_and_doubles_nothing(
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    events = snapshots(300, sources=10)
    belongs = await register(connection, 10)
    await publish(connection, events)
    chance = random.Random(11)
    for turn in range(2):
        before = await stored_snapshots(warehouse)
        victim = aggregator(nats_settings, clickhouse_settings, tmp_path / f"{turn}.log", batch_messages=30)

        async def moved(before: set[str] = before) -> bool:
            return await stored_snapshots(warehouse) != before

        # From the moment its first rows are there on it is between insert and acknowledgement, or just after one.
        await eventually(moved, what="the victim's first rows", every_s=0.1)
        await asyncio.sleep(chance.random() / 4)
        victim.kill()
    await let_ack_wait_pass(connection.js, stream="EVENTS", consumer="aggregator")
    survivor = aggregator(nats_settings, clickhouse_settings, tmp_path / "last.log", batch_messages=100)
    try:
        await _settled(connection, warehouse, len(events))
        await assert_right(warehouse, events, belongs)
        assert survivor.stop() == 0
    finally:
        survivor.kill()


async def test_closed_days_are_worked_out_through_kills_and_by_replicas_at_once(
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    days, closed = 4, "SELECT count() FROM (SELECT DISTINCT portfolio, day FROM closed_days WHERE span = 'all')"
    await register(connection, 3)
    await publish(connection, snapshots(12, sources=3))

    def start(name: str) -> Child:
        often = {"closing__every_s": 0.2, "closing__days": days, "closing__share": 1}
        return aggregator(nats_settings, clickhouse_settings, tmp_path / f"{name}.log", **often)

    victim = start("victim")
    await eventually(lambda: _holds(warehouse, f"({closed}) > 1"), what="some days closed", every_s=0.1)
    victim.kill()
    replicas = [start("one"), start("other")]
    try:
        await eventually(lambda: _holds(warehouse, f"({closed}) = {2 * days}"), what="all days closed", deadline_s=60)
        said = await warehouse.rows(
            "SELECT reason, count(DISTINCT portfolio, day) FROM portfolio_returns "
            "WHERE method = 'simple' AND span = 'all' GROUP BY reason"
        )
        assert said == [("no_price", 2 * days)], "what was held months ago has no price now"
        assert [replica.stop() for replica in replicas] == [0, 0]
    finally:
        for replica in replicas:
            replica.kill()


async def _holds(warehouse: Warehouse, condition: str) -> bool:
    return bool(await warehouse.value(f"SELECT {condition}"))


async def test_a_bad_message_among_good_ones_is_set_aside_alone_and_listeners_hear_every_point(
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    events = snapshots(40, sources=4)
    belongs = await register(connection, 4)
    subject = "balances.observed.v1.acme.alpha"
    await publish(connection, events[:10])
    await connection.js.publish(subject, b'{"id": "half a mess')
    await connection.js.publish(subject, msgspec.json.encode(events[0]).replace(b'"1"', b'"NaN"'))
    await connection.js.publish("balances.observed.v1.other.alpha", msgspec.json.encode(events[0]))
    await publish(connection, events[10:])
    process = aggregator(nats_settings, clickhouse_settings, tmp_path / "aggregator.log", batch_messages=8)
    try:
        await _settled(connection, warehouse, len(events))
        await assert_right(warehouse, events, belongs)
        letters = await list_letters(connection.js)
        assert sorted((letter.death.reason, letter.death.sequence) for letter in letters) == [
            ("InvalidMessage", 12),
            ("Undecodable", 11),
            ("WrongSubject", 13),
        ]

        async def projected() -> bool:
            return len(await warehouse.rows("SELECT origin_seq FROM dead_letters FINAL")) == 3

        await eventually(projected, what="dead letters in SQL")
        await _assert_last_values_were_told(connection, warehouse)
        assert process.stop() == 0
    finally:
        process.kill()


async def test_nats_killed_under_load_loses_nothing(  # noqa: PLR0917
    connection: Connection,
    nats_settings: NatsSettings,
    nats_server: NatsServer,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    events = snapshots(240, sources=8)
    belongs = await register(connection, 8)
    process = aggregator(nats_settings, clickhouse_settings, tmp_path / "aggregator.log", batch_messages=20)
    try:
        publishing = asyncio.create_task(publish(connection, events))

        async def started() -> bool:
            return bool(await stored_snapshots(warehouse))

        await eventually(started, what="the first rows")
        nats_server.kill()
        nats_server.start()
        await publishing
        await _settled(connection, warehouse, len(events))
        await assert_right(warehouse, events, belongs)
        assert process.stop() == 0
    finally:
        process.kill()


async def _assert_last_values_were_told(connection: Connection, warehouse: Warehouse) -> None:
    heard: dict[tuple[str, object], PortfolioRevalued] = {}
    last = (await connection.js.stream_info("PORTFOLIOS")).state.last_seq
    for sequence in range(1, last + 1):
        event = decode((await connection.js.get_msg("PORTFOLIOS", seq=sequence)).data or b"", PortfolioRevalued)
        key = (event.portfolio, event.bucket)
        if key not in heard or int(event.version) >= int(heard[key].version):
            heard[key] = event
    rows = await warehouse.rows("SELECT portfolio, bucket, net, version FROM portfolio_totals FINAL")
    assert {(name, at): (net, version) for name, at, net, version in rows} == {
        key: (event.net, int(event.version)) for key, event in heard.items()
    }
