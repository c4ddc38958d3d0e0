"""Parameters that are longer than a ClickHouse server takes in one field of a request: 128 KiB by default.

The setting (`http_max_field_value_size`) is read before a request has a user, so a client cannot raise it. Any number
of fields is taken: a long array is sent in several, and the statement joins them where it names the array.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.binding import format_bind_value

MOST_BYTES = 100_000
"""Of one field."""
_LONGEST_CHARACTER = 4
"""Bytes, escaped or not."""


def in_fields(sql: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters, every array that is too long in parts: `arrayConcat({a__0:…}, {a__1:…})`."""
    fields = dict(params)
    for name, value in params.items():
        if not isinstance(value, list) or len(str(value)) * _LONGEST_CHARACTER <= MOST_BYTES:
            continue
        parts = list(_parts(value))
        if len(parts) > 1:
            del fields[name]
            fields |= {f"{name}__{number}": part for number, part in enumerate(parts)}
            sql = _joined(sql, name, len(parts))
    return sql, fields


def _parts(items: Sequence[Any]) -> Iterator[list[Any]]:
    part: list[Any] = []
    size = 0
    for item in items:
        length = len(format_bind_value(item, top_level=False).encode()) + len(", ")
        if part and size + length > MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    yield part


def _joined(sql: str, name: str, parts: int) -> str:
    named = re.compile(r"\{\s*" + re.escape(name) + r"\s*:\s*(Array\([^{}]*\))\s*\}")
    return named.sub(
        lambda found: f"arrayConcat({', '.join(f'{{{name}__{part}:{found[1]}}}' for part in range(parts))})", sql
    )
