"""A migrated server and a connection to it."""

from collections.abc import AsyncIterator

import pytest

from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    """Connected, nothing declared yet."""
    opened = await connect(nats_settings, name="test")
    yield opened
    await opened.close()


@pytest.fixture
async def migrated(connection: Connection) -> Connection:
    """Connected, everything declared, for one provider `acme`."""
    await migrate(connection.js, ["acme"])
    return connection
