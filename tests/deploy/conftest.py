"""The deployed server, started for one test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.messaging.streams import migrate
from tests.deploy.deployed_nats import PROVIDERS, DeployedNats


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DeployedNats]:
    started = DeployedNats(tmp_path)
    yield started
    started.child.stop()


@pytest.fixture
async def migrated(server: DeployedNats) -> DeployedNats:
    async with server.connected("migrate") as connection:
        await migrate(connection.js, PROVIDERS)
        assert await migrate(connection.js, PROVIDERS) == []
    return server
