"""Seconds of what `make chaos` does for minutes, where no part's own tests do it: the aggregator as a process.

Kills, poison and a dying NATS are in tests/aggregator, tests/worker and tests/scheduler; lost answers to
publishes in tests/messaging.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from holdfast.messaging.connection import Connection
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from tests.aggregator.stage import (
    aggregator,
    assert_right,
    declared,
    drained,
    publish,
    register,
    snapshots,
    stored_snapshots,
)
from tests.faults.thief import Thief
from tests.support.pipeline import until
from tests.support.proxies import HttpProxy, NatsProxy

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await declared(nats_settings)
    yield opened
    await opened.close()


async def test_an_aggregator_that_is_asked_to_stop_gives_back_what_it_has_not_done(
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    """Fault 14. Given back, not left to AckWait: that is a minute, and the next one may begin at once."""
    events = snapshots(400, sources=10)
    belongs = await register(connection, 10)
    await publish(connection, events)

    async def begun() -> bool:
        return bool(await stored_snapshots(warehouse))

    first = aggregator(nats_settings, clickhouse_settings, tmp_path / "first.log", batch_messages=20)
    try:
        await until(begun, what="its first rows", deadline_s=60)
        assert first.stop() == 0
    finally:
        first.kill()
    left = (await connection.js.consumer_info("EVENTS", "aggregator")).num_pending
    assert left, "it stopped in the middle"

    second = aggregator(nats_settings, clickhouse_settings, tmp_path / "second.log")
    try:
        await until(lambda: drained(connection), what="the rest, well within AckWait", deadline_s=45)
        assert second.stop() == 0
    finally:
        second.kill()
    await assert_right(warehouse, events, belongs)


@pytest.mark.parametrize("kinds", [{"publish": 2, "insert": 4}, {"ack": 50}])
async def test_what_was_done_but_not_answered_changes_nothing_when_repeated(  # noqa: PLR0917
    kinds: dict[str, int],
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    """Fault 16, on publish, insert and ack."""
    events = snapshots(120, sources=6)
    belongs = await register(connection, 6)
    await publish(connection, events)
    thief = Thief(most=1, **kinds)
    nats = NatsProxy(_port(nats_settings.url), thief.on_frame)
    clickhouse = HttpProxy(_port(clickhouse_settings.url), thief.on_inserted)
    for proxy in (nats, clickhouse):
        await proxy.start()
    process = aggregator(
        msgspec.structs.replace(nats_settings, url=f"nats://127.0.0.1:{nats.port}"),
        msgspec.structs.replace(clickhouse_settings, url=f"http://127.0.0.1:{clickhouse.port}"),
        tmp_path / "aggregator.log",
        batch_messages=40,
    )

    async def done() -> bool:
        return await drained(connection) and len(await stored_snapshots(warehouse)) == len(events)

    try:
        await until(done, what="all is stored and acknowledged", deadline_s=120)
        assert process.stop() == 0
    finally:
        process.kill()
        for proxy in (nats, clickhouse):
            await proxy.stop()
    assert thief.stolen.keys() == kinds.keys()
    await assert_right(warehouse, events, belongs)


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
