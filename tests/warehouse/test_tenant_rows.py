"""An analyst who is bound to a tenant reads that tenant's rows, whatever is tried."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from holdfast.settings import Secret
from holdfast.settings.loading import SettingsError
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse import tenancy
from holdfast.warehouse.client import connect
from holdfast.warehouse.embedded.engine import Engine
from holdfast.warehouse.embedded.service import to_accounts
from holdfast.warehouse.embedded.settings import EmbeddedSettings
from holdfast.warehouse.migrator import migrate
from holdfast.warehouse.schema import SCHEMA_FILE
from tests.support.clients import http_client
from tests.support.servers import OWNER, OWNER_PASSWORD, EmbeddedClickHouse

THEIRS = "rival"
"""The tenant, and a word in every row of it that acme's analyst must never see."""
NOW = datetime.now(tz=UTC).strftime("%Y-%m-%d %H:00:00.000")
SCHEMA = SCHEMA_FILE.read_text(encoding="utf-8")
_TEXT = re.compile(r"(SimpleAggregateFunction\(\w+, )?(LowCardinality\(String\)|String)\)?")
_TIME = re.compile(r"(SimpleAggregateFunction\(\w+, )?DateTime64\(3, 'UTC'\)\)?")
TABLES = re.findall(r"^CREATE TABLE (\w+)", SCHEMA, re.MULTILINE)
FILTERED = sorted(tenancy.BY_TENANT | tenancy.BY_SOURCE)
WITHOUT_PARAMETERS = [
    name for name in tenancy.views() if not re.search(r"\{\w+:", SCHEMA.split(f"CREATE VIEW {name}\n")[1].split(";")[0])
]
MARKET_DATA = {"price_freshness"}
"""Views of shared tables alone: nobody owns a row of theirs."""

READS_OTHERS = [
    "SELECT * FROM {t} WHERE tenant = 'rival'",
    "SELECT * FROM holdfast.{t} WHERE NOT (tenant = 'acme')",
    "SELECT * FROM {t} FINAL",
    "SELECT tenant FROM {t} PREWHERE throwIf(tenant = 'rival') = 0",
    "SELECT count() FROM {t} WHERE throwIf(tenant = 'rival') = 0",
    "SELECT count() FROM {t} FINAL PREWHERE throwIf(tenant = 'rival') = 0",
    "SELECT intDiv(1, tenant != 'rival') FROM {t}",
    "SELECT max(tenant), min(tenant), anyLast(tenant), groupUniqArray(tenant) FROM {t}",
    "SELECT DISTINCT tenant FROM {t} ORDER BY tenant DESC LIMIT 9",
    "SELECT tenant, count() FROM {t} GROUP BY tenant WITH TOTALS",
    "SELECT * FROM (SELECT * FROM (SELECT * FROM {t}))",
    "SELECT * FROM view(SELECT * FROM {t})",
    "SELECT 1 UNION ALL SELECT count() FROM {t} HAVING throwIf(max(tenant) = 'rival') = 0",
    "SELECT tenant FROM portfolio_value UNION ALL SELECT tenant FROM {t}",
    "SELECT a.tenant FROM {t} AS a INNER JOIN {t} AS b ON a.tenant != b.tenant",
    "SELECT b.tenant FROM (SELECT 'rival' AS tenant) AS a LEFT JOIN {t} AS b USING (tenant)",
    "SELECT * FROM (SELECT 'rival' AS tenant) AS a INNER JOIN {t} AS b ON a.tenant = b.tenant",
    "WITH holdfast AS (SELECT 'rival' AS tenant) SELECT * FROM {t} WHERE tenant IN (SELECT tenant FROM holdfast)",
    "WITH {t} AS (SELECT * FROM holdfast.{t}) SELECT * FROM {t}",
    "WITH acme AS (SELECT tenant FROM {t}) SELECT groupArray(tenant) FROM acme",
    "SELECT (SELECT groupArray(tenant) FROM {t})",
    "SELECT arrayJoin((SELECT groupArray(tenant) FROM {t}))",
    "SELECT tenant, lagInFrame(tenant) OVER (ORDER BY tenant ROWS BETWEEN 9 PRECEDING AND 9 FOLLOWING) FROM {t}",
    "SELECT tenant FROM {t} SAMPLE 1",
    "FROM {t} SELECT *",
    "SELECT * FROM {{n:Identifier}}",
    "SELECT * FROM holdfast.{{n:Identifier}}",
    "SELECT COLUMNS('ten') FROM {t}",
    "SELECT _part, _table, tenant FROM {t}",
    "SELECT * FROM {t} LIMIT 1 BY tenant",
    "SELECT count() FROM {t} WHERE tenant IN (SELECT tenant FROM {t}) AND tenant = 'rival' HAVING count() > 0",
    "SELECT 'x' WHERE 'rival' IN (SELECT tenant FROM {t})",
]

