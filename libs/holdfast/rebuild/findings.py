"""What a run found to differ, in words."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from holdfast.rebuild.statements import load_sql
from holdfast.warehouse.client import Warehouse


class Finding(Struct, frozen=True, kw_only=True):
    """A row that is not what it should be. Unknown values are None."""

    kind: Literal["latest", "line", "total"]
    of: str
    stored: Decimal | None
    """Its value in US dollars, a point's net; None also where there is no such row."""
    derived: Decimal | None
    detail: str


async def read_findings(warehouse: Warehouse, run: str, *, limit: int = 20) -> list[Finding]:
    """Of each kind the first `limit`: lines, then the points that are summed from them, then sources."""
    rows = await warehouse.query(load_sql("read_findings"), {"run": run, "limit": limit})
    # The engine answers the parts of a union in any order.
    return sorted((Finding(**row) for row in rows), key=lambda one: _KINDS.index(one.kind))


_KINDS = ("line", "total", "latest")
