"""One migrated database for all examples of a module: each begins by emptying it."""

import asyncio

import pytest

from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import connect
from holdfast.warehouse.migrator import migrate
from tests.support.servers import ClickHouseServer


@pytest.fixture(scope="session")
def tables(clickhouse_server: ClickHouseServer) -> ClickHouseSettings:
    settings = clickhouse_server.settings("history")

    async def prepare() -> None:
        warehouse = await connect(settings)
        await migrate(warehouse)
        await warehouse.close()

    asyncio.run(prepare())
    return settings