REFUSED = [
    "SELECT * FROM merge('holdfast', '{t}')",
    "SELECT * FROM merge(REGEXP('hold.*'), '.*')",
    "SELECT * FROM remote('127.0.0.1', holdfast.{t})",
    "SELECT * FROM cluster('default', holdfast.{t})",
    "SELECT * FROM loop(holdfast.{t}) LIMIT 5",
    "SELECT * FROM mergeTreeIndex('holdfast', '{t}')",
    "SELECT * FROM mergeTreeProjection('holdfast', '{t}', 'p')",
    "SELECT * FROM file('x', 'CSV', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1', 'CSV', 'a String')",
    "SELECT * FROM dictionary('holdfast.{t}')",
    "SELECT dictGet('holdfast.{t}', 'tenant', 1)",
    "SELECT joinGet('holdfast.{t}', 'tenant', 1)",
    "SELECT * FROM {t} SETTINGS additional_table_filters = {{'{t}': '1'}}",
    "SELECT * FROM (SELECT * FROM {t} SETTINGS final = 0)",
    "SELECT 1; SET ROLE analyst; SELECT * FROM {t}",
    "SET ROLE analyst",
    "SET ROLE `tenant_rival`",
    "SET DEFAULT ROLE analyst TO default",
    "EXECUTE AS default SELECT * FROM {t}",
    "EXPLAIN SELECT * FROM {t}",
    "EXPLAIN ESTIMATE SELECT * FROM {t}",
    "EXPLAIN indexes = 1 SELECT * FROM {t} WHERE tenant = 'rival'",
    "EXPLAIN PIPELINE SELECT * FROM {t}",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM {t}))",
    "SELECT total_rows FROM system.tables",
    "SELECT data_compressed_bytes FROM system.columns",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.row_policies",
    "SELECT * FROM system.query_log",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SELECT * FROM dead_letters",
    "SELECT * FROM schema_migrations",
    "SELECT * FROM default.{t}",
    "INSERT INTO {t} SELECT * FROM {t}",
    "CREATE TEMPORARY TABLE x AS SELECT * FROM {t}",
    "CREATE TABLE holdfast.x ENGINE = Memory AS SELECT * FROM {t}",
    "CREATE VIEW holdfast.x SQL SECURITY NONE AS SELECT * FROM {t}",
    "CREATE ROW POLICY x ON holdfast.{t} USING 1 TO ALL",
    "ALTER USER default DEFAULT ROLE owner",
    "DROP ROW POLICY default ON holdfast.{t}",
    "SHOW GRANTS",
    "SHOW CREATE ROW POLICY ON holdfast.{t}",
    "CHECK TABLE holdfast.{t}",
    "SELECT 1 PARALLEL WITH SELECT * FROM {t}",
]

TELLING = [
    ("additional_table_filters", "{'holdfast.portfolio_totals': '1'}"),
    ("additional_result_filter", "1"),
    ("max_rows_to_read", "1"),
    ("output_format_write_statistics", "1"),
    ("role", "analyst"),
    ("readonly", "0"),
]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """The whole schema with a row of acme and one of rival in every table, and an analyst for each of the two."""
    passwords = {
        "HOLDFAST_EMBEDDED__TENANT_ANALYSTS__ACME": "of-acme",
        "HOLDFAST_EMBEDDED__TENANT_ANALYSTS__RIVAL": "of-rival",
    }
    server = EmbeddedClickHouse(tmp_path_factory.mktemp("tenants"), environment=passwords)
    server.start()
    try:
        asyncio.run(_fill(server.settings()))
        yield server
    finally:
        server.stop()


async def _fill(settings: ClickHouseSettings) -> None:
    warehouse = await connect(settings)
    await migrate(warehouse)
    for table in TABLES:
        if table in ("schema_migrations", "withdrawn_prices"):  # a row of the latter would take back that of `prices`
            continue
        columns = await warehouse.rows(f"DESCRIBE TABLE {table}")
        texts = [name for name, kind, *_ in columns if _TEXT.fullmatch(kind)]
        times = [name for name, kind, *_ in columns if _TIME.fullmatch(kind)]  # old rows would expire
        rows = [_row(tenant, texts, times) for tenant in ("acme", THEIRS)]
        block = "\n".join(json.dumps(row) for row in rows).encode()
        await warehouse.insert_json(table, block, columns=[*texts, *times])
    await warehouse.close()


