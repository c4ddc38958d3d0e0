"""Rebuild: every line valued again and every point summed again, compared with what is stored.

The shape is that of the ingest bench: sources of 50 lines in portfolios of 50 accounts, hour after hour, half of the
lines stated in dollars and half valued by a price feed. The limit reads the same lines once and sums their values.

Each line is worked out in full, whatever it is stored as. The first time, when none is stored right and all have to be
kept, is told apart.

Told twice: by the clock, and by the processor time that the engine spent on it, which does not depend on who else uses
the machine; a statement is spread over all processors, so on an idle machine of n of them the first is up to n times
the second.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from holdfast.rebuild import Outcome, Rebuild, Scope, swap
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.migrator import migrate
from tests.bench.line import Line
from tests.support.servers import EmbeddedClickHouse

NAME = "rebuild"
LINES, ACCOUNTS = 50, 50
ALLOWED = 200_000

_WORLD: Sequence[str] = (
    """
    INSERT INTO prices (asset, quote, at, source, price, event_id, fetched_at, recorded_at)
    SELECT
        concat('eip155:1/erc20:0x', lower(leftPad(hex(number % 25), 40, '0'))) AS asset, 'iso4217:USD',
        toDateTime64('2026-01-05 00:00:00', 3, 'UTC') + toIntervalHour(intDiv(number, 25)) AS at, 'feed',
        toDecimal256(1 + number % 97, 36), lower(leftPad(hex(number), 32, '0')), at, at
    FROM numbers(25 * {hours:UInt32})
    """,
    """
    INSERT INTO snapshots (source, observed_at, snapshot_id, tenant, provider, account, scope, chain, fetched_at,
        recorded_at, job_id, raw, covers, lines, stream_seq)
    SELECT
        concat('acme/alpha/', account, '/defi') AS source,
        toDateTime64('2026-01-05 00:10:00', 3, 'UTC') + toIntervalHour(intDiv(number, {sources:UInt32})) AS at,
        lower(hex(MD5(concat(source, toString(at))))), 'acme', 'alpha',
        concat('eip155:1:0x', lower(leftPad(hex(number % {sources:UInt32}), 40, '0'))) AS account, 'defi', 'eip155:1',
        at, at, '', [], [], {lines:UInt32}, number
    FROM numbers({sources:UInt32} * {hours:UInt32})
    """,
    """
    INSERT INTO balances (source, observed_at, snapshot_id, line, asset, symbol, asset_type, asset_class, chain,
        platform, position, kind, side, amount, currency, stated_price, stated_value, priced_by, reason, truncated,
        version)
    SELECT
        source, observed_at, snapshot_id, place,
        concat('eip155:1/erc20:0x', lower(leftPad(hex(place % 25), 40, '0'))) AS asset, 'T', 'crypto', '', 'eip155:1',
        concat('platform ', toString(place % 5)), toString(place), 'deposit', if(place % 10 = 9, 'debt', 'asset'),
        toDecimal256(1 + stream_seq % 1000, 36), 'iso4217:USD', NULL,
        if(place % 2 = 0, toDecimal256(10 + stream_seq % 99, 36), NULL), if(place % 2 = 0, '', asset),
        'no_price', false, 0
    FROM snapshots
    ARRAY JOIN range({lines:UInt32}) AS place
    """,
    """
    INSERT INTO registry_portfolio_sources
    SELECT 'acme', concat('portfolio-', toString(intDiv(toUInt32(stream_seq), {accounts:UInt32}))), 1, source, account,
        provider, scope, toDateTime64(0, 3, 'UTC'), toDateTime64('2200-01-01 00:00:00', 3, 'UTC')
    FROM snapshots
    WHERE stream_seq < {sources:UInt32}
    """,
    """
    INSERT INTO registry_portfolios (tenant, portfolio, revision, name, base_currency, deleted, digest)
    SELECT DISTINCT tenant, portfolio, 1, portfolio, 'iso4217:USD', false, '' FROM registry_portfolio_sources
    """,
)


_SPENT = """
SELECT sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1e6 FROM system.query_log
WHERE type = 'QueryFinish' AND NOT (query ILIKE '%system.query_log%')
"""
_READ = "SELECT sum(value_usd), count() FROM balances FINAL SETTINGS do_not_merge_across_partitions_select_final = 1"


async def measure(quick: bool) -> list[Line]:
    """Lines a second, by the clock and by processor time."""
    sources, hours, rounds = (200, 20, 1) if quick else (400, 50, 3)
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        server = EmbeddedClickHouse(Path(folder, "clickhouse"))
        server.start()
        try:
            warehouse = await connect(server.settings("rebuild"))
            try:
                lines = sources * hours * LINES
                first = await _write_world(warehouse, sources=sources, hours=hours)
                return [*await _measured(warehouse, lines=lines, rounds=rounds), _first(lines, first)]
            finally:
                await warehouse.close()
        finally:
            server.stop()


async def _write_world(warehouse: Warehouse, *, sources: int, hours: int) -> Outcome:
    """Raw rows alone; what is derived of them the first time is put in place, so that all of it has to be compared."""
    await migrate(warehouse)
    asked = {"sources": sources, "hours": hours, "lines": LINES, "accounts": ACCOUNTS}
    for statement in _WORLD:
        await warehouse.command(statement, asked)
    first = await _rebuilt(warehouse, "first")
    await swap(warehouse, "first")
    await warehouse.command("OPTIMIZE TABLE balances FINAL")
    if await warehouse.value("SELECT countIf(value_usd IS NULL) FROM balances FINAL"):
        raise RuntimeError("lines without a value were left: there is less to compare than is told")
    return first


async def _measured(warehouse: Warehouse, *, lines: int, rounds: int) -> list[Line]:
    by_clock, by_processor, reading, reading_alone = [], [], [], []
    for number in range(rounds):
        began, spent = time.perf_counter(), await _spent(warehouse)
        outcome = await _rebuilt(warehouse, f"round-{number}")
        by_clock.append(lines / (time.perf_counter() - began))
        by_processor.append(lines / (await _spent(warehouse) - spent))
        if outcome.differences:
            raise RuntimeError(f"{outcome.differences} differences where there are none")
        began, spent = time.perf_counter(), await _spent(warehouse)
        await warehouse.rows(_READ)
        reading.append(lines / (time.perf_counter() - began))
        reading_alone.append(lines / (await _spent(warehouse) - spent))
    what = f"{NAME}: {lines:,} lines valued, and summed into points, "
    return [
        _line(f"{what}by the clock", by_clock, reading, limit=ALLOWED),
        _line(f"{what}a second of one processor", by_processor, reading_alone),
    ]


def _first(lines: int, outcome: Outcome) -> Line:
    return Line(
        name=f"{NAME}: {lines:,} lines of which none was stored right, each looked at twice and kept, by the clock",
        unit="lines/s",
        value=lines / outcome.seconds,
        raw=[lines / outcome.seconds],
    )


def _line(name: str, ours: list[float], reading: list[float], *, limit: float | None = None) -> Line:
    return Line(
        name=name,
        unit="lines/s",
        value=statistics.median(ours),
        raw=ours,
        limit=limit,
        limit_name="asked for" if limit else "",
        rival=statistics.median(reading),
        rival_name="reading the same lines and summing them once",
    )


async def _rebuilt(warehouse: Warehouse, run: str) -> Outcome:
    work = Rebuild(warehouse, run=run, scope=Scope(), ranking=["feed"], settle_s=0)
    units, _ = await work.plan()
    return work.outcome([one async for one in work.work(units)])


async def _spent(warehouse: Warehouse) -> float:
    """Seconds of processor time of all statements so far."""
    await warehouse.command("SYSTEM FLUSH LOGS")
    return float(await warehouse.value(_SPENT))
