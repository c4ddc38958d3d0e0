"""Writes rows: one JSONEachRow block per table and call, never row by row.

Every table is idempotent by its key, so a write whose outcome is unknown is simply repeated.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from holdfast.warehouse.rows import TABLES, Row

_ENCODER = msgspec.json.Encoder(decimal_format="string")


class Inserts(Protocol):
    """The part of a `Warehouse` that is needed here."""

    async def insert_json(self, table: str, body: bytes, *, columns: Sequence[str] | None = None) -> None: ...


def to_block(rows: Sequence[Row]) -> bytes:
    """JSONEachRow: one object a line."""
    return _ENCODER.encode_lines(rows)


async def write(warehouse: Inserts, rows: Sequence[Row]) -> None:
    """Store rows of one kind and return once they are stored; nothing happens for none.

    Raises WarehouseUnavailable (repeat it) or WarehouseError (the engine refuses these rows).
    """
    if rows:
        kind = type(rows[0])
        await warehouse.insert_json(TABLES[kind], to_block(rows), columns=kind.__struct_fields__)


async def write_each(warehouse: Inserts, rows: Sequence[Row]) -> None:
    """Store rows of several kinds, kind after kind. Raises as `write` does."""
    for kind in dict.fromkeys(type(row) for row in rows):
        await write(warehouse, [row for row in rows if type(row) is kind])
