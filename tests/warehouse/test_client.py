import asyncio
import datetime as dt
import json
import socket
from decimal import Decimal

import pytest

from holdfast.settings import Secret
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import IDLE_S, Warehouse, connect
from holdfast.warehouse.embedded.service import KEEP_ALIVE_S
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable

LONG = Decimal("1234567890123456789012345678901234567890.123456789012345678901234567890123456")


async def test_decimals_nulls_and_instants_keep_their_kind(warehouse: Warehouse) -> None:
    sql = "SELECT {d:Decimal(76,36)} AS d, CAST(NULL, 'Nullable(Decimal(76, 36))') AS n, {t:DateTime64(3,'UTC')} AS t"
    instant = dt.datetime(2026, 3, 29, 1, 30, 0, 123000, tzinfo=dt.UTC)
    [row] = await warehouse.query(sql, {"d": str(LONG), "t": instant})
    assert row == {"d": LONG, "n": None, "t": instant}
    assert row["t"].tzinfo is not None


async def test_an_inserted_block_is_there_when_insert_returns(warehouse: Warehouse) -> None:
    await warehouse.command("CREATE TABLE b (n UInt64, d Decimal(76, 36)) ENGINE = MergeTree ORDER BY n")
    await warehouse.insert_json("b", b'{"n": 1, "d": "%s"}\n{"n": 2, "d": "-0.5"}\n' % str(LONG).encode())
    assert await warehouse.rows("SELECT n, d FROM b ORDER BY n") == [(1, LONG), (2, Decimal("-0.5"))]


async def test_inserting_the_same_block_again_changes_no_replaced_table(warehouse: Warehouse) -> None:
    await warehouse.command("CREATE TABLE r (n UInt64, v UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY n")
    for _ in range(3):
        await warehouse.insert_json("r", b'{"n": 1, "v": 1}\n{"n": 2, "v": 1}\n')
    assert await warehouse.value("SELECT count() FROM r FINAL") == 2


async def test_a_field_the_table_does_not_have_is_refused(warehouse: Warehouse) -> None:
    await warehouse.command("CREATE TABLE f (n UInt64) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(WarehouseError, match="surprise"):
        await warehouse.insert_json("f", b'{"n": 1, "surprise": 2}\n')
    assert await warehouse.value("SELECT count() FROM f") == 0


async def test_null_for_an_amount_without_null_is_refused_and_not_0(warehouse: Warehouse) -> None:
    await warehouse.command("CREATE TABLE n (n Decimal(76, 36)) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(WarehouseError):
        await warehouse.insert_json("n", b'{"n": null}\n')
    assert await warehouse.value("SELECT count() FROM n") == 0


async def test_many_tasks_share_one_connection(warehouse: Warehouse) -> None:
    answers = await asyncio.gather(*[warehouse.value("SELECT {n:UInt64}", {"n": n}) for n in range(50)])
    assert answers == list(range(50))


def test_no_connection_is_used_again_that_the_endpoint_closes() -> None:
    assert KEEP_ALIVE_S > IDLE_S


async def test_the_result_can_be_taken_as_the_engine_wrote_it(warehouse: Warehouse) -> None:
    assert await warehouse.read_bytes("SELECT 1 AS x", format="JSONEachRow") == b'{"x":1}\n'


LONG_ARRAY = [f"acme/evm/eip155:1:0x{number:040x}/wallet 'quoted' ü\\" for number in range(9000)]
"""Nine times what a server takes in one field."""


async def test_an_array_longer_than_a_field_arrives_whole_and_in_order(warehouse: Warehouse) -> None:
    sizes = "SELECT length({a:Array(String)}), length({ a : Array(String) }), has({a:Array(String)}, {b:String})"
    assert await warehouse.rows(sizes, {"a": LONG_ARRAY, "b": "x"}) == [(9000, 9000, 0)]
    [last] = await warehouse.rows("SELECT {a:Array(String)}[-1], {a:Array(String)}[1]", {"a": LONG_ARRAY})
    assert last == (LONG_ARRAY[-1], LONG_ARRAY[0])
    body = await warehouse.read_bytes("SELECT {a:Array(String)} AS a", {"a": LONG_ARRAY}, format="JSONEachRow")
    assert json.loads(body)["a"] == LONG_ARRAY


async def test_a_text_longer_than_a_field_arrives_whole(warehouse: Warehouse) -> None:
    """As rows that a statement takes apart: the aggregator asks for the points of a past so."""
    lines = [json.dumps([number, f"\t'line' \\ {number} ü€😀\n"]) for number in range(12_000)]
    asked = "SELECT count(), sum(n), max(t) FROM format(JSONCompactEachRow, 'n UInt32, t String', {rows:String})"
    assert len("\n".join(lines)) > 400_000
    assert await warehouse.rows(asked, {"rows": "\n".join(lines)}) == [
        (12_000, sum(range(12_000)), max(json.loads(line)[1] for line in lines))
    ]


async def test_a_command_takes_long_arrays_too(warehouse: Warehouse) -> None:
    await warehouse.command("CREATE TABLE l (t String, n UInt32) ENGINE = MergeTree ORDER BY t")
    pairs = [(text, number) for number, text in enumerate(LONG_ARRAY)]
    sql = "INSERT INTO l SELECT pair.1, pair.2 FROM (SELECT arrayJoin({p:Array(Tuple(String, UInt32))}) AS pair)"
    await warehouse.command(sql, {"p": pairs})
    found = await warehouse.value("SELECT uniqExact(n) FROM l WHERE t IN {a:Array(String)}", {"a": LONG_ARRAY})
    assert found == 9000


async def test_a_view_takes_a_long_array(warehouse: Warehouse) -> None:
    await warehouse.command("CREATE VIEW v AS SELECT count() AS n FROM (SELECT arrayJoin({members:Array(String)}))")
    assert await warehouse.value("SELECT n FROM v(members = {a:Array(String)})", {"a": LONG_ARRAY}) == 9000
    await warehouse.command("DROP VIEW v")


async def test_what_cannot_be_sent_in_parts_is_refused_as_a_server_does(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="param_t has 200000 bytes"):
        await warehouse.value("SELECT length({t:Nullable(String)})", {"t": "x" * 200_000})


async def test_no_row_is_none(warehouse: Warehouse) -> None:
    assert await warehouse.value("SELECT 1 WHERE 0") is None


async def test_a_refused_statement_has_code_and_name(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError) as caught:
        await warehouse.query("SELECT * FROM nosuch")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")
    assert not isinstance(caught.value, WarehouseUnavailable)


async def test_a_timeout_of_the_engine_may_pass(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseUnavailable) as caught:
        await warehouse.query(
            "SELECT sleepEachRow(0.5) FROM numbers(9)", settings={"max_execution_time": 1, "max_block_size": 1}
        )
    assert caught.value.code == 159


async def test_a_wrong_password_is_refused_and_not_shown(clickhouse_settings: ClickHouseSettings) -> None:
    wrong = ClickHouseSettings(url=clickhouse_settings.url, user=clickhouse_settings.user, password=Secret("not-it"))
    with pytest.raises(WarehouseError, match=r"clickhouse\.url") as caught:
        await connect(wrong)
    assert caught.value.code == 516
    assert "not-it" not in str(caught.value)


async def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(WarehouseUnavailable, match=r"clickhouse\.url .* Cannot connect"):
        await connect(ClickHouseSettings(url=f"http://127.0.0.1:{port}"))
