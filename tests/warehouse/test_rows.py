"""Every row that a service writes fits the table that the migrations make."""

import pytest

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import TABLES, Row

DESCRIBE = "SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}"


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: str(kind.__name__))
async def test_each_field_of_a_row_is_a_column_of_its_table(kind: type[Row], warehouse: Warehouse) -> None:
    asked = {"database": warehouse.database, "table": TABLES[kind]}
    columns = {name for (name,) in await warehouse.rows(DESCRIBE, asked)}
    assert columns, f"there is no table {TABLES[kind]}"
    assert set(kind.__struct_fields__) - columns == set()
