"""How long raw response bodies are kept: the setting `clickhouse.raw_days`, which `holdfast migrate` applies.

Only what upstreams said goes after that time. What was read from it (snapshots, lines, prices) stays.
"""

import re

from holdfast.warehouse.client import Warehouse

_TABLES = ("raw_responses", "exchanges")
_DAYS = re.compile(r"TTL toDateTime\(received_at\) \+ toIntervalDay\((\d+)\)")
_CREATED = "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
# A parameter would be stored as a cast of itself; what stands here is a whole number.
_CHANGE = (
    "ALTER TABLE {{table:Identifier}} MODIFY TTL toDateTime(received_at) + toIntervalDay({days:d}) "
    "SETTINGS mutations_sync = 1"
)


async def apply_retention(warehouse: Warehouse, *, raw_days: int, dry_run: bool = False) -> list[str]:
    """Make the tables keep raw bodies that long, and tell what was changed. A table that is not there yet is passed."""
    changes = []
    for table in _TABLES:
        kept = _DAYS.search(await warehouse.value(_CREATED, {"table": table}) or "")
        if kept is None or int(kept[1]) == raw_days:
            continue
        if not dry_run:
            await warehouse.command(_CHANGE.format(days=raw_days), {"table": table})
        changes.append(f"keep {table} {raw_days} days instead of {kept[1]}")
    return changes
