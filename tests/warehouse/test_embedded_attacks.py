"""What a read-only caller tries, and must not get."""

from pathlib import Path

import httpx
import pytest

from tests.support.servers import EmbeddedClickHouse

SECRET = "TOPSECRET"

READS_FILES = [
    "SELECT file('{file}')",
    "SELECT FiLe('{file}')",
    "SELECT `file`('{file}')",
    "SELECT /* harmless */ file /* ( */ ('{file}')",
    "SELECT file(concat('{folder}', '/secret.txt'))",
    "WITH file('{file}') AS x SELECT x",
    "SELECT arrayMap(x -> file(x), ['{file}'])",
    "SELECT * FROM (SELECT * FROM (SELECT file('{file}')))",
    "SELECT * FROM file('{file}', 'LineAsString')",
    "SELECT * FROM FILE('{file}', LineAsString)",
    "SELECT * FROM view(SELECT * FROM file('{file}', 'LineAsString'))",
    "SELECT * FROM holdfast.t WHERE s IN (SELECT * FROM file('{file}', 'LineAsString'))",
    "SELECT * FROM fileCluster('default', '{file}', 'LineAsString')",
    "SELECT * FROM filesystem('{folder}')",
    "SELECT * FROM executable('cat', 'LineAsString', 'x String')",
    "SELECT * FROM sqlite('{file}', 't')",
    "SELECT * FROM icebergLocal('{folder}')",
    "SELECT * FROM deltaLakeLocal('{folder}')",
    "SELECT * FROM python(os)",
    "SELECT * FROM Python(sys.modules)",
    "SELECT * FROM eval('SELECT file(\\'{file}\\')')",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT file('{file}')))",
    "SELECT * FROM `default`.`{file}`",
    "SELECT * FROM '{file}'",
    "DESCRIBE TABLE file('{file}')",
    "EXPLAIN SELECT file('{file}')",
    "SELECT 1 FORMAT Template SETTINGS format_template_row = '{file}'",
]

READS_OTHERS = [
    "SELECT * FROM other.t",
    "SELECT * FROM `other`.`t`",
    'SELECT * FROM "other"."t"',
    "SELECT * FROM {{d:Identifier}}.t",
    "SELECT * FROM merge('other', 't')",
    "SELECT * FROM merge(REGEXP('o.*'), '^t$')",
    "SELECT * FROM remote('127.0.0.1', other.t)",
    "SELECT * FROM cluster('default', other.t)",
    "SELECT * FROM loop(other.t) LIMIT 1",
    "SELECT * FROM view(SELECT * FROM other.t)",
    "WITH c AS (SELECT * FROM other.t) SELECT * FROM c",
    "WITH (SELECT any(s) FROM other.t) AS x SELECT x",
    "SELECT * FROM holdfast.t WHERE s IN other.t",
    "SELECT * FROM holdfast.t WHERE a IN (SELECT a FROM other.t)",
    "SELECT (SELECT any(s) FROM other.t)",
    "SELECT * FROM holdfast.t UNION ALL SELECT * FROM other.t",
    "SELECT joinGet('other.joined', 's', toUInt64(1))",
    "SELECT * FROM mergeTreeIndex('other', 't')",
    "EXPLAIN ESTIMATE SELECT * FROM other.t",
    "DESCRIBE TABLE other.t",
    "SHOW CREATE TABLE other.t",
    "EXISTS TABLE other.t",
    "SELECT hasColumnInTable('other', 't', 'a')",
    "SELECT * FROM dictionary('other.t')",
]

READS_THE_ENGINE = [
    "SELECT query FROM system.processes",
    "SELECT * FROM `system`.`processes`",
    "SELECT * FROM {{s:Identifier}}.processes",
    "SELECT * FROM {{s:Identifier}}.{{p:Identifier}}",
    "SELECT 1 WHERE 'x' IN system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.server_settings",
    "SELECT path FROM system.parts",
    "SELECT * FROM system.users",
    "SELECT * FROM system.environment",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "SELECT getServerSetting('path')",
    "SELECT getMacro('x')",
    "SELECT sleep(3)",
    "SELECT addressToLine(toUInt64(1))",
]

REACHES_OUT = [
    "SELECT * FROM url('http://127.0.0.1:{port}/ping', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:{port}/a/b', 'CSV', 'x String')",
    "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
    "SELECT * FROM hdfs('hdfs://127.0.0.1/x', 'CSV', 'x String')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'x String')",
    "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')",
    "SELECT * FROM odbc('DSN=x', 'a', 'b')",
    "SELECT * FROM jdbc('x', 'a', 'b')",
    "SELECT * FROM azureBlobStorage('x', 'y', 'z')",
    "SELECT * FROM iceberg('http://127.0.0.1:{port}/a')",
    "SELECT * FROM hudi('http://127.0.0.1:{port}/a')",
    "SELECT * FROM deltaLake('http://127.0.0.1:{port}/a')",
    "SELECT aiGenerate('x', 'y')",
]

