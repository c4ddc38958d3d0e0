"""Raw bodies are kept as long as the setting says, and nothing else is thrown away with them."""

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.retention import apply_retention

_TTL = """
SELECT extract(create_table_query, 'toIntervalDay\\((\\d+)\\)')
FROM system.tables WHERE database = currentDatabase() AND name = {table:String}
"""


async def _days(warehouse: Warehouse) -> set[str]:
    return {await warehouse.value(_TTL, {"table": table}) for table in ("raw_responses", "exchanges")}


async def test_the_setting_is_applied_once_and_told(warehouse: Warehouse) -> None:
    assert await apply_retention(warehouse, raw_days=90) == []
    would = await apply_retention(warehouse, raw_days=30, dry_run=True)
    assert would == ["keep raw_responses 30 days instead of 90", "keep exchanges 30 days instead of 90"]
    assert await _days(warehouse) == {"90"}
    assert await apply_retention(warehouse, raw_days=30) == would
    assert await _days(warehouse) == {"30"}
    assert await apply_retention(warehouse, raw_days=30) == []
    await apply_retention(warehouse, raw_days=90)


async def test_what_was_received_longer_ago_is_gone_and_what_is_younger_stays(warehouse: Warehouse) -> None:
    for sha256, days in (("old", 20), ("young", 5)):
        await warehouse.command(
            "INSERT INTO raw_responses (sha256, part, parts, tenant, received_at, body) "
            "SELECT {sha256:String}, 1, 1, 'acme', now64(3) - toIntervalDay({days:UInt32}), 'x'",
            {"sha256": sha256, "days": days},
        )
    await apply_retention(warehouse, raw_days=10)
    await warehouse.command("OPTIMIZE TABLE raw_responses FINAL")
    assert await warehouse.rows("SELECT sha256 FROM raw_responses") == [("young",)]
    await apply_retention(warehouse, raw_days=90)
