"""Puts what a run derived in the place of what it found stored.

First the right rows go in, then the wrong ones out, so that no reader ever finds nothing. A row that is newer than
both, because events came in meanwhile, is neither hidden nor taken out. May be repeated.
"""

from holdfast.rebuild.statements import load_sql
from holdfast.warehouse.client import Warehouse

ORDER = tuple(f"swap_{way}_{what}" for what in ("latest", "lines", "totals") for way in ("in", "out"))


async def swap(warehouse: Warehouse, run: str) -> None:
    """All differences of the run. Raises WarehouseError; then repeat it."""
    for step in ORDER:
        await warehouse.command(load_sql(step), {"run": run})
