"""From a `.sql` file beside a route to Structs, without touching a number on the way.

ClickHouse writes decimals as strings and times as ISO 8601 itself; the Structs only check them.
One thread a query: these are look-ups by key, and spreading one over threads costs more than it saves.
"""

from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from holdfast.warehouse.client import Parameters, Warehouse
from holdfast.warehouse.statements import parse_statements

RowT = TypeVar("RowT")

# Beside the statement, not in it: after one with settings of its own the endpoint has to set its handle up anew.
_AS_JSON = {
    "output_format_json_quote_decimals": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_named_tuples_as_objects": 1,
    "date_time_output_format": "iso",
    "max_threads": 1,
    "output_format_parallel_formatting": 0,
}


@cache
def load_sql(folder: str, name: str) -> str:
    """The query `name`.sql beside the module whose `__file__` is `folder`, without the comments: client and engine read
    it at every request."""
    [statement] = parse_statements(Path(folder).with_name(f"{name}.sql").read_text(encoding="utf-8"))
    return statement


async def read(warehouse: Warehouse, sql: str, params: Parameters, kind: type[RowT]) -> list[RowT]:
    """The rows of a query as Structs whose fields are its columns."""
    answer = await warehouse.read_bytes(sql, params, format="JSONEachRow", settings=_AS_JSON)
    return msgspec.json.Decoder(kind).decode_lines(answer)
