"""The endpoint through clickhouse-connect, as people's own programs use it."""

import asyncio
import datetime as dt
import gzip
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from tests.support.servers import OWNER, OWNER_PASSWORD, EmbeddedClickHouse

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PRICE = Decimal("1.500000000000000001")
COLUMNS = ["id", "ts", "v", "s", "n", "a", "m"]
ROWS: list[tuple[Any, ...]] = [
    (i, START + dt.timedelta(seconds=i), PRICE, f"s{i % 3}", None if i % 2 else i * 0.5, ["x", "y"], {"k": i % 200})
    for i in range(1000)
]


def _address(embedded: EmbeddedClickHouse) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": embedded.port, "username": OWNER, "password": OWNER_PASSWORD}


@pytest.fixture
def client(embedded: EmbeddedClickHouse) -> Iterator[Client]:
    opened = clickhouse_connect.get_client(**_address(embedded))
    opened.command("CREATE DATABASE IF NOT EXISTS d ENGINE = Atomic")
    opened.command("DROP TABLE IF EXISTS d.t SYNC")
    opened.command(
        "CREATE TABLE d.t (id UInt64, ts DateTime64(3,'UTC'), v Decimal(38,18), s LowCardinality(String),"
        " n Nullable(Float64), a Array(String), m Map(String, UInt8)) ENGINE = MergeTree ORDER BY id"
    )
    opened.insert("d.t", ROWS, column_names=COLUMNS)
    yield opened
    opened.close()


@pytest.fixture
async def async_client(client: Client, embedded: EmbeddedClickHouse) -> AsyncIterator[AsyncClient]:
    opened = await clickhouse_connect.get_async_client(**_address(embedded), database="d")
    yield opened
    await opened.close()


def test_it_says_who_it_is(client: Client) -> None:
    assert client.ping()
    assert client.server_version.startswith("26.")
    assert client.server_tz == dt.UTC


def test_a_command_returns_its_value(client: Client) -> None:
    assert client.command("SELECT 1 + 1") == 2
    assert client.command("EXISTS TABLE d.t") == 1
    assert client.command("SHOW TABLES FROM d") == "t"


def test_rows_come_back_as_they_went_in(client: Client) -> None:
    rows = client.query("SELECT * FROM d.t ORDER BY id", tz_mode="aware").result_rows
    assert [tuple(row) for row in rows] == ROWS


def test_an_insert_says_how_many_rows_it_wrote(client: Client) -> None:
    assert client.insert("d.t", ROWS[:10], column_names=COLUMNS).written_rows == 10
    assert client.insert("t", ROWS[:10], database="d").written_rows == 10


def test_server_side_parameters_of_every_kind(client: Client) -> None:
    sql = (
        "SELECT id FROM d.t WHERE id = {i:UInt64} AND ts < {x:DateTime64(3)} AND s IN {l:Array(String)}"
        " AND v = {v:Decimal(38,18)}"
    )
    parameters = {"i": 4, "x": dt.datetime(2027, 1, 1), "l": ["s1", "it's"], "v": PRICE}  # noqa: DTZ001
    assert client.query(sql, parameters=parameters).result_rows == [(4,)]


def test_client_side_parameters_are_quoted(client: Client) -> None:
    assert client.query("SELECT %(a)s", parameters={"a": "o'k\\"}).result_rows == [("o'k\\",)]


def test_parameters_can_travel_as_a_form(embedded: EmbeddedClickHouse) -> None:
    opened = clickhouse_connect.get_client(**_address(embedded), form_encode_query_params=True)
    assert opened.query("SELECT {a:String}", parameters={"a": "zz é\n"}).result_rows == [("zz é\n",)]
    opened.close()


def test_a_statement_tells_what_it_read(client: Client) -> None:
    assert client.query("SELECT * FROM d.t").summary["read_rows"] == "1000"


def test_settings_count_for_one_statement(client: Client) -> None:
    setting = "SELECT getSetting('max_block_size')"
    before = client.query(setting).result_rows
    assert client.query(setting, settings={"max_block_size": 77}).result_rows == [(77,)]
    assert client.query(setting).result_rows == before


def test_an_empty_result_keeps_its_columns(client: Client) -> None:
    assert client.query("SELECT id, v FROM d.t LIMIT 0").column_names == ("id", "v")


