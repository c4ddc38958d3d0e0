"""One simulator for the session, put back to a frozen instant, without faults, for each test."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from services.simulator.settings import SimulatorSettings
from tests.simulator.running import running
from tests.support.clients import http_client

FROZEN_AT = datetime(2026, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC)


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with running(SimulatorSettings(port=0, okx_requests_per_second=0, coingecko_requests_per_minute=0)) as base_url:
        yield base_url


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(url, timeout=20) as http:
        await http.post("/_clock", json={"at": FROZEN_AT.isoformat(), "rate": 1, "frozen": True})
        await http.delete("/_knobs")
        await http.delete("/_log")
        yield http
