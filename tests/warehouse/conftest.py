"""The embedded endpoint itself, whatever server the other suites run against."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.clients import http_client
from tests.support.servers import ANALYST, ANALYST_PASSWORD, OWNER, OWNER_PASSWORD, EmbeddedClickHouse


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A running endpoint with one table in its own database and one in a database the analyst has no part in."""
    server = EmbeddedClickHouse(
        tmp_path_factory.mktemp("embedded"),
        environment={
            "HOLDFAST_EMBEDDED__ANALYST_MEMORY_BYTES": str(200 << 20),
            "HOLDFAST_EMBEDDED__ANALYST_SECONDS": "3",
        },
    )
    server.start()
    try:
        with httpx.Client(base_url=server.url, auth=(OWNER, OWNER_PASSWORD)) as owner:
            for sql in (
                "CREATE TABLE holdfast.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a",
                "INSERT INTO holdfast.t SELECT number, 'open' FROM numbers(3)",
                "CREATE DATABASE other ENGINE = Atomic",
                "CREATE TABLE other.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a",
                "CREATE TABLE other.joined (a UInt64, s String) ENGINE = Join(ANY, LEFT, a)",
                "INSERT INTO other.t VALUES (1, 'TOPSECRET')",
                "INSERT INTO other.joined VALUES (1, 'TOPSECRET')",
            ):
                owner.post("/", content=sql).raise_for_status()
        yield server
    finally:
        server.stop()


@pytest.fixture
async def owner(embedded: EmbeddedClickHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(embedded.url, auth=(OWNER, OWNER_PASSWORD), timeout=30) as client:
        yield client


@pytest.fixture
async def analyst(embedded: EmbeddedClickHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(embedded.url, auth=(ANALYST, ANALYST_PASSWORD), timeout=30) as client:
        yield client
