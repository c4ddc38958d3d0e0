"""Arrays are written as the client itself would write them, in a tenth of its time."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clickhouse_connect.driver.binding import bind_query

from holdfast.warehouse.parameters import MOST_BYTES, in_fields

ODD = ["", "a", "it's", 'a "b"', "back\\slash", "`tick`", "tab\tline\nreturn\rnul\0", "ü€😀", "[1, 2]", "{a:String}"]
NOON = dt.datetime(2026, 3, 29, 12, tzinfo=dt.UTC)
TIMES = [
    NOON,
    NOON.replace(microsecond=123000),
    NOON.astimezone(ZoneInfo("Europe/Zurich")),
    NOON.astimezone(dt.timezone(dt.timedelta(hours=-3))),
    NOON.replace(tzinfo=None),
]
IN_UTC = "DateTime64(3, 'UTC')"


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        ("String", []),
        ("String", ODD),
        ("UInt64", [0, 2**63]),
        ("Bool", [True, False]),
        ("Date", [NOON.date()]),
        ("Nullable(Decimal(76, 36))", [None, Decimal("-1.5"), Decimal("1E-30")]),
        (IN_UTC, TIMES),
        ("DateTime64(3)", TIMES),
        ("DateTime('UTC')", TIMES),
        ("DateTime64(3, 'Asia/Tokyo')", TIMES),
        (f"Array({IN_UTC})", [TIMES, []]),
        (f"Tuple(String, {IN_UTC}, String)", [(text, NOON, text) for text in ODD]),
    ],
)
def test_an_array_reads_as_the_client_writes_it(kind: str, items: list[Any]) -> None:
    sql = f"SELECT {{a:Array({kind})}}"
    statement, fields = in_fields(sql, {"a": items})
    assert bind_query(statement, fields, dt.UTC) == bind_query(sql, {"a": items}, dt.UTC)


@pytest.mark.parametrize("text", ["x" * 990, "€" * 330])
def test_no_part_of_a_long_array_is_longer_than_a_field(text: str) -> None:
    statement, fields = in_fields("SELECT { a : Array(String) }", {"a": [text] * 250, "b": 1})
    assert statement == "SELECT arrayConcat({a__0:Array(String)}, {a__1:Array(String)}, {a__2:Array(String)})"
    assert fields.pop("b") == 1
    parts = [str(part) for part in fields.values()]
    assert [part.count(text) for part in parts] == [100, 100, 50]
    assert all(len(part.encode()) <= MOST_BYTES + len("[]") for part in parts)


@pytest.mark.parametrize("text", ["abc" * 50_000, "\n" * 150_000, "😀" * 60_000])
def test_no_part_of_a_long_text_is_longer_than_a_field(text: str) -> None:
    statement, fields = in_fields("SELECT length({ t : String }), {t:String}", {"t": text})
    joined = f"concat({', '.join(f'{{t__{number}:String}}' for number in range(len(fields)))})"
    assert statement == f"SELECT length({joined}), {joined}"
    assert "".join(fields.values()) == text
    _, bound = bind_query(statement, fields, dt.UTC)
    assert all(len(str(part).encode()) <= MOST_BYTES for part in bound.values())


def test_what_is_no_array_is_left_to_the_client() -> None:
    params = {"t": "it's", "at": NOON, "unused": [1]}
    assert in_fields("SELECT {t:String}, {at:DateTime64(3, 'UTC')}", params) == (
        "SELECT {t:String}, {at:DateTime64(3, 'UTC')}",
        params,
    )
