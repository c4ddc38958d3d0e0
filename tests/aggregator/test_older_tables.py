"""An aggregator newer than the tables: started before `holdfast migrate`, or beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.messaging.connection import Connection
from holdfast.messaging.dead_letters import list_letters
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from tests.aggregator.stage import aggregator, assert_right, declared, drained, eventually, publish, register, snapshots

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await declared(nats_settings)
    yield opened
    await opened.close()


async def test_tables_of_another_version_are_waited_for_and_no_message_is_set_aside(
    connection: Connection,
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    events = snapshots(20, sources=4)
    belongs = await register(connection, 4)
    await publish(connection, events)
    await warehouse.command("ALTER TABLE snapshots DROP COLUMN holdings")
    process = aggregator(nats_settings, clickhouse_settings, tmp_path / "aggregator.log")

    async def says_so() -> bool:
        return "run `holdfast migrate`" in process.output

    async def all_done() -> bool:
        return await drained(connection)

    try:
        await eventually(says_so, what="it says what to do")
        assert not await drained(connection)
        await warehouse.command(
            "ALTER TABLE snapshots ADD COLUMN holdings SimpleAggregateFunction(max, String) AFTER copies"
        )
        await eventually(all_done, what="it goes on by itself")
        assert await list_letters(connection.js) == []
        await assert_right(warehouse, events, belongs)
        assert process.stop() == 0
    finally:
        process.kill()