CHANGES = [
    "INSERT INTO holdfast.t VALUES (9, 'x')",
    "INSERT INTO holdfast.t FORMAT CSV\n9,x\n",
    "INSERT INTO holdfast.t SELECT 9, 'x'",
    "WITH 1 AS x INSERT INTO holdfast.t SELECT 9, 'x'",
    "INSERT INTO FUNCTION file('{folder}/out.csv', 'CSV', 'x String') VALUES ('x')",
    "CREATE TABLE holdfast.z (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE z (a Int8)",
    "CREATE VIEW holdfast.z AS SELECT * FROM other.t",
    "CREATE DATABASE z",
    "CREATE FUNCTION z AS () -> file('{file}')",
    "DROP TABLE holdfast.t",
    "TRUNCATE TABLE holdfast.t",
    "ALTER TABLE holdfast.t DELETE WHERE 1",
    "DELETE FROM holdfast.t WHERE 1",
    "UPDATE holdfast.t SET s = 'x' WHERE 1",
    "OPTIMIZE TABLE holdfast.t FINAL",
    "RENAME TABLE holdfast.t TO holdfast.z",
    "BACKUP TABLE holdfast.t TO File('{folder}/b')",
    "KILL QUERY WHERE 1",
    "SYSTEM FLUSH LOGS",
    "SYSTEM STOP MERGES",
    "SET max_threads = 99",
    "SET ROLE owner",
    "SET DEFAULT ROLE owner TO default",
    "GRANT owner TO default",
    "EXECUTE AS default SELECT 1",
    "USE other",
    "ATTACH TABLE holdfast.z FROM '{folder}' (a Int8) ENGINE = Memory",
    "SELECT 1 INTO OUTFILE '{folder}/out.csv'",
    "SELECT 1 into /* */ outfile '{folder}/out.csv' FORMAT CSV",
    "SELECT 1 PARALLEL WITH DROP TABLE holdfast.t",
    "EXPLAIN PLAN INSERT INTO holdfast.t SELECT 9, 'x'",
]

MANY_IN_ONE = [
    "SELECT 1; SELECT * FROM other.t",
    "SELECT 1; SET ROLE owner; SELECT * FROM other.t",
    "SELECT 1;\nDROP TABLE holdfast.t",
    "SELECT 'it\\'s; fine'; SET ROLE owner",
    "SELECT ';' -- '\n; SET ROLE owner",
    "SELECT 1 /* ; */; SET ROLE owner",
    "SELECT $$;$$; SET ROLE owner",
    "SELECT `a;b` FROM (SELECT 1 AS `a;b`); SET ROLE owner",
    "SELECT 1\x00; SET ROLE owner",
]

LIFTS_LIMITS = [
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)",
    "WITH c AS (SELECT 1 SETTINGS max_execution_time = 0) SELECT * FROM c",
    "SELECT * FROM holdfast.t SETTINGS additional_table_filters = {{'holdfast.t': '1'}}",
]


def _filled(sql: str, folder: Path, embedded: EmbeddedClickHouse) -> str:
    secret = folder / "secret.txt"
    secret.write_text(SECRET)
    return sql.format(file=secret, folder=folder, port=embedded.port)


async def _refused(answer: httpx.Response) -> None:
    assert answer.status_code >= 400, answer.text
    assert SECRET not in answer.text
    assert "X-ClickHouse-Exception-Code" in answer.headers


@pytest.mark.parametrize("way", ["body", "address", "form"])
@pytest.mark.parametrize("attack", READS_FILES + READS_OTHERS + READS_THE_ENGINE + REACHES_OUT)
async def test_reading_elsewhere_is_refused(
    attack: str, way: str, analyst: httpx.AsyncClient, embedded: EmbeddedClickHouse, tmp_path: Path
) -> None:
    sql = _filled(attack, tmp_path, embedded)
    params = {"param_d": "other", "param_s": "system", "param_p": "processes"}
    if way == "body":
        answer = await analyst.post("/", params=params, content=sql)
    elif way == "address":
        answer = await analyst.get("/", params={**params, "query": sql})
    else:
        form = {name: (None, value) for name, value in {**params, "query": sql}.items()}
        answer = await analyst.post("/", files=form)
    await _refused(answer)


@pytest.mark.parametrize("attack", CHANGES + MANY_IN_ONE + LIFTS_LIMITS)
async def test_changing_anything_is_refused(
    attack: str, analyst: httpx.AsyncClient, owner: httpx.AsyncClient, embedded: EmbeddedClickHouse, tmp_path: Path
) -> None:
    await _refused(await analyst.post("/", content=_filled(attack, tmp_path, embedded)))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.txt"]
    assert (await owner.post("/", content="SELECT count() FROM holdfast.t")).text == "3\n"
    assert (await owner.post("/", content="SHOW TABLES FROM holdfast")).text == "t\n"