def _row(tenant: str, texts: list[str], times: list[str]) -> dict[str, str]:
    """The tenant's name in every text, but where a source or a hex id is asked for."""
    forms = {"source": f"{tenant}/okx/{tenant}/x", "snapshot_id": tenancy.role_of(tenant).encode().hex()[:32]}
    return {name: forms.get(name, tenant) for name in texts} | dict.fromkeys(times, NOW)


@pytest.fixture
async def owner(endpoint: EmbeddedClickHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(endpoint.url, auth=(OWNER, OWNER_PASSWORD), timeout=30) as client:
        yield client


@pytest.fixture
async def acme(endpoint: EmbeddedClickHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(endpoint.url, auth=("analyst-acme", "of-acme"), timeout=30) as client:
        yield client


def test_every_table_says_whose_its_rows_are() -> None:
    said = [tenancy.BY_TENANT, tenancy.BY_SOURCE, tenancy.SHARED, tenancy.WITHHELD]
    declared = sorted(name for names in said for name in names)
    fix = "name each table of the migrations once in libs/holdfast/warehouse/tenancy.py"
    assert declared == sorted(TABLES), fix


@pytest.mark.parametrize("table", FILTERED)
async def test_a_table_shows_the_tenants_own_rows(
    table: str, acme: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    everything = (await owner.post("/", content=f"SELECT * FROM {table} FORMAT JSONEachRow")).text
    answer = await acme.post("/", content=f"SELECT * FROM {table} FORMAT JSONEachRow")
    assert answer.status_code == 200, answer.text
    assert THEIRS in everything
    assert "acme" in answer.text
    assert THEIRS not in answer.text


@pytest.mark.parametrize("view", sorted(MARKET_DATA))
async def test_prices_are_everybodys(view: str, acme: httpx.AsyncClient) -> None:
    answer = await acme.post("/", content=f"SELECT * FROM {view} FORMAT JSONEachRow")
    assert THEIRS in answer.text, "an asset of that name, which is no tenant's"


@pytest.mark.parametrize("view", [view for view in WITHOUT_PARAMETERS if view not in MARKET_DATA])
async def test_a_view_shows_the_tenants_own_rows(view: str, acme: httpx.AsyncClient) -> None:
    answer = await acme.post("/", content=f"SELECT * FROM {view} FORMAT JSONEachRow")
    assert answer.status_code == 200, answer.text
    assert THEIRS not in answer.text


async def test_views_with_parameters_are_open_to_analysts(
    acme: httpx.AsyncClient, endpoint: EmbeddedClickHouse
) -> None:
    sql = "SELECT * FROM token_clusters_as_of(at = '2026-03-01 12:00:00')"
    answer = await acme.post("/", content=sql)
    assert answer.status_code == 200, answer.text
    assert THEIRS not in answer.text
    settings = endpoint.analyst_settings()
    async with http_client(endpoint.url, auth=(settings.user, settings.password.reveal())) as analyst:
        assert (await analyst.post("/", content=sql)).status_code == 200
        assert (await analyst.post("/", content="SELECT * FROM no_such_view(at = 1)")).status_code == 403


@pytest.mark.parametrize("table", ["portfolio_totals", "snapshots"])
@pytest.mark.parametrize("attack", READS_OTHERS)
async def test_no_query_reads_anothers_row(attack: str, table: str, acme: httpx.AsyncClient) -> None:
    """An error may say that the query is wrong; it must not say that a row of the other tenant was looked at."""
    sql = attack.format(t=table)
    answer = await acme.post("/", params={"param_n": table}, content=f"{sql} FORMAT JSONEachRow")
    told = answer.text.replace(sql, "").replace("'rival'", "")
    assert "throwIf" not in told
    assert "Division by zero" not in told
    assert '"rival"' not in re.sub(r'"(a\.)?tenant":"rival"', "", told) if "SELECT 'rival'" in sql else True
    if "'rival' AS tenant" not in sql:
        assert THEIRS not in told, told


async def test_joins_find_no_row_of_another(acme: httpx.AsyncClient) -> None:
    sql = "SELECT b.portfolio FROM (SELECT 'rival' AS tenant) AS a INNER JOIN portfolio_totals AS b USING (tenant)"
    assert (await acme.post("/", content=sql)).text == ""


@pytest.mark.parametrize("attack", REFUSED)
async def test_ways_round_the_filter_are_refused(attack: str, acme: httpx.AsyncClient) -> None:
    answer = await acme.post("/", content=attack.format(t="portfolio_totals"))
    assert answer.status_code >= 400, answer.text
    assert THEIRS not in answer.text.replace("tenant_rival", "")


@pytest.mark.parametrize(("name", "value"), TELLING)
async def test_settings_in_the_address_lift_nothing(name: str, value: str, acme: httpx.AsyncClient) -> None:
    answer = await acme.post("/", params={name: value}, content="SELECT tenant FROM portfolio_totals")
    assert THEIRS not in answer.text
    assert answer.status_code == 403 or answer.text == "acme\n"


async def test_an_answer_does_not_say_how_much_was_read(acme: httpx.AsyncClient) -> None:
    answer = await acme.post("/", content="SELECT tenant FROM portfolio_totals FORMAT JSON")
    assert "rows_read" not in answer.text
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["read_rows"] == "0"


async def test_a_session_of_another_is_not_taken_over(acme: httpx.AsyncClient, endpoint: EmbeddedClickHouse) -> None:
    question = "SELECT groupUniqArray(tenant) FROM portfolio_totals"
    async with http_client(endpoint.url, auth=("analyst-rival", "of-rival")) as rival:
        assert (await rival.post("/", params={"session_id": "s"}, content=question)).text == "['rival']\n"
        assert (await acme.post("/", params={"session_id": "s"}, content=question)).text == "['acme']\n"


async def test_nobody_becomes_a_tenants_analyst_without_its_password(endpoint: EmbeddedClickHouse) -> None:
    async with http_client(endpoint.url) as anonymous:
        for password in ("", "of-rival", OWNER_PASSWORD):
            answer = await anonymous.post("/", content="SELECT 1", auth=("analyst-acme", password))
            assert answer.status_code == 403


async def test_the_owner_still_sees_everything(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/", content="SELECT arraySort(groupUniqArray(tenant)) FROM portfolio_totals")
    assert answer.text == "['acme','rival']\n"


def test_a_tenants_analyst_needs_a_password_and_a_name_of_its_own() -> None:
    clickhouse = ClickHouseSettings(url="http://127.0.0.1:8123", user="analyst-b", password=Secret("x"))
    embedded = EmbeddedSettings(tenant_analysts={"a": Secret(""), "b": Secret("y")})
    with pytest.raises(SettingsError) as raised:
        to_accounts(embedded, clickhouse)
    assert {problem.setting for problem in raised.value.problems} == {
        "embedded.tenant_analysts.a",
        "embedded.tenant_analysts",
    }


def test_a_servers_statements_are_the_engines_own_language(tmp_path: Path) -> None:
    """No server is at hand, so the engine's parser is asked: each statement parses, and is about what it should be."""
    engine = Engine(str(tmp_path))
    handle = engine.open()
    try:
        statements = tenancy.to_statements("holdfast", "acme", password_sha256="a" * 64)
        for statement in statements:
            [[formatted]] = handle.rows("SELECT formatQuerySingleLine({s:String})", {"s": statement})
            assert formatted.split(" ", 2)[0] in ("CREATE", "GRANT")
    finally:
        handle.close()
        engine.close()
    granted = {
        text.split(" ON holdfast.")[1].split(" TO ")[0] for text in statements if text.startswith("GRANT SELECT")
    }
    policed = {text.split(" ON holdfast.")[1].split(" USING ")[0] for text in statements if "ROW POLICY" in text}
    assert granted == set(tenancy.readable())
    assert policed == set(FILTERED)
    assert not granted & tenancy.WITHHELD


def test_grants_may_be_given_anew_without_touching_the_user() -> None:
    """After an upgrade: what a new analyst is given, without what would change the password of one that there is."""
    grants = tenancy.to_grants("holdfast", "acme")
    statements = tenancy.to_statements("holdfast", "acme", password_sha256="a" * 64)
    assert statements[: len(grants)] == grants
    assert [text.split("`analyst-acme`")[0] for text in statements[len(grants) :]] == [
        "CREATE USER OR REPLACE ",
        "GRANT `tenant_acme` TO ",
    ]
    assert not [text for text in grants if "analyst-acme" in text or "a" * 64 in text]
