"""Parameters as ClickHouse takes them: arrays written here, and in several fields where one would be too long.

A server takes 128 KiB in one field of a request by default. The setting (`http_max_field_value_size`) is read before
a request has a user, so a client cannot raise it. Any number of fields is taken: a long array or text is sent in
several, and the statement joins them where it names it.

The client writes an array character by character, for 20 ms a hundred kilobytes; so it is given arrays as text.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clickhouse_connect.driver.binding import format_bind_value

MOST_BYTES = 100_000
"""Of one field."""
_MOST_CHARACTERS = MOST_BYTES // 4
"""Of a text: the client may write two for one, and one may have four bytes, but an escaped one has only one."""

_ESCAPED = re.compile(r"[\\'`\t\n]")
_OF_ANOTHER_ZONE = re.compile(r"DateTime(?!64\(\d,\s*'UTC'\))")


class Written:
    """A parameter's own text. The client sends what it does not know as `str` has it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def in_fields(sql: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters, every array that is too long in parts: `arrayConcat({a__0:…}, {a__1:…})`.

    A text that is too long is in parts, too: `concat({t__0:String}, {t__1:String})`.

    Arrays are written as text, but for those of times in a zone other than UTC, which the client knows.
    """
    fields = dict(params)
    for name, value in params.items():
        written = _text_in_parts(sql, name, value) if isinstance(value, str) else _array_in_parts(sql, name, value)
        if written is None:
            continue
        sql, parts = written
        del fields[name]
        fields |= parts
    return sql, fields


def _text_in_parts(sql: str, name: str, value: str) -> tuple[str, dict[str, Any]] | None:
    """None for one that fits, or is no text to the statement."""
    named = re.compile(r"\{\s*" + re.escape(name) + r"\s*:\s*(String)\s*\}")
    if len(value) <= _MOST_CHARACTERS or named.search(sql) is None:
        return None
    texts = [value[at : at + _MOST_CHARACTERS] for at in range(0, len(value), _MOST_CHARACTERS)]
    parts = {f"{name}__{number}": text for number, text in enumerate(texts)}
    return _joined(sql, named, name, len(parts), by="concat"), parts


def _array_in_parts(sql: str, name: str, value: Any) -> tuple[str, dict[str, Any]] | None:
    """None for what is no array, or one of times that the client knows."""
    named = re.compile(r"\{\s*" + re.escape(name) + r"\s*:\s*(Array\([^{}]*\))\s*\}")
    found = named.search(sql) if isinstance(value, list) else None
    if found is None or _OF_ANOTHER_ZONE.search(found[1]):
        return None
    written = list(_parts([_written(item) for item in value]))
    if len(written) == 1:
        return sql, {name: written[0]}
    parts = {f"{name}__{number}": part for number, part in enumerate(written)}
    return _joined(sql, named, name, len(parts), by="arrayConcat"), parts


def _written(item: Any) -> str:
    """An item of an array, as a literal. A time is one of UTC, to the microsecond."""
    if type(item) is int:  # the most of what is sent, and the client takes long to find it out; a bool is none
        return str(item)
    if isinstance(item, str):
        return f"'{_ESCAPED.sub(_escaped, item)}'"
    if isinstance(item, dt.datetime):
        return f"'{_in_utc(item)}'"
    if isinstance(item, tuple):
        return f"({', '.join(map(_written, item))})"
    if isinstance(item, list):
        return f"[{', '.join(map(_written, item))}]"
    return str(format_bind_value(item, top_level=False))


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _in_utc(instant: dt.datetime) -> str:
    if instant.tzinfo is None:
        return instant.isoformat(" ", "microseconds")
    if instant.tzinfo is not dt.UTC:
        instant = instant.astimezone(dt.UTC)
    return instant.isoformat(" ", "microseconds").removesuffix("+00:00")


def _parts(items: list[str]) -> Iterator[Written]:
    """At least one, as an array may be empty."""
    whole = ", ".join(items)
    if len(whole) <= MOST_BYTES and len(whole.encode()) <= MOST_BYTES:
        yield Written(f"[{whole}]")
        return
    part: list[str] = []
    size = 0
    for item in items:
        length = len(item.encode()) + len(", ")
        if part and size + length > MOST_BYTES:
            yield Written(f"[{', '.join(part)}]")
            part, size = [], 0
        part.append(item)
        size += length
    yield Written(f"[{', '.join(part)}]")


def _joined(sql: str, named: re.Pattern[str], name: str, parts: int, *, by: str) -> str:
    return named.sub(lambda found: f"{by}({', '.join(f'{{{name}__{part}:{found[1]}}}' for part in range(parts))})", sql)
