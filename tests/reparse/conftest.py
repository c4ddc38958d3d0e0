"""A system with a past, for every test of reading it again."""

from collections.abc import AsyncIterator

import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings import Configuration
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from tests.reparse.market import URL
from tests.reparse.past import Past, case


@pytest.fixture
async def past(
    warehouse: Warehouse, nats_settings: NatsSettings, clickhouse_settings: ClickHouseSettings
) -> AsyncIterator[Past]:
    connection = await connect(nats_settings, name="test-reparse")
    await migrate(connection.js, [])
    configuration = Configuration(
        {
            "nats": {"url": nats_settings.url},
            "clickhouse": {
                "url": clickhouse_settings.url,
                "database": clickhouse_settings.database,
                "user": clickhouse_settings.user,
                "password": clickhouse_settings.password.reveal(),
            },
            "providers": {"okx": case().settings, "prices": {"url": URL}},
        }
    )
    yield Past(warehouse, connection, configuration)
    await connection.close()
