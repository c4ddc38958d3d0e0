"""Whose next statement a closed day waits for: without it, a transfer after the last one is not told from a difference.

The feed of transfers looks back for some time only, and a statement that follows the next morning is not late: without
this a day would stay as it was when its source was silent over midnight.
"""

from collections.abc import Sequence
from datetime import date, datetime

from holdfast.warehouse.client import Warehouse
from services.aggregator import sql


async def read_awaited(warehouse: Warehouse, sources: Sequence[str], *, until: datetime) -> tuple[str, ...]:
    """Of these sources, for a day that ends then. Raises WarehouseError."""
    asked = {"sources": list(sources), "until": until}
    return tuple(str(source) for (source,) in await warehouse.rows(sql.load("read_awaited"), asked))


async def note_awaited(warehouse: Warehouse, *, earliest: date) -> None:
    """So that days from then on are due whose sources have spoken. Raises WarehouseError."""
    await warehouse.command(sql.load("note_awaited"), {"earliest": earliest.isoformat()})
