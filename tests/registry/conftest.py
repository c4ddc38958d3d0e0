"""A migrated server, a clock that stands still, and a store on both."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.streams import migrate
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import NatsSettings
from tests.registry.catalogue import CATALOGUE


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await connect(nats_settings, name="test-registry")
    await migrate(opened.js, [])
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def store(connection: Connection, clock: StoppedClock) -> RegistryStore:
    return RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE)
