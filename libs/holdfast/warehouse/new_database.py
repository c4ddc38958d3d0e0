"""A database that holds nothing, made at once from `schema.sql`: it has no past to be taken through.

What it takes is a third of what the migrations take, one after the other. A test holds that both make the same,
and that no migration puts rows into an empty database, which `schema.sql` would not have.
"""

import re
from pathlib import Path

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.statements import parse_statements

SCHEMA_FILE = Path(__file__).with_name("schema.sql")

_NEWEST = re.compile(r"migrations up to (\d{4})")
_CREATE = re.compile(r"^CREATE (TABLE|VIEW|MATERIALIZED VIEW) ")
_OTHERS = "SELECT count() FROM system.tables WHERE database = {database:String} AND name != 'schema_migrations'"


async def is_new(warehouse: Warehouse) -> bool:
    """Whether there is no table yet but that of the migrations."""
    return not await warehouse.value(_OTHERS, {"database": warehouse.database})


async def fill(warehouse: Warehouse) -> int:
    """Create all that `schema.sql` has, and say up to which migration that is. Nothing that is there is changed.

    Raises WarehouseError where another process makes the same database in the other way meanwhile.
    """
    schema = SCHEMA_FILE.read_text(encoding="utf-8")
    newest = _NEWEST.search(schema)
    assert newest is not None, "schema.sql names the newest migration in its first line"  # noqa: S101
    for statement in parse_statements(schema):
        await warehouse.command(_CREATE.sub(r"CREATE \1 IF NOT EXISTS ", statement))
    return int(newest[1])
