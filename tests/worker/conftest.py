from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings
from tests.worker.stage import Stage


@pytest.fixture
async def stage(nats_settings: NatsSettings, tmp_path: Path) -> AsyncIterator[Stage]:
    connection = await connect(nats_settings, name="stage")
    await migrate(connection.js, ["faker"])
    built = Stage(connection, nats_settings.url, tmp_path)
    await built.store.create_tenant("acme")
    yield built
    built.kill_children()
    await connection.close()
