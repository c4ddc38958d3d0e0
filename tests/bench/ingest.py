"""Ingest: from publishing to rows and totals that can be queried, against the bare insert of the same rows.

The shape: snapshots of 50 lines with stated values; every source in one of many portfolios of 50 accounts
(2,000 sources in 40 portfolios; `--quick`: 500 in 10), and all observed within a few hours, in order.

Ours is the whole way: JetStream with sync on, one aggregator process, lines, snapshots, totals and
breakdowns, confirmed acknowledgement. The limit inserts the same rows, prepared beforehand, into the
same tables of another database. The rival is the handler one would write first: FastStream as it comes, one
message, one insert per table, acknowledged after it; it keeps no totals, and its messages are in the
stream before it starts.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker
from faststream.nats.annotations import NatsMessage

from holdfast.domain.time import SystemClock
from holdfast.events import BalancesObserved
from holdfast.events.codec import decode
from holdfast.messaging.connection import Connection
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.store import RegistryStore
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.migrator import migrate
from holdfast.warehouse.rows import CompactBalanceRow
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.prepared import Prepared, prepare
from tests.aggregator.stage import account, aggregator, declared, drained, publish, snapshots
from tests.bench.line import Line
from tests.registry.catalogue import CATALOGUE
from tests.support.servers import EmbeddedClickHouse, EmbeddedNats

NAME = "ingest"
LINES = 50
BATCH = 1000
ACCOUNTS = 50


async def measure(quick: bool) -> list[Line]:
    """One line, in balance lines a second."""
    count, sources, rounds, rival = (4_000, 500, 1, 60) if quick else (10_000, 2_000, 3, 200)
    events = snapshots(count + rival, sources=sources, lines=LINES)
    events, fresh = events[:count], events[count:]  # the stream still knows the ids of those it had
    ours, limit, other = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
            nats, clickhouse = EmbeddedNats(Path(folder, "nats")), EmbeddedClickHouse(Path(folder, "clickhouse"))
            nats.start()
            clickhouse.start()
            try:
                limit.append(await _bare(clickhouse.settings("bare"), events))
                ours.append(await _ours(nats.settings, clickhouse.settings("ours"), events, sources, Path(folder)))
                other.append(await _rival(nats.settings, clickhouse.settings("rival"), fresh))
            finally:
                clickhouse.stop()
                nats.stop()
    return [
        Line(
            name=NAME,
            unit="lines/s",
            value=statistics.median(ours),
            raw=ours,
            limit=statistics.median(limit),
            limit_name="bare insert of the same rows",
            rival=statistics.median(other),
            rival_name="FastStream handler, one insert per message",
        )
    ]


async def _ours(
    nats: NatsSettings, clickhouse: ClickHouseSettings, events: Sequence[BalancesObserved], sources: int, folder: Path
) -> float:
    warehouse = await _migrated(clickhouse)
    connection = await declared(nats)
    process = aggregator(nats, clickhouse, folder / "aggregator.log", batch_messages=BATCH)
    portfolios = sources // ACCOUNTS
    try:
        await _register(connection, sources)
        await _until(warehouse, "SELECT uniqExact(portfolio) FROM settled_portfolios", portfolios)
        start = time.perf_counter()
        await publish(connection, events)
        while not await drained(connection):  # asked of NATS: a question costs the engine time
            await asyncio.sleep(0.02)
        took = time.perf_counter() - start
        stored = await warehouse.value("SELECT uniqExact(snapshot_id) FROM snapshots")
        assert stored == len(events), f"{stored} snapshots stored instead of {len(events)}"
        lines = await warehouse.value("SELECT sum(lines) FROM portfolio_value")
        assert lines == sources * LINES, f"{lines} lines in the newest totals instead of {sources * LINES}"
        return len(events) * LINES / took
    finally:
        process.stop()
        await connection.close()
        await warehouse.close()


async def _register(connection: Connection, sources: int) -> None:
    """Many at a time: accounts one by one take longer than the measurement."""
    store = RegistryStore(connection.js, clock=SystemClock(), catalogue=CATALOGUE)
    await store.create_tenant("acme")
    chosen = [SourceChoice(provider="alpha", scope="defi")]
    gate = asyncio.Semaphore(16)

    async def add(number: int) -> None:
        async with gate:
            await store.add_account("acme", account(number), sources=chosen)

    await asyncio.gather(*(add(number) for number in range(sources)))
    for first in range(0, sources, ACCOUNTS):
        members = [Member(account=account(number)) for number in range(first, first + ACCOUNTS)]
        await store.put_portfolio("acme", f"portfolio-{first // ACCOUNTS}", members=members)


async def _bare(clickhouse: ClickHouseSettings, events: Sequence[BalancesObserved]) -> float:
    warehouse = await _migrated(clickhouse)
    try:
        batches = [_prepared(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]
        start = time.perf_counter()
        for batch in batches:
            await _insert(warehouse, batch)
        return len(events) * LINES / (time.perf_counter() - start)
    finally:
        await warehouse.close()


async def _rival(nats: NatsSettings, clickhouse: ClickHouseSettings, events: Sequence[BalancesObserved]) -> float:
    warehouse = await _migrated(clickhouse)
    connection = await declared(nats)
    await connection.js.purge_stream("EVENTS")
    broker = NatsBroker(nats.url, logger=None)  # or its lines would hide the table
    done, seen = asyncio.Event(), 0

    @broker.subscriber(
        "balances.observed.v1.>",
        stream=JStream("EVENTS", declare=False),
        durable="rival",
        ack_policy=AckPolicy.MANUAL,
        decoder=_raw,
    )
    async def on_balances(message: NatsMessage) -> None:
        nonlocal seen
        await _insert(warehouse, _prepared([decode(message.body, BalancesObserved)]))
        await message.ack()
        seen += 1
        if seen == len(events):
            done.set()

    try:
        await publish(connection, events)
        async with broker:
            start = time.perf_counter()
            await broker.start()
            await asyncio.wait_for(done.wait(), 120)
            return len(events) * LINES / (time.perf_counter() - start)
    finally:
        await connection.js.delete_consumer("EVENTS", "rival")
        await connection.close()
        await warehouse.close()


async def _raw(message: NatsMessage) -> bytes:
    return message.body


def _prepared(events: Sequence[BalancesObserved]) -> Prepared:
    return prepare(
        Arrival(event=event, sequence=number, recorded_at=event.fetched_at) for number, event in enumerate(events)
    )


async def _insert(warehouse: Warehouse, batch: Prepared) -> None:
    columns = CompactBalanceRow.__struct_fields__
    await warehouse.insert_json("balances", b"".join(batch.line_blocks), columns=columns, compact=True)
    await write(warehouse, batch.snapshots)


async def _migrated(settings: ClickHouseSettings) -> Warehouse:
    warehouse = await connect(settings)
    await migrate(warehouse)
    return warehouse


async def _until(warehouse: Warehouse, question: str, least: int) -> None:
    while int(await warehouse.value(question)) < least:
        await asyncio.sleep(0.05)
