"""Servers for every suite: one NATS and one ClickHouse per test process, a clean slate per test."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import nats
import pytest

from holdfast import providers
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse, connect
from tests.support.anvil import Anvil, AnvilUnavailableError
from tests.support.database import Migrated, build_database, empty_database
from tests.support.longest import LONGEST
from tests.support.scratch import scratch_folder
from tests.support.servers import ClickHouseServer, ImagesUnavailable, NatsServer, build_clickhouse, build_nats

ServerT = TypeVar("ServerT", NatsServer, ClickHouseServer)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--containers",
        action="store_true",
        help="run against the official NATS and ClickHouse images (needs Docker) instead of the embedded servers",
    )


@pytest.hookimpl(optionalhook=True)  # make chaos runs without xdist
def pytest_xdist_auto_num_workers() -> int:
    """Of `make test`: half as many again as there are cores. The tests wait for servers half of their time."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: `make test` hands files out in this order, and whatever begins last is waited for."""
    tests = Path(__file__).parent
    turns = {tests / name: turn for turn, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.path, len(turns)))


@pytest.fixture(scope="module", autouse=True)
def only_our_providers() -> Iterator[None]:
    """Providers that a module registered for its tests are forgotten after it."""
    before = list(providers.__path__)
    yield
    providers.__path__[:] = before


@pytest.fixture(scope="session")
def nats_server(request: pytest.FixtureRequest) -> Iterator[NatsServer]:
    """A running NATS server with JetStream."""
    with scratch_folder("nats") as folder:
        server = _started(lambda: build_nats(folder, containers=_containers(request)))
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
def clickhouse_server(request: pytest.FixtureRequest) -> Iterator[ClickHouseServer]:
    """A running ClickHouse."""
    with scratch_folder("clickhouse") as folder:
        server = _started(lambda: build_clickhouse(folder, containers=_containers(request)))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_database(clickhouse_server: ClickHouseServer) -> Migrated:
    """A database of this test process with every migration applied: once, because it takes seconds."""
    return asyncio.run(build_database(clickhouse_server.settings(f"test_{secrets.token_hex(6)}")))


@pytest.fixture
async def clickhouse_settings(migrated_database: Migrated) -> ClickHouseSettings:
    """The migrated database, as it was then: rows and tables of the test before are gone."""
    await empty_database(migrated_database)
    return migrated_database.settings


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    """A connection to the empty database."""
    opened = await connect(clickhouse_settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    """A chain of the module's own, with nothing on it. Where no node can be had its tests fail and say why."""
    try:
        node = Anvil(tmp_path_factory.mktemp("anvil"))
    except AnvilUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    yield node
    node.stop()


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
