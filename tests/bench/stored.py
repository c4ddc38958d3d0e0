"""A warehouse of any size that is served over HTTP: what the benches that only read have in common.

Statements are made in the engine, an hour of a span of sources at a time: line `l` of source `s` is `l + 1` pieces
at two dollars. Every hour begins with a statement of every source.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import connect as connect_nats
from holdfast.messaging.streams import migrate as migrate_streams
from holdfast.providers.kit.discovery import discover
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from holdfast.warehouse.migrator import migrate
from tests.bench.line import Line
from tests.support.servers import EmbeddedClickHouse, build_nats

TENANT = "bench"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
"""The first hour."""
SETTLING_S = 120
_ROWS_A_STATEMENT = 1_000_000
"""Made in one go: bounds the engine's memory."""

Ask = Callable[[], Awaitable[object]]


class World(NamedTuple):
    warehouse: Warehouse
    client: httpx.AsyncClient
    """Of the API, as the tenant."""


class Sources(NamedTuple):
    """A span of sources, and the lines of each of their statements."""

    first: int
    number: int
    lines: int

    @property
    def lines_an_hour(self) -> int:
        return self.number * self.lines


@asynccontextmanager
async def serve(portfolio: str, *, accounts: int) -> AsyncIterator[World]:
    """An empty warehouse with a portfolio of the first sources, an API in a process of its own before it."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-")))
        nats, clickhouse = build_nats(folder / "nats", containers=False), EmbeddedClickHouse(folder / "clickhouse")
        for server in (nats, clickhouse):
            stack.callback(server.stop)
            server.start()
        warehouse = await connect_warehouse(clickhouse.settings())
        stack.push_async_callback(warehouse.close)
        await migrate(warehouse)
        await fill_members(warehouse, portfolio, accounts)
        key = await _register(nats.settings, portfolio, accounts)
        client = await stack.enter_async_context(_api(nats.settings, clickhouse.settings(), key))
        yield World(warehouse, client)


async def fill_members(warehouse: Warehouse, portfolio: str, number: int) -> None:
    """A portfolio of so many sources, the first ones."""
    for statement in (_FILL_MEMBERS, _FILL_PORTFOLIO):
        await warehouse.command(statement, {"portfolio": portfolio, "sources": number})


async def fill_statements(warehouse: Warehouse, sources: Sources, *, first: int, until: int) -> None:
    """Hours `first` to `until` of some sources."""
    step = max(1, _ROWS_A_STATEMENT // sources.lines_an_hour)
    for hour in range(first, until, step):
        asked = {"first": hour, "count": min(step, until - hour)} | {
            "first_source": sources.first,
            "sources": sources.number,
            "lines": sources.lines,
        }
        await warehouse.command(_FILL_BALANCES, asked)
        await warehouse.command(_FILL_SNAPSHOTS, asked)


async def fill_points(
    warehouse: Warehouse, portfolios: Sequence[str], sources: Sources, *, first: int, until: int
) -> None:
    """The totals of the same hours, of portfolios that have as many sources each."""
    asked = {"first": first, "count": until - first, "sources": sources.number, "lines": sources.lines}
    await warehouse.command(_FILL_POINTS, asked | {"portfolios": list(portfolios)})


async def measure_times(ask: Ask, count: int) -> list[float]:
    """Milliseconds of each, one after the other, once it is warm."""
    for _ in range(5):
        await ask()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1000)
    return times


async def settle(warehouse: Warehouse) -> None:
    """Until nothing is being merged; a warehouse that never rests is measured as it is after SETTLING_S."""
    for _ in range(SETTLING_S):
        if await warehouse.value("SELECT count() FROM system.merges") == 0:
            return
        await asyncio.sleep(1)


def growth(what: str, exponent: float) -> Line:
    """0 is flat, 1 in proportion to what is stored."""
    return Line(name=f"{what}, growth exponent", unit="", value=exponent, raw=[exponent], higher_is_better=False)


async def _register(settings: NatsSettings, portfolio: str, count: int) -> str:
    connection = await connect_nats(settings, name="bench")
    try:
        await migrate_streams(connection.js, sorted(discover()))
        catalogue = {name: module.manifest for name, module in discover().items()}
        store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
        await store.create_tenant(TENANT)
        accounts = [f"eip155:1:0x{number:040}" for number in range(count)]
        for account in accounts:
            await store.add_account(TENANT, account, sources=[SourceChoice(provider="okx", scope="defi")])
        await store.put_portfolio(TENANT, portfolio, members=[Member(account=account) for account in accounts])
        _, secret = await store.create_key(TENANT)
        return secret.reveal()
    finally:
        await connection.close()


@asynccontextmanager
async def _api(nats: NatsSettings, clickhouse: ClickHouseSettings, key: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = {
        "HOLDFAST_API__PORT": "0",
        "HOLDFAST_API__REQUESTS_PER_MINUTE": "10000000",
        "HOLDFAST_API__BURST": "100000",
        "HOLDFAST_LOG__FORMAT": "json",
        "HOLDFAST_LOG__LEVEL": "info",
        "HOLDFAST_NATS__URL": nats.url,
        "HOLDFAST_CLICKHOUSE__URL": clickhouse.url,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse.password.reveal(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.api", env=os.environ | settings, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    port = ""
    async with asyncio.timeout(60):
        while not port:
            line = (await process.stderr.readline()).decode()
            if not line:
                raise RuntimeError("the API ended before it listened")
            said = re.search(r'"port": ?(\d+)', line)
            port = said[1] if said else ""
    draining = asyncio.create_task(process.stderr.read())
    try:
        address, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
            async with asyncio.timeout(60):
                while (await client.get("/ready")).status_code != 200:
                    await asyncio.sleep(0.1)
            yield client
    finally:
        process.terminate()
        await process.wait()
        await draining


_SOURCE = "concat('bench/okx/eip155:1:0x', leftPad(toString(s), 40, '0'), '/defi')"
_AT = f"toDateTime64('{BEGIN:%Y-%m-%d %H:%M:%S}', 3, 'UTC') + toIntervalHour(n)"
_ID = "lower(hex(MD5(concat(toString(s), '-', toString(n)))))"
_FILL_BALANCES = f"""
INSERT INTO balances (source, observed_at, snapshot_id, line, asset, symbol, asset_type, chain, platform, kind, side,
                      amount, currency, price_usd, value_usd, price_source, version)
