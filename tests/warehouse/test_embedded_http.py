"""The endpoint as curl sees it."""

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import AsyncIterator

import httpx
import lz4.frame
import pytest
from backports import zstd

from tests.support.clients import http_client
from tests.support.servers import ANALYST, ANALYST_PASSWORD, OWNER, OWNER_PASSWORD, EmbeddedClickHouse


@pytest.fixture
async def anyone(embedded: EmbeddedClickHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(embedded.url, timeout=30) as client:
        yield client


@pytest.fixture
async def table(owner: httpx.AsyncClient) -> AsyncIterator[str]:
    (await owner.post("/", content="CREATE DATABASE IF NOT EXISTS http ENGINE = Atomic")).raise_for_status()
    (
        await owner.post("/", content="CREATE TABLE http.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    ).raise_for_status()
    yield "http.t"
    (await owner.post("/", content="DROP TABLE http.t SYNC")).raise_for_status()


async def _text(client: httpx.AsyncClient, sql: str, **params: str) -> str:
    answer = await client.post("/", params=params, content=sql)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_ping_and_ready_need_no_password(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get("/ping")).text == "Ok.\n"
    assert (await anyone.get("/")).text == "Ok.\n"
    assert (await anyone.get("/ready")).json() == {"ready": True, "waiting_for": {}}


@pytest.mark.parametrize(
    "credentials",
    [
        {"headers": {"X-ClickHouse-User": OWNER, "X-ClickHouse-Key": OWNER_PASSWORD}},
        {"params": {"user": OWNER, "password": OWNER_PASSWORD}},
        {"auth": (OWNER, OWNER_PASSWORD)},
    ],
)
async def test_three_ways_to_sign_in(credentials: dict[str, object], anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post("/", content="SELECT count() FROM other.t", **credentials)  # type: ignore[arg-type]
    assert answer.text == "1\n"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-ClickHouse-User": OWNER},
        {"X-ClickHouse-User": OWNER, "X-ClickHouse-Key": OWNER_PASSWORD + "x"},
        {"X-ClickHouse-User": OWNER, "X-ClickHouse-Key": ANALYST_PASSWORD},
        {"X-ClickHouse-User": "default"},
        {"X-ClickHouse-User": "é", "X-ClickHouse-Key": "ü"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer " + OWNER_PASSWORD},
    ],
)
async def test_a_wrong_sign_in_is_refused(headers: dict[str, str], anyone: httpx.AsyncClient) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = await anyone.post("/", content="SELECT 1", headers=encoded)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


async def test_the_statement_may_be_split_between_address_and_body(owner: httpx.AsyncClient) -> None:
    assert await _text(owner, "+ 1", query="SELECT 1") == "2\n"


async def test_an_insert_takes_its_data_from_the_body(owner: httpx.AsyncClient, table: str) -> None:
    assert await _text(owner, "1,x\n2,y\n", query=f"INSERT INTO {table} FORMAT CSV") == ""
    assert await _text(owner, f'INSERT INTO {table} (a, s) FORMAT JSONEachRow\n{{"a": 3, "s": "FORMAT"}}\n') == ""
    assert await _text(owner, f'INSERT INTO {table} FORMAT JSONEachRow {{"a": 4, "s": "z"}}') == ""
    assert await _text(owner, "(5, 'v')", query=f"INSERT INTO {table} VALUES") == ""
    assert await _text(owner, f"/* c */ INSERT INTO {table} -- d\n (a, s) VALUES (6, 'FORMAT CSV\n')") == ""
    await _text(
        owner, "7,u\n", query="INSERT INTO {d:Identifier}.{t:Identifier} FORMAT CSV", param_d="http", param_t="t"
    )
    assert await _text(owner, f"SELECT groupArray(a) FROM (SELECT a FROM {table} ORDER BY a)") == "[1,2,3,4,5,6,7]\n"


async def test_an_insert_streams(owner: httpx.AsyncClient, table: str) -> None:
    async def lines() -> AsyncIterator[bytes]:
        yield f"INSERT INTO {table} FOR".encode()
        yield b"MAT CSV"
        yield b"\n"
        for start in range(0, 100_000, 1000):
            yield b"".join(b"%d,x\n" % number for number in range(start, start + 1000))

    answer = await owner.post("/", content=lines())
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "100000"
    assert await _text(owner, f"SELECT count(), sum(a) FROM {table}") == "100000\t4999950000\n"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("lz4", lz4.frame.compress), ("zstd", zstd.compress)],
)
async def test_bodies_may_be_compressed(encoding: str, pack: object, owner: httpx.AsyncClient, table: str) -> None:
    assert callable(pack)
    data = b"".join(b"%d,some text\n" % number for number in range(200_000))
    twice = pack(data) + pack(b"200000,x\n")
    answer = await owner.post(
        "/", params={"query": f"INSERT INTO {table} FORMAT CSV"}, headers={"Content-Encoding": encoding}, content=twice
    )
    assert answer.status_code == 200, answer.text
    assert await _text(owner, f"SELECT count() FROM {table}") == "200001\n"

    broken = await owner.post(
        "/",
        params={"query": f"INSERT INTO {table} FORMAT CSV"},
        headers={"Content-Encoding": encoding},
        content=pack(data)[:-9],
    )
    assert (broken.status_code, broken.headers["X-ClickHouse-Exception-Code"]) == (400, "271")


async def test_an_unknown_compression_is_named(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/", headers={"Content-Encoding": "snappy"}, content=b"x")
    assert (answer.status_code, "snappy is not known; known: identity, gzip" in answer.text) == (400, True)


async def test_results_are_compressed_when_asked(owner: httpx.AsyncClient) -> None:
    asked = {"enable_http_compression": "1"}
    answer = await owner.post(
        "/", params=asked, headers={"Accept-Encoding": "gzip"}, content="SELECT number FROM numbers(9)"
    )
    assert (answer.headers["Content-Encoding"], answer.text.splitlines()[-1]) == ("gzip", "8")
    whole = await owner.post(
        "/", params=asked, headers={"Accept-Encoding": "gzip"}, content="SELECT 1 AS x FORMAT JSON"
    )
    assert (whole.headers["Content-Encoding"], whole.json()["data"]) == ("gzip", [{"x": 1}])


async def test_native_block_framing_is_refused_with_the_fix(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/", params={"compress": "1"}, content="SELECT 1")
    assert (answer.status_code, "set compress=0" in answer.text) == (501, True)


@pytest.mark.parametrize(
    ("params", "headers", "clause", "body"),
    [
        ({}, {}, "", "1\n"),
        ({"default_format": "JSONEachRow"}, {}, "", '{"x":1}\n'),
        ({"default_format": "JSONEachRow"}, {"X-ClickHouse-Format": "CSV"}, "", "1\n"),
        ({"default_format": "JSONEachRow"}, {}, " FORMAT CSVWithNames", '"x"\n1\n'),
        ({}, {}, " FORMAT TSV;", "1\n"),
        ({}, {}, " FORMAT CSV -- FORMAT JSON", "1\n"),
    ],
)
async def test_the_format_is_the_clauses_then_the_headers_then_the_default(
    params: dict[str, str], headers: dict[str, str], clause: str, body: str, owner: httpx.AsyncClient
) -> None:
    answer = await owner.post("/", params=params, headers=headers, content=f"SELECT 1 AS x{clause}")
    assert answer.text == body


async def test_every_answer_names_the_query(owner: httpx.AsyncClient) -> None:
    named = await owner.post("/", params={"query_id": "mine"}, content="SELECT 1")
    assert named.headers["X-ClickHouse-Query-Id"] == "mine"
    assert named.headers["X-ClickHouse-Timezone"] == "UTC"
    assert named.headers["X-ClickHouse-Format"] == "TabSeparated"
    failed = await owner.post("/", params={"query_id": "mine"}, content="SELECT")
    assert failed.headers["X-ClickHouse-Query-Id"] == "mine"


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM nosuch", 404, 60),
        ("SELECT nosuch", 404, 47),
        ("SELECT nosuch()", 404, 46),
        ("SELECT 1 FROM nosuch.t", 404, 81),
        ("SELEC", 400, 62),
        ("SELECT toUInt8('x')", 400, 6),
        ("SELECT 1 SETTINGS nosuch = 1", 404, 115),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT sleepEachRow(1) FROM numbers(9) SETTINGS max_execution_time = 1, max_block_size = 1", 408, 159),
        ("SELECT groupArray(number) FROM numbers(99999999) SETTINGS max_memory_usage = 10000000", 500, 241),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString')", 403, 497),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 403, 497),
    ],
)
async def test_errors_have_the_servers_code_and_status(
    sql: str, status: int, code: int, owner: httpx.AsyncClient
) -> None:
    answer = await owner.post("/", content=sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


async def test_an_error_after_the_first_block_ends_the_body_with_the_announced_tag(owner: httpx.AsyncClient) -> None:
    sql = "SELECT throwIf(number = 300000, 'half way') FROM numbers(1000000) SETTINGS max_threads = 1"
    answer = await owner.post("/", content=sql)
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    before, _, block = answer.text.partition("__exception__\r\n")
    assert (answer.status_code, before[:2], block.startswith(f"{tag}\r\nCode: 395.")) == (200, "0\n", True)
    message = block.removeprefix(f"{tag}\r\n").rpartition("\n" + block.splitlines()[-2])[0]
    assert f"{len(message.encode()) + 1} {tag}\r\n__exception__\r\n" in block


async def test_wait_end_of_query_turns_a_late_error_into_a_status(owner: httpx.AsyncClient) -> None:
    sql = "SELECT throwIf(number = 300000) FROM numbers(1000000)"
    answer = await owner.post("/", params={"wait_end_of_query": "1"}, content=sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


async def test_get_only_reads(owner: httpx.AsyncClient, table: str) -> None:
    assert (await owner.get("/", params={"query": f"SELECT count() FROM {table}"})).text == "0\n"
    for sql in (
        f"INSERT INTO {table} VALUES (1, 'x')",
        f"DROP TABLE {table}",
        f"WITH 1 AS x INSERT INTO {table} SELECT 1, 'x'",
    ):
        for session in ({}, {"session_id": "reader"}):
            assert (await owner.get("/", params={**session, "query": sql})).status_code == 403
    assert await _text(owner, f"SELECT count() FROM {table}") == "0\n"


async def test_a_session_is_free_again_when_the_answer_has_arrived(owner: httpx.AsyncClient) -> None:
    for number in range(30):
        assert await _text(owner, f"SELECT {number} FROM numbers(1)", session_id="often") == f"{number}\n"


async def test_a_session_in_use_is_locked(
    owner: httpx.AsyncClient,
) -> None:
    slow = asyncio.create_task(owner.post("/", params={"session_id": "s"}, content="SELECT sleep(2) AS slow"))
    await _until(owner, "SELECT count() FROM system.processes WHERE query LIKE '%AS slow'", "1\n")
    answer = await owner.post("/", params={"session_id": "s"}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "373"
    assert (await slow).status_code == 200
    answer = await owner.post("/", params={"session_id": "nosuch", "session_check": "1"}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"


async def test_a_session_keeps_set_but_not_the_settings_of_an_address(owner: httpx.AsyncClient) -> None:
    ask = "SELECT getSetting('max_block_size')"
    await _text(owner, "SET max_block_size = 123", session_id="keeps")
    assert await _text(owner, ask, session_id="keeps", max_block_size="77") == "77\n"
    assert await _text(owner, ask, session_id="keeps") == "123\n"


async def test_a_caller_without_a_user_is_the_analyst(embedded: EmbeddedClickHouse) -> None:
    async with http_client(embedded.url) as client:
        answer = await client.post("/", headers={"X-ClickHouse-Key": ANALYST_PASSWORD}, content="SELECT count() FROM t")
    assert answer.text == "3\n"


async def test_an_external_table_is_refused_by_name(owner: httpx.AsyncClient) -> None:
    files = {"query": (None, "SELECT 1"), "ext": ("ext.csv", b"1\n")}
    answer = await owner.post("/", files=files)
    assert (answer.status_code, "external tables (ext)" in answer.text) == (501, True)


async def test_a_broken_form_is_a_clear_error(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/", headers={"Content-Type": "multipart/form-data; boundary=b"}, content=b"nonsense")
    assert answer.status_code == 400


async def test_other_paths_do_not_exist(owner: httpx.AsyncClient) -> None:
    assert (await owner.get("/play")).status_code == 404


async def test_the_analysts_limits_hold(analyst: httpx.AsyncClient) -> None:
    memory = await analyst.post("/", content="SELECT groupArray(number) FROM numbers(99999999)")
    assert memory.headers["X-ClickHouse-Exception-Code"] == "241"
    began = time.monotonic()
    endless = await analyst.post("/", content="SELECT sum(cityHash64(number)) FROM numbers(99999999999)")
    assert endless.headers["X-ClickHouse-Exception-Code"] == "159"
    assert time.monotonic() - began < 15
    big = await analyst.post("/", content="SELECT repeat('x', 1000) FROM numbers(1000000) FORMAT JSON")
    assert big.headers["X-ClickHouse-Exception-Code"] in {"241", "396"}


@pytest.mark.parametrize("output", ["JSON", "TabSeparated"])
async def test_a_client_that_leaves_stops_its_statement(output: str, owner: httpx.AsyncClient) -> None:
    slow = f"SELECT sum(cityHash64(number)) AS gone_{output} FROM numbers(999999999999) FORMAT {output}"
    running = (
        f"SELECT count() FROM system.processes WHERE query LIKE '%gone_{output}%' AND query NOT LIKE '%processes%'"
    )
    task = asyncio.create_task(owner.post("/", content=slow))
    await _until(owner, running, "1\n")
    task.cancel()
    await _until(owner, running, "0\n")


async def test_the_query_log_says_who_asked_what(owner: httpx.AsyncClient, analyst: httpx.AsyncClient) -> None:
    await analyst.post("/", params={"query_id": "a-question"}, content="SELECT count() FROM t WHERE s = 'open'")
    sql = (
        "SELECT JSONExtractString(log_comment, 'user'), query FROM system.query_log"
        " WHERE type = 'QueryFinish' AND JSONExtractString(log_comment, 'query_id') = 'a-question'"
    )
    await _text(owner, "SYSTEM FLUSH LOGS")
    assert await _text(owner, sql) == f"{ANALYST}\tSELECT count() FROM t WHERE s = \\'open\\'\n"


async def _until(client: httpx.AsyncClient, sql: str, expected: str) -> None:
    deadline = time.monotonic() + 10
    while (seen := await _text(client, sql)) != expected:
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.05)
