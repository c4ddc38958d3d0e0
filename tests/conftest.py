"""Servers for every suite: one NATS and one ClickHouse per test process, a clean slate per test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import nats
import pytest

from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.migrator import migrate
from tests.support.servers import ClickHouseServer, ImagesUnavailable, NatsServer, build_clickhouse, build_nats

ServerT = TypeVar("ServerT", NatsServer, ClickHouseServer)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--containers",
        action="store_true",
        help="run against the official NATS and ClickHouse images (needs Docker) instead of the embedded servers",
    )


@pytest.fixture(scope="session")
def nats_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A running NATS server with JetStream."""
    server = _started(lambda: build_nats(tmp_path_factory.mktemp("nats"), containers=_containers(request)))
    yield server
    server.stop()


@pytest.fixture
async def nats_settings(nats_server: NatsServer) -> NatsSettings:
    """Where the server is; every stream and bucket of the test before is gone."""
    settings = nats_server.settings
    connection = await nats.connect(settings.url)
    try:
        stream_names = [info.config.name for info in await connection.jetstream().streams_info()]
        for name in stream_names:
            await connection.jetstream().delete_stream(str(name))
    finally:
        await connection.close()
    return settings


@pytest.fixture(scope="session")
def clickhouse_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClickHouseServer]:
    """A running ClickHouse."""
    server = _started(lambda: build_clickhouse(tmp_path_factory.mktemp("clickhouse"), containers=_containers(request)))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_settings(clickhouse_server: ClickHouseServer) -> ClickHouseSettings:
    """A database of this test process with every migration applied: once, because each takes a second."""
    settings = clickhouse_server.settings(f"test_{secrets.token_hex(6)}")
    asyncio.run(_migrate(settings))
    return settings


@pytest.fixture
async def clickhouse_settings(migrated_settings: ClickHouseSettings) -> ClickHouseSettings:
    """The migrated database, empty: what the test before left in its tables is gone."""
    warehouse = await connect(migrated_settings)
    try:
        for (table,) in await warehouse.rows(_NOT_EMPTY, {"database": migrated_settings.database}):
            await warehouse.command("TRUNCATE TABLE {table:Identifier} SYNC", {"table": table})
    finally:
        await warehouse.close()
    return migrated_settings


_NOT_EMPTY = """
SELECT name FROM system.tables
WHERE database = {database:String} AND engine LIKE '%MergeTree' AND total_rows > 0 AND name != 'schema_migrations'"""


async def _migrate(settings: ClickHouseSettings) -> None:
    warehouse = await connect(settings)
    try:
        await migrate(warehouse)
    finally:
        await warehouse.close()


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    """A connection to the empty database."""
    opened = await connect(clickhouse_settings)
    yield opened
    await opened.close()


def _containers(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--containers"))


def _started(build: Callable[[], ServerT]) -> ServerT:
    """Never skips: who asked for the images is told why they cannot be had, and the tests fail."""
    reason = ""
    try:
        server = build()
        server.start()
    except ImagesUnavailable as error:
        reason = str(error)
    if reason:
        pytest.fail(reason, pytrace=False)
    return server
