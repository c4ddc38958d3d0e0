"""Stores a batch of events and everything that follows from it. Repeating any of it changes nothing.

The order is the whole guarantee, with any number of replicas and a kill at any line:

1. prices, and lines as their provider stated them;
2. better prices for lines, of this batch or stored before (valuing.py): look only after storing, and note those of days
   that are over only after their lines;
3. `snapshots` rows, after their lines, so that nobody sees half a snapshot;
4. the points that all this touches, computed from what is stored by then (points.py).

Whoever stores last, computes last, and sees everything; the versions of lines and points grow with
what was seen, so a slower and poorer computation cannot win. Step 4 may be done once for several
batches, after steps 1 to 3 of each and before any of them is acknowledged: what counts is that no
batch's points are computed before it is stored. Other batches may be stored meanwhile; their own
step 4 is still to come.
"""

from collections.abc import Collection, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from holdfast.events import PortfolioRevalued
from holdfast.observability import metrics
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import CompactBalanceRow, SnapshotPartRow, SnapshotRow
from holdfast.warehouse.writer import write, write_each
from services.aggregator import sql
from services.aggregator.claims import store_prices
from services.aggregator.points import revalue, touched_points
from services.aggregator.prepared import Prepared
from services.aggregator.valuing import SnapshotKey, find_snapshots, note_revalued, value_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

_SNAPSHOTS = msgspec.json.Decoder(SnapshotRow)


async def commit(warehouse: Warehouse, prepared: Prepared, *, ranking: Sequence[str]) -> list[PortfolioRevalued]:
    """All of it, for one batch; returns what to publish before it is acknowledged."""
    return await settle(warehouse, await insert(warehouse, prepared, ranking=ranking))


async def insert(warehouse: Warehouse, prepared: Prepared, *, ranking: Sequence[str]) -> set[SnapshotKey]:
    """Steps 1 to 3; returns the snapshots whose points have to be computed.

    `ranking`: price sources, the most trusted first. Raises WarehouseUnavailable (repeat all of it)
    or WarehouseError (the engine refuses a row of it).
    """
    with _stage("insert"):
        await store_prices(warehouse, prepared.prices, prepared.withdrawals)
        await write(warehouse, prepared.reported)
        await write(warehouse, prepared.returns)
        await write(warehouse, prepared.transfers)
        await write_each(warehouse, prepared.cluster_parts)
        await write(warehouse, prepared.cluster_overviews)
        if prepared.line_blocks:
            block = b"".join(prepared.line_blocks)
            await warehouse.insert_json("balances", block, columns=CompactBalanceRow.__struct_fields__, compact=True)
    with _stage("value"):
        revalued = await _value(warehouse, prepared, ranking)
    with _stage("snapshots"):
        await write(warehouse, prepared.parts)
        snapshots = prepared.snapshots + await _completed(warehouse, prepared.parts)
        await write(warehouse, snapshots)
    metrics.batch_lines.inc(prepared.lines)
    return revalued | {_key(row) for row in snapshots}


async def settle(warehouse: Warehouse, touched: Collection[SnapshotKey]) -> list[PortfolioRevalued]:
    """Step 4, of one or several batches; returns what to publish before they are acknowledged. Raises as `insert`."""
    if not touched:
        return []
    with _stage("points"):
        events = await revalue(warehouse, await touched_points(warehouse, touched))
    metrics.revaluations.inc(len(events))
    return events


async def _value(warehouse: Warehouse, prepared: Prepared, ranking: Sequence[str]) -> set[SnapshotKey]:
    """Lines of this batch that need a price, and stored ones that its prices may change, also those that it takes back;
    returns whose these are.

    All of them, not only those changed just now: an earlier try may have changed them and died before the points.
    """
    late = await find_snapshots(warehouse, prepared.market)
    await value_lines(warehouse, prepared.priced | late, ranking=ranking)
    await note_revalued(warehouse, late)
    return {snapshot.key for snapshot in late}


async def _completed(warehouse: Warehouse, parts: Sequence[SnapshotPartRow]) -> list[SnapshotRow]:
    """Split snapshots whose last part is here now, or came to another replica meanwhile."""
    keys = sorted({_key(part) for part in parts})
    if not keys:
        return []
    asked = {
        "sources": [key.source for key in keys],
        "times": [key.observed_at for key in keys],
        "snapshots": [key.snapshot_id for key in keys],
    }
    return _SNAPSHOTS.decode_lines(
        await warehouse.read_bytes(sql.load("read_complete_snapshots"), asked, format="JSONEachRow")
    )


def _key(row: SnapshotRow) -> SnapshotKey:
    return SnapshotKey(row.source, row.observed_at, row.snapshot_id)


@contextmanager
def _stage(name: str) -> "Iterator[None]":
    start = perf_counter()
    try:
        yield
    finally:
        metrics.stage_seconds.labels(name).observe(perf_counter() - start)
