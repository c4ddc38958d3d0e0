"""A running simulator with a frozen clock, and a client of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from services.simulator.settings import SimulatorSettings
from tests.simulator.running import running

FROZEN_AT = datetime(2026, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    settings = SimulatorSettings(port=0, clock_start=FROZEN_AT, clock_frozen=True, okx_requests_per_second=0)
    async with running(settings) as base_url:
        yield base_url


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield http
