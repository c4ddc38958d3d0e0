"""Latest positions and total of one portfolio over HTTP, while everything stored grows tenfold.

The portfolio has 10 sources of 50 lines each; beside it 2,000 sources share the rest of the lines. The
limit of the positions is the documented view, asked in SQL through the same endpoint. Cost must grow
with the portfolio, not with what is stored: the exponent says how it did (0 is flat, 1 is in proportion).
"""

import asyncio
import math
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

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

NAME = "latest"
SOURCES, LINES = 2000, 50
MEMBERS = 10
_SOURCE = "concat('bench/okx/eip155:1:0x', leftPad(toString(s), 40, '0'), '/defi')"
_VIEW = "SELECT * FROM latest_positions WHERE tenant = 'bench' AND portfolio = 'ten'"

Ask = Callable[[], Awaitable[object]]


async def measure(quick: bool) -> list[Line]:
    """p50 and p99 of positions and total at two sizes, and the growth between them."""
    sizes, requests = ((100_000, 1_000_000), 60) if quick else ((1_000_000, 10_000_000), 400)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-")))
        nats, clickhouse = build_nats(folder / "nats", containers=False), EmbeddedClickHouse(folder / "clickhouse")
        for server in (nats, clickhouse):
            stack.callback(server.stop)
            server.start()
        warehouse = await connect_warehouse(clickhouse.settings())
        stack.push_async_callback(warehouse.close)
        await migrate(warehouse)
        for statement in (_FILL_MEMBERS, _FILL_PORTFOLIO):
            await warehouse.command(statement)
        key = await _register(nats.settings)
        client = await stack.enter_async_context(_api(nats.settings, clickhouse.settings(), key))
        return await _measure(warehouse, client, sizes=sizes, requests=requests)