SELECT {_SOURCE}, {_AT}, {_ID}, l, concat('eip155:1/erc20:0x', leftPad(toString(l), 40, '0')), concat('T', toString(l)),
       'crypto', 'eip155:1', concat('platform-', toString(l % 7)), 'deposit', 'asset', toDecimal256(l + 1, 36),
       'iso4217:USD', toDecimal256(2, 36), toDecimal256(l + l + 2, 36), 'bench', 1
FROM (SELECT number % {{lines:UInt32}} AS l,
             intDiv(number, {{lines:UInt32}}) % {{sources:UInt32}} + {{first_source:UInt32}} AS s,
             intDiv(number, {{lines:UInt32}} * {{sources:UInt32}}) + {{first:UInt32}} AS n
      FROM numbers({{count:UInt32}} * {{lines:UInt32}} * {{sources:UInt32}}))
"""
_FILL_SNAPSHOTS = f"""
INSERT INTO snapshots (source, observed_at, snapshot_id, tenant, provider, account, scope, chain, fetched_at,
                       recorded_at, lines)
SELECT {_SOURCE}, {_AT}, {_ID}, 'bench', 'okx', concat('eip155:1:0x', leftPad(toString(s), 40, '0')), 'defi',
       'eip155:1', {_AT}, {_AT}, {{lines:UInt32}}
FROM (SELECT number % {{sources:UInt32}} + {{first_source:UInt32}} AS s,
             intDiv(number, {{sources:UInt32}}) + {{first:UInt32}} AS n
      FROM numbers({{count:UInt32}} * {{sources:UInt32}}))
"""
_FILL_MEMBERS = f"""
INSERT INTO registry_portfolio_sources
    (tenant, portfolio, revision, source, account, provider, scope, valid_from, valid_to)
SELECT 'bench', {{portfolio:String}}, 1, {_SOURCE}, splitByChar('/', {_SOURCE})[3], 'okx', 'defi',
       toDateTime64(0, 3, 'UTC'), toDateTime64('2200-01-01 00:00:00', 3, 'UTC')
FROM (SELECT number AS s FROM numbers({{sources:UInt32}}))
"""
_FILL_PORTFOLIO = """
INSERT INTO registry_portfolios (tenant, portfolio, revision, name, base_currency, deleted)
VALUES ('bench', {portfolio:String}, 1, {portfolio:String}, 'iso4217:USD', false)
"""
_FILL_POINTS = f"""
WITH {{sources:UInt32}} AS sources, {{lines:UInt32}} AS lines, toDecimal256(sources * lines * (lines + 1), 36) AS worth
INSERT INTO portfolio_totals (tenant, portfolio, bucket, version, as_of, oldest_input, assets, net, lines, sources,
                              sources_observed)
SELECT 'bench', arrayJoin({{portfolios:Array(String)}}), {_AT}, 1, {_AT}, {_AT}, worth, worth, sources * lines, sources,
       sources
FROM (SELECT number + {{first:UInt32}} AS n FROM numbers({{count:UInt32}}))
"""