def test_data_frames_arrow_and_numpy(client: Client) -> None:
    assert client.query_df("SELECT * FROM d.t").shape == (1000, 7)
    assert client.query_arrow("SELECT id, v, s FROM d.t").shape == (1000, 3)
    assert client.query_np("SELECT id, n FROM d.t").shape[0] == 1000
    assert client.insert_df("d.t", pd.DataFrame({"id": [1, 2], "s": ["a", "b"]})).written_rows == 2
    assert client.insert_arrow("d.t", pa.table({"id": pa.array([7, 8], pa.uint64())})).written_rows == 2


def test_raw_inserts_plain_and_compressed(client: Client) -> None:
    lines = '{"id":1,"s":"q"}\n{"id":2,"s":"w"}\n'
    assert client.raw_insert("d.t", ["id", "s"], insert_block=lines, fmt="JSONEachRow").written_rows == 2
    packed = gzip.compress(b"1,a\n2,b\n")
    assert client.raw_insert("d.t", ["id", "s"], insert_block=packed, fmt="CSV", compression="gzip").written_rows == 2


@pytest.mark.parametrize("compression", [False, "gzip", "lz4", "zstd"])
def test_both_ways_compressed(compression: Any, client: Client, embedded: EmbeddedClickHouse) -> None:
    opened = clickhouse_connect.get_client(**_address(embedded), compress=compression)
    opened.insert("d.t", [(5000 + i, str(i)) for i in range(5000)], column_names=["id", "s"])
    assert opened.query("SELECT count(), sum(id) FROM d.t WHERE id >= 5000").result_rows == [(5000, 37_497_500)]
    assert len(opened.query("SELECT id FROM d.t").result_rows) == 6000
    opened.close()


def test_streams_of_rows_frames_and_arrow(client: Client) -> None:
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(300000)") as rows:
        assert sum(len(block) for block in rows) == 300_000
    with client.query_df_stream("SELECT number FROM numbers(300000)") as frames:
        assert sum(len(frame) for frame in frames) == 300_000
    with client.query_arrow_stream("SELECT number FROM numbers(300000)") as batches:
        assert sum(batch.num_rows for batch in batches) == 300_000
    assert client.raw_stream("SELECT number FROM numbers(300000)", fmt="CSV").read().count(b"\n") == 300_000


def test_an_error_has_its_number_and_name(client: Client) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM nosuch")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")


def test_an_error_in_the_middle_of_a_stream_is_an_error(client: Client) -> None:
    sql = "SELECT throwIf(number = 400000, 'half way'), number FROM numbers(1000000) SETTINGS max_threads = 1"
    with (
        pytest.raises(StreamFailureError, match="half way"),
        client.query_row_block_stream(sql) as blocks,
    ):
        for _ in blocks:
            pass


def test_a_bad_row_refuses_the_insert(client: Client) -> None:
    with pytest.raises(DatabaseError):
        client.raw_insert("d.t", ["id"], insert_block="notanumber\n", fmt="CSV")
    assert client.command("SELECT count() FROM d.t") == 1000


def test_inserts_as_statements(client: Client) -> None:
    client.command("INSERT INTO d.t (id) SELECT number FROM numbers(10)")
    client.command("INSERT INTO d.t (id, s) VALUES (1, 'x'), (2, 'FORMAT CSV\n;')")
    assert client.command("SELECT count() FROM d.t") == 1012


def test_a_statement_of_a_hundred_thousand_characters(client: Client) -> None:
    ids = ",".join(map(str, range(20000)))
    assert len(client.query(f"SELECT id FROM d.t WHERE id IN ({ids}) LIMIT 3").result_rows) == 3


def test_a_session_keeps_its_temporary_table(embedded: EmbeddedClickHouse) -> None:
    opened = clickhouse_connect.get_client(**_address(embedded), session_id="temporary")
    opened.command("CREATE TEMPORARY TABLE tmp (a UInt8)")
    opened.command("INSERT INTO tmp VALUES (1)")
    assert opened.query("SELECT * FROM tmp").result_rows == [(1,)]
    opened.close()


async def test_one_async_client_runs_statements_side_by_side(async_client: AsyncClient) -> None:
    answers = await asyncio.gather(*[async_client.query("SELECT count() FROM t") for _ in range(20)])
    assert {answer.result_rows[0][0] for answer in answers} == {1000}


async def test_async_streams_and_inserts(async_client: AsyncClient) -> None:
    await async_client.insert("t", ROWS[:5], column_names=COLUMNS)
    seen = 0
    async with await async_client.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
        async for block in blocks:
            seen += len(block)
    assert seen == 200_000
