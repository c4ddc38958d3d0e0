"""The services of docs/examples, run as they are, against a real server: repetition, order, replay, a lost consumer."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from holdfast.domain.time import SystemClock
from holdfast.events import PortfolioRevalued
from holdfast.events.codec import decode
from holdfast.events.examples import load_examples
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings
from tests.support.children import Child

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SERVICES = ("faststream_totals", "nats_totals")
HOUR = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDINARY = decode(load_examples("portfolios.revalued.v1")["ordinary"], PortfolioRevalued)


def change(portfolio: str, net: str, *, hour: int, version: int, tenant: str = "acme") -> PortfolioRevalued:
    identity = f"{hash((portfolio, net, hour, version, tenant)) & (2**128 - 1):032x}"
    return replace(
        ORDINARY,
        id=identity,
        tenant=tenant,
        portfolio=portfolio,
        bucket=HOUR + timedelta(hours=hour),
        version=str(version),
        currency="iso4217:USD",
        net=Decimal(net),
    )


def line(portfolio: str, net: str, *, hour: int) -> str:
    return f"{portfolio} {(HOUR + timedelta(hours=hour)).isoformat()} {net} iso4217:USD"


@pytest.fixture
async def publisher(nats_settings: NatsSettings) -> AsyncIterator[tuple[Connection, Publisher]]:
    connection = await connect(nats_settings, name="test-examples")
    await migrate(connection.js, [])
    yield connection, Publisher(connection.js, producer="aggregator", clock=SystemClock())
    await connection.close()


class Services:
    """Starts them, and ends what it started."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._children: list[Child] = []

    @property
    def database(self) -> Path:
        return self._folder / "totals.db"

    def start(self, name: str, **environment: str) -> Child:
        settings = {
            "NATS_URL": self._url,
            "TENANT": "acme",
            "TOTALS_DB": str(self.database),
            "PYTHONPATH": os.pathsep.join(("libs", os.environ.get("PYTHONPATH", ""))).strip(os.pathsep),
            **environment,
        }
        log = self._folder / f"{name}-{len(self._children)}.log"
        self._children.append(Child([sys.executable, str(EXAMPLES / f"{name}.py")], log=log, environment=settings))
        return self._children[-1]

    def stop(self) -> None:
        for child in self._children:
            child.kill()


@pytest.fixture
def services(nats_settings: NatsSettings, tmp_path: Path) -> Iterator[Services]:
    started = Services(nats_settings.url, tmp_path)
    yield started
    started.stop()


async def said(child: Child, *lines: str) -> list[str]:
    """All that it has said once it has said these."""

    def printed() -> list[str]:
        return [text for text in child.output.splitlines() if text.endswith(" iso4217:USD")]

    await asyncio.to_thread(child.wait_until, lambda: set(lines) <= set(printed()), what=f"{lines} of {child.output}")
    return printed()


@pytest.mark.parametrize("name", SERVICES)
async def test_the_view_has_the_best_version_of_each_hour_whatever_comes_twice_or_late(
    name: str, services: Services, publisher: tuple[Connection, Publisher]
) -> None:
    _, publishing = publisher
    await publishing.publish_many([
        change("family", "100", hour=0, version=9),
        change("others", "7", hour=0, version=1, tenant="zen"),
    ])  # fmt: skip
    child = services.start(name)
    await said(child, line("family", "100", hour=0))
    # Of what a service takes at once it may handle any first.
    await publishing.publish_many([
        change("family", "90", hour=0, version=10),
        change("family", "80", hour=0, version=2),
    ])  # fmt: skip
    assert await said(child, line("family", "90", hour=0)) == [
        line("family", "100", hour=0),
        line("family", "90", hour=0),
    ], "as a number, 10 is greater than 9; what is late or another tenant's changes nothing"
    await publishing.publish_many([
        change("fund", "1000000000000000000000000000000.000000000000000000000000000000000001", hour=0, version=1),
        change("family", "95", hour=1, version=1),
    ])  # fmt: skip
    exact = "1000000000000000000000000000000.000000000000000000000000000000000001"
    assert len(await said(child, line("fund", exact, hour=0), line("family", "95", hour=1))) == 4


@pytest.mark.parametrize("name", SERVICES)
async def test_it_is_replayed_from_a_time(
    name: str, services: Services, publisher: tuple[Connection, Publisher]
) -> None:
    _, publishing = publisher
    early, late = line("school", "1", hour=0), line("family", "2", hour=0)
    await publishing.publish(change("school", "1", hour=0, version=1))
    since = datetime.now(UTC)
    await publishing.publish(change("family", "2", hour=0, version=2))
    child = services.start(name, SINCE=since.isoformat(), REPLAY_FROM=since.isoformat())
    assert await said(child, late) == [late]
    everything = services.start(name, TOTALS_DB=str(services.database.with_name("all.db")))
    assert sorted(await said(everything, early, late)) == [late, early]


async def test_the_durable_one_goes_on_where_it_stopped_with_the_view_it_had(
    services: Services, publisher: tuple[Connection, Publisher]
) -> None:
    connection, publishing = publisher
    await publishing.publish(change("family", "1", hour=0, version=1))
    first = services.start("faststream_totals")
    await said(first, line("family", "1", hour=0))
    await _until_acknowledged(connection)
    assert first.stop() == 0
    await publishing.publish(change("fund", "2", hour=0, version=1))
    second = services.start("faststream_totals")
    assert await said(second, line("fund", "2", hour=0)) == [line("fund", "2", hour=0)]
    rows = sqlite3.connect(services.database).execute("SELECT portfolio, net FROM totals ORDER BY portfolio")
    assert rows.fetchall() == [("family", "1"), ("fund", "2")]


async def test_the_one_in_memory_goes_on_when_its_consumer_is_lost(
    services: Services, publisher: tuple[Connection, Publisher]
) -> None:
    connection, publishing = publisher
    await publishing.publish(change("family", "1", hour=0, version=1))
    child = services.start("nats_totals")
    await said(child, line("family", "1", hour=0))
    for consumer in await connection.js.consumers_info("PORTFOLIOS"):
        await connection.js.delete_consumer("PORTFOLIOS", consumer.name)
    await publishing.publish(change("family", "2", hour=0, version=2))
    assert await said(child, line("family", "2", hour=0)) == [
        line("family", "1", hour=0),
        line("family", "2", hour=0),
    ], "nothing is missing and nothing came twice"


@pytest.mark.parametrize("name", SERVICES)
async def test_what_cannot_be_read_is_left_out_and_the_rest_goes_on(
    name: str, services: Services, publisher: tuple[Connection, Publisher]
) -> None:
    connection, publishing = publisher
    await connection.js.publish("portfolios.revalued.v1.acme", b'{"net": "a lot"}')
    await publishing.publish(change("family", "1", hour=0, version=1))
    child = services.start(name)
    await said(child, line("family", "1", hour=0))
    assert "left out" in child.output


async def _until_acknowledged(connection: Connection) -> None:
    async with asyncio.timeout(20):
        while (await connection.js.consumer_info("PORTFOLIOS", "totals")).num_ack_pending:
            await asyncio.sleep(0.02)
