"""From a `.sql` file beside its module to Structs: decimals as exact text, times as ISO 8601."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import stored_time

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than any instant that is stored."""

MOST_INSTANTS = 2000
"""Of one statement: 30 bytes each, and ClickHouse refuses a parameter over 128 KiB."""
MOST_SNAPSHOTS = 400
"""Keys of snapshots in one statement, of 150 bytes each."""

_AS_JSON = {
    "output_format_json_quote_decimals": 1,
    "output_format_json_quote_64bit_integers": 0,
    "date_time_output_format": "iso",
    # The partition key is part of the sort key, so a row never has to be looked for in another partition.
    "do_not_merge_across_partitions_select_final": 1,
}


@cache
def load_sql(name: str) -> str:
    """The statement in `<name>.sql`."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


async def read_rows(warehouse: Warehouse, name: str, asked: Mapping[str, Any], kind: type[RowT]) -> list[RowT]:
    """The rows of `<name>.sql` as Structs with `array_like=True`, their fields in the order of its columns."""
    params = {field: _to_parameter(value) for field, value in asked.items()}
    body = await warehouse.read_bytes(load_sql(name), params, format="JSONCompactEachRow", settings=_AS_JSON)
    return msgspec.json.Decoder(kind).decode_lines(body)


def portions(items: Sequence[ItemT], most: int) -> Iterator[Sequence[ItemT]]:
    """All of them in order, so many at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))


def _to_parameter(value: Any) -> Any:
    """Times to the millisecond, as they are stored: the client itself would cut them to the second."""
    if isinstance(value, datetime):
        return stored_time(value)
    if isinstance(value, list) and value and isinstance(value[0], datetime):
        return [stored_time(one) for one in value]
    return value