@pytest.mark.parametrize("database", ["other", "system", "default.t", "information_schema"])
async def test_another_database_by_parameter_is_refused(database: str, analyst: httpx.AsyncClient) -> None:
    await _refused(await analyst.post("/", params={"database": database}, content="SELECT * FROM t"))
    await _refused(await analyst.post("/", headers={"X-ClickHouse-Database": database}, content="SELECT * FROM t"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_memory_usage", "0"),
        ("max_memory_usage", "99999999999"),
        ("max_execution_time", "0"),
        ("max_execution_time", "nan"),
        ("max_execution_time", "-1"),
        ("readonly", "0"),
        ("allow_ddl", "1"),
        ("additional_table_filters", "{}"),
        ("format_schema", "/etc/passwd"),
        ("format_template_resultset", "/etc/passwd"),
        ("max_result_bytes", "0"),
        ("log_comment", "x"),
        ("allow_introspection_functions", "1"),
        ("param'); SET ROLE owner; --", "x"),
    ],
)
async def test_a_setting_that_lifts_a_limit_is_refused(setting: str, value: str, analyst: httpx.AsyncClient) -> None:
    await _refused(await analyst.post("/", params={setting: value}, content="SELECT 1"))


async def test_the_value_of_a_setting_cannot_carry_a_statement(analyst: httpx.AsyncClient) -> None:
    value = "iso'; SET ROLE owner; SET date_time_output_format = 'iso"
    await _refused(await analyst.post("/", params={"date_time_output_format": value}, content="SELECT * FROM other.t"))


async def test_an_earlier_request_leaves_no_rights_behind(owner: httpx.AsyncClient, analyst: httpx.AsyncClient) -> None:
    shared = {"session_id": "shared"}
    (await owner.post("/", params=shared, content="SELECT * FROM other.t")).raise_for_status()
    await _refused(await analyst.post("/", params=shared, content="SELECT * FROM other.t"))
    await _refused(await analyst.get("/", params={**shared, "query": "SELECT * FROM other.t"}))


async def test_a_view_of_the_owners_shows_only_what_the_analyst_may_see(
    owner: httpx.AsyncClient, analyst: httpx.AsyncClient
) -> None:
    (await owner.post("/", content="CREATE VIEW holdfast.v AS SELECT * FROM other.t")).raise_for_status()
    try:
        await _refused(await analyst.post("/", content="SELECT * FROM holdfast.v"))
    finally:
        (await owner.post("/", content="DROP VIEW holdfast.v SYNC")).raise_for_status()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count() FROM t", "3\n"),
        ("select COUNT(*) from holdfast.t -- how many", "3\n"),
        ("WITH c AS (SELECT a FROM t) SELECT max(a) FROM c", "2\n"),
        ("(SELECT 1) UNION ALL (SELECT 1)", "1\n1\n"),
        ("FROM t SELECT sum(a)", "3\n"),
        ("SELECT 'a;b', $$c;d$$;", "a;b\tc;d\n"),
        ("SELECT 'INTO OUTFILE', 'system.processes', 'it''s'", "INTO OUTFILE\tsystem.processes\tit\\'s\n"),
        ("SELECT number FROM numbers(2)", "0\n1\n"),
        ("SELECT * FROM view(SELECT max(a) FROM t)", "2\n"),
        ("SHOW TABLES", "t\n"),
        ("SHOW DATABASES", "holdfast\n"),
        ("EXISTS TABLE t", "1\n"),
        ("SELECT name FROM system.tables WHERE database != 'system'", "t\n"),
        ("SELECT name FROM system.databases", "holdfast\n"),
        ("SELECT toDecimal256('1.5', 36) + t.a FROM t WHERE t.a = 1", "2.5\n"),
        ("SELECT a FROM t WHERE a = {x:UInt64} FORMAT JSONEachRow", '{"a":2}\n'),
        ("SELECT 'tab\\there', 'line\\nend', 'back\\\\slash', 'é'", "tab\\there\tline\\nend\tback\\\\slash\té\n"),
    ],
)
async def test_reading_its_own_database_works(sql: str, expected: str, analyst: httpx.AsyncClient) -> None:
    answer = await analyst.post("/", params={"param_x": "2"}, content=sql)
    assert (answer.status_code, answer.text) == (200, expected)


async def test_a_setting_of_how_results_read_is_free(analyst: httpx.AsyncClient) -> None:
    params = {"output_format_json_quote_64bit_integers": "1", "max_execution_time": "2"}
    answer = await analyst.post("/", params=params, content="SELECT a FROM t WHERE a = 1 FORMAT JSONEachRow")
    assert answer.text == '{"a":"1"}\n'
