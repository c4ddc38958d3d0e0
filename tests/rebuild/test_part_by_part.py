"""A DELETE changes the parts of a table one after another, and what it reads may lack rows that it took out already."""

from typing import Any

import pytest

from holdfast.rebuild import read_findings
from holdfast.warehouse.client import Warehouse
from tests.rebuild.stage import build, kept

__all__ = ["kept"]

# Every stored row, in a newer version that says something else.
WRONG = {
    "balances": "value_usd + 1 AS value_usd, version + 1 AS version",
    "portfolio_totals": "net + 1 AS net, version + 1 AS version",
    "latest_snapshots": "lines + 1 AS lines, rank + 1 AS rank",
}


class PartByPart:
    """A warehouse that changes one look's rows at a time: each look is an insert of its own, and so a part."""

    def __init__(self, warehouse: Warehouse, *, looks: tuple[int, ...]) -> None:
        self._warehouse = warehouse
        self._looks = looks
        self.deleted: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    async def command(self, sql: str, params: dict[str, Any]) -> None:
        if "DELETE FROM rebuilt_" not in sql or "look" not in params:
            await self._warehouse.command(sql, params)
            return
        head, where = sql.split("\nWHERE ", 1)
        self.deleted.add(head.split()[-1])
        for look in self._looks:
            await self._warehouse.command(f"{head}\nWHERE (look = {look}) AND ({where})", params)


@pytest.mark.parametrize("looks", [(1, 2, 3), (3, 2, 1)], ids=["the oldest first", "the newest first"])
async def test_what_stands_is_found_in_whatever_order_parts_change(kept: Warehouse, looks: tuple[int, ...]) -> None:
    for table, wrong in WRONG.items():
        await kept.command(f"INSERT INTO {table} SELECT * REPLACE ({wrong}) FROM {table} FINAL")
    parts = PartByPart(kept, looks=looks)
    rebuild = build(parts, "apart")  # type: ignore[arg-type]
    units, _ = await rebuild.plan()
    outcome = rebuild.outcome([one async for one in rebuild.work(units)])
    findings = await read_findings(kept, "apart")
    assert parts.deleted == {"rebuilt_lines", "rebuilt_totals", "rebuilt_latest"}
    assert outcome.differences == len(findings) > 0
    assert {one.kind for one in findings} == {"line", "total", "latest"}