async def _measure(
    warehouse: Warehouse, client: httpx.AsyncClient, *, sizes: tuple[int, int], requests: int
) -> list[Line]:
    lines, medians, stored = [], {}, 0
    for size in sizes:
        await _fill(warehouse, first=stored // (SOURCES * LINES), until=size // (SOURCES * LINES))
        stored = size
        times = {
            "view": await _times(lambda: warehouse.read_bytes(_VIEW, format="JSONEachRow"), requests // 4),
            "positions": await _times(lambda: _get(client, "positions"), requests),
            "total": await _times(lambda: _get(client, "total"), requests),
        }
        limit = statistics.median(times["view"])
        for what in ("positions", "total"):
            medians[what, size] = statistics.median(times[what])
            lines += _lines(what, size, times[what], limit if what == "positions" else None)
    small, large = sizes
    return lines + [
        _growth(what, math.log(medians[what, large] / medians[what, small]) / math.log(large / small))
        for what in ("positions", "total")
    ]


def _lines(what: str, size: int, times: list[float], limit: float | None) -> list[Line]:
    p99 = statistics.quantiles(times, n=100)[98]
    stored = f"{size:,} lines stored"
    named = "the view latest_positions, p50" if limit else ""
    return [
        Line(name=f"{what} p50, {stored}", unit="ms", value=statistics.median(times), raw=times,
             higher_is_better=False, limit=limit, limit_name=named),
        Line(name=f"{what} p99, {stored}", unit="ms", value=p99, raw=[p99], higher_is_better=False),
    ]  # fmt: skip


def _growth(what: str, exponent: float) -> Line:
    return Line(name=f"{what}, growth exponent", unit="", value=exponent, raw=[exponent], higher_is_better=False)


async def _times(ask: Ask, count: int) -> list[float]:
    for _ in range(5):
        await ask()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1000)
    return times


async def _get(client: httpx.AsyncClient, what: str) -> None:
    answer = await client.get(f"/v1/portfolios/ten/{what}")
    answer.raise_for_status()


async def _register(settings: NatsSettings) -> str:
    connection = await connect_nats(settings, name="bench")
    try:
        await migrate_streams(connection.js, sorted(discover()))
        catalogue = {name: module.manifest for name, module in discover().items()}
        store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
        await store.create_tenant("bench")
        accounts = [f"eip155:1:0x{number:040}" for number in range(MEMBERS)]
        for account in accounts:
            await store.add_account("bench", account, sources=[SourceChoice(provider="okx", scope="defi")])
        await store.put_portfolio("bench", "ten", members=[Member(account=account) for account in accounts])
        _, secret = await store.create_key("bench")
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
            said = re.search(r'"port": ?(\d+)', (await process.stderr.readline()).decode())
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


async def _fill(warehouse: Warehouse, *, first: int, until: int) -> None:
    """Snapshots `first` to `until` of every source, an hour apart, and the portfolio's newest total."""
    for number in range(first, until, 10):
        count = min(10, until - number)
        await warehouse.command(_FILL_BALANCES, {"first": number, "count": count})
        await warehouse.command(_FILL_SNAPSHOTS, {"first": number, "count": count})
        await warehouse.command(_FILL_TOTALS, {"first": number, "count": count})


_AT = "toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + toIntervalHour(n)"
_ID = "lower(hex(MD5(concat(toString(s), '-', toString(n)))))"
_FILL_BALANCES = f"""
INSERT INTO balances (source, observed_at, snapshot_id, line, asset, symbol, asset_type, chain, platform, kind, side,
                      amount, currency, price_usd, value_usd, price_source, version)
SELECT {_SOURCE}, {_AT}, {_ID}, l, concat('eip155:1/erc20:0x', leftPad(toString(l), 40, '0')), concat('T', toString(l)),
       'crypto', 'eip155:1', concat('platform-', toString(l % 7)), 'deposit', 'asset', toDecimal256(l + 1, 36),
       'iso4217:USD', toDecimal256(2, 36), toDecimal256(l + l + 2, 36), 'bench', 1
FROM (SELECT number % {LINES} AS l, intDiv(number, {LINES}) % {SOURCES} AS s,
             intDiv(number, {LINES * SOURCES}) + {{first:UInt32}} AS n
      FROM numbers({{count:UInt32}} * {LINES * SOURCES}))
"""
_FILL_SNAPSHOTS = f"""
INSERT INTO snapshots (source, observed_at, snapshot_id, tenant, provider, account, scope, chain, fetched_at,
                       recorded_at, lines)
SELECT {_SOURCE}, {_AT}, {_ID}, 'bench', 'okx', concat('eip155:1:0x', leftPad(toString(s), 40, '0')), 'defi',
       'eip155:1', {_AT}, {_AT}, {LINES}
FROM (SELECT number % {SOURCES} AS s, intDiv(number, {SOURCES}) + {{first:UInt32}} AS n
      FROM numbers({{count:UInt32}} * {SOURCES}))
"""
_FILL_MEMBERS = f"""
INSERT INTO registry_portfolio_sources
    (tenant, portfolio, revision, source, account, provider, scope, valid_from, valid_to)
SELECT 'bench', 'ten', 1, {_SOURCE}, splitByChar('/', {_SOURCE})[3], 'okx', 'defi', toDateTime64(0, 3, 'UTC'),
       toDateTime64('2200-01-01 00:00:00', 3, 'UTC')
FROM (SELECT number AS s FROM numbers({MEMBERS}))
"""
_FILL_PORTFOLIO = """
INSERT INTO registry_portfolios (tenant, portfolio, revision, name, base_currency, deleted)
VALUES ('bench', 'ten', 1, 'ten', 'iso4217:USD', false)
"""
_FILL_TOTALS = """
INSERT INTO portfolio_totals (tenant, portfolio, bucket, version, as_of, oldest_input, assets, net, lines, sources,
                              sources_observed)
SELECT 'bench', 'ten', toDateTime('2026-03-01 00:00:00', 'UTC') + toIntervalHour(number + {first:UInt32}), 1,
       '2026-03-01 00:00:00', '2026-03-01 00:00:00', toDecimal256(25500, 36), toDecimal256(25500, 36), 500, 10, 10
FROM numbers({count:UInt32})
"""


if __name__ == "__main__":
    for found in asyncio.run(measure("--quick" in sys.argv)):
        sys.stdout.write(f"{found.name:60} {found.value:10.3f} {found.unit:4} of limit {found.ratio_to_limit}\n")
