"""`holdfast backfill`: asks for what is missing, and follows it to its end."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import SystemClock
from holdfast.events import FetchFinished
from holdfast.events.codec import decode
from holdfast.events.examples import load_examples
from holdfast.messaging.bucket import Bucket
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.declarations import CURSORS
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.discovery import discover
from holdfast.registry import pasts
from holdfast.registry.backfills import KIND, Backfill, unpublished
from holdfast.registry.backfills import decode as decode_record
from holdfast.registry.commands import SourceChoice
from holdfast.registry.kv_keys import to_key
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import connect as connect_warehouse
from holdfast.warehouse.writer import write
from services.aggregator.event_rows import to_fetch_row
from tests.support.children import Child
from tests.support.commands import holdfast, said

WALLET = "eip155:1:0x742d35cc6634c0532925a3b844bc454e4438f44e"
RANGE = ("--from", "2026-02-26", "--to", "2026-02-28")


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await connect(nats_settings, name="test-backfill")
    catalogue = {name: module.manifest for name, module in discover().items()}
    await migrate(opened.js, sorted(catalogue))
    store = RegistryStore(opened.js, clock=SystemClock(), catalogue=catalogue)
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET, sources=[SourceChoice(provider="evm")])
    await Bucket(opened.js, CURSORS).write(pasts.key_of("evm"), pasts.encode(("eip155:1:",)))
    yield opened
    await opened.close()


@pytest.fixture
def system(nats_settings: NatsSettings, clickhouse_settings: ClickHouseSettings) -> dict[str, str]:
    return {
        "HOLDFAST_NATS__URL": nats_settings.url,
        "HOLDFAST_CLICKHOUSE__URL": clickhouse_settings.url,
        "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse_settings.database,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse_settings.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse_settings.password.reveal(),
    }


def day(number: int) -> JobWindow:
    """A window of the evm provider: 24 hours."""
    start = datetime(2026, 2, number, tzinfo=UTC)
    return JobWindow(start=start, end=start.replace(hour=23), every_s=3600)


async def noted(connection: Connection) -> list[JobWindow]:
    key = to_key(KIND, ("acme", "evm", "balances", WALLET, "wallet"))
    entries = [entry for entry in (await Bucket(connection.js, CURSORS).read())[0] if entry.key == key]
    record: Backfill | None = decode_record(entries[-1].value or b"") if entries else None
    return list(unpublished(record))


def finished(window: JobWindow, job: str) -> FetchFinished:
    ordinary = decode(load_examples("fetches.finished.v1")["window"], FetchFinished)
    named: dict[str, Any] = {"provider": "evm", "target": WALLET, "scope": "wallet", "feed": "balances"}
    return replace(ordinary, id=job, job_id=job, window=window, tenant="acme", **named)


async def test_what_is_fetched_or_asked_for_already_is_not_asked_for_again(
    connection: Connection, system: dict[str, str], clickhouse_settings: ClickHouseSettings, tmp_path: Path
) -> None:
    warehouse = await connect_warehouse(clickhouse_settings)
    await write(warehouse, [to_fetch_row(finished(day(27), "a" * 32), recorded_at=day(27).end)])
    await warehouse.close()

    def run(*words: str) -> Any:
        return said(holdfast("backfill", WALLET, *words, "--json", settings=system, folder=tmp_path))

    (asked,) = run(*RANGE)
    assert (asked["provider"], asked["scope"], asked["windows"]) == ("evm", "wallet", 2)
    assert await noted(connection) == [day(28), day(26)]
    assert run(*RANGE) == [asked], "the same again asks for nothing more, and shows the same jobs"
    assert await noted(connection) == [day(28), day(26)]
    run("--from", "2026-02-25", "--to", "2026-02-28")
    assert await noted(connection) == [day(28), day(26), day(25)]


async def test_it_follows_until_all_is_in_and_says_how_far_it_is(
    connection: Connection, system: dict[str, str], tmp_path: Path
) -> None:
    (asked,) = said(holdfast("backfill", WALLET, *RANGE, "--json", settings=system, folder=tmp_path))
    command = [sys.executable, "-m", "holdfast", "backfill", WALLET, *RANGE]
    child = Child(command, log=tmp_path / "log", environment=system | {"COLUMNS": "200"})
    publisher = Publisher(connection.js, producer="worker-evm", clock=SystemClock())
    windows = dict(zip(asked["jobs"], (day(28), day(27), day(26)), strict=True))
    await publisher.publish_many([finished(window, job) for job, window in windows.items()])
    await asyncio.to_thread(child.wait_until, lambda: child.returncode is not None, what="the end")
    assert child.returncode == 0, child.output
    assert "3/3 evm/wallet back to 2026-02-26T00:00:00.000Z" in child.output
    assert "3 windows are in" in child.output


async def test_the_prices_and_rates_of_that_time_are_asked_for_as_well(
    connection: Connection, system: dict[str, str], tmp_path: Path
) -> None:
    store = RegistryStore(
        connection.js,
        clock=SystemClock(),
        catalogue={name: module.manifest for name, module in discover().items()},
    )
    for provider, scope in (("prices", ""), ("ecb", "daily")):
        await store.put_watch("public", provider=provider, feed="prices", target="*", scope=scope)
    asked = said(holdfast("backfill", WALLET, *RANGE, "--tenant", "acme", "--json", settings=system, folder=tmp_path))
    assert [(one["tenant"], one["provider"], one["windows"]) for one in asked] == [
        ("acme", "evm", 3), ("public", "prices", 2), ("public", "ecb", 1),
    ], "three days of hours lie in two of the price source's windows of two days"  # fmt: skip
    words = ("feed", "backfill", "ecb", "prices", "--scope", "daily", "--from", "1990-01-01", "--to", "1999-02-01")
    (rates,) = said(holdfast(*words, "--json", settings=system, folder=tmp_path))
    assert (rates["provider"], rates["windows"]) == ("ecb", 2), "from the euro's first day; the grid's year ends within"
    unknown = ("feed", "backfill", "defillama", "prices", "--from", "2026-01-01")
    refused = holdfast(*unknown, settings=system, folder=tmp_path)
    assert refused.returncode == 1
    assert "is not fetched, or has no past" in refused.stderr


async def test_an_account_whose_node_has_no_archive_has_no_past_and_is_told_so(
    connection: Connection, system: dict[str, str], tmp_path: Path
) -> None:
    await Bucket(connection.js, CURSORS).write(pasts.key_of("evm"), pasts.encode(("eip155:10:",)))
    refused = holdfast("backfill", WALLET, *RANGE, settings=system, folder=tmp_path)
    assert refused.returncode == 1
    assert "archive = true" in refused.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "2026-02-30"), "is not ISO 8601"),
        (("--from", "2026-02-28", "--to", "2026-02-01"), "is after 2026-02-01"),
        (("--from", "2026-02-01", "--every", "often"), "is not a step"),
    ],
)
async def test_wrong_words_are_explained(
    connection: Connection, system: dict[str, str], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    refused = holdfast("backfill", WALLET, *words, settings=system, folder=tmp_path)
    assert refused.returncode != 0
    assert message in refused.stderr
    assert json.dumps(await noted(connection), default=str) == "[]"
