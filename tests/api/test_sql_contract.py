"""The SQL contract: every example of docs/sql.md runs, says what the page claims, and equals the endpoints."""

import re
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import World
from tests.api.world import BREAKDOWN, DEFI, WALLET_A, WALLET_B, at, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
MIGRATIONS = Path(__file__).resolve().parents[2] / "libs/holdfast/warehouse/migrations"


async def rows(world: World, sql: str) -> list[dict[str, Any]]:
    return await world.resources.warehouse.query(sql)


def example(*words: str) -> str:
    [found] = [sql for sql in EXAMPLES if all(word in sql for word in words)]
    return found


@pytest.mark.parametrize("sql", EXAMPLES, ids=lambda sql: " ".join(sql.split())[:60])
async def test_every_example_of_the_page_runs(world: World, sql: str) -> None:
    assert isinstance(await rows(world, sql), list)


async def test_every_view_is_on_the_page() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("*.sql")))
    views = set(re.findall(r"CREATE OR REPLACE VIEW (\w+)", text))
    headings = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
    assert views == {name for name in headings if "_" in name or name in views}


async def test_every_axis_sums_to_the_total(world: World) -> None:
    sums = await rows(world, example("GROUP BY axis"))
    assert {row["axis"] for row in sums} == {part["axis"] for part in BREAKDOWN}
    assert {row["net"] for row in sums} == {Decimal(6600)}


async def test_the_counted_positions_sum_to_the_total(world: World) -> None:
    [row] = await rows(world, example("lines_unpriced", "AND counted"))
    assert (row["assets"], row["debt"], row["lines_unpriced"]) == (7100, 500, 1)


async def test_the_unbroken_series_equals_the_endpoint(world: World) -> None:
    in_sql = [(row["net"], row["fill"]) for row in await rows(world, example("ASOF LEFT JOIN"))]
    ranged = {"from": "2026-03-01T07:00:00Z", "to": "2026-03-01T12:00:00Z"}
    points = (await world.get("/v1/portfolios/family/series", **ranged)).json()["points"]
    assert [(None if net is None else Decimal(net), fill) for net, fill in in_sql] == [
        (None if point["net"] is None else Decimal(point["net"]), point["fill"]) for point in points
    ]


async def test_the_total_and_the_breakdowns_equal_their_views(world: World) -> None:
    [row] = await rows(world, "SELECT * FROM portfolio_value WHERE tenant = 'acme' AND portfolio = 'family'")
    total = (await world.get("/v1/portfolios/family/total")).json()
    assert [Decimal(total[name]) for name in ("assets", "debt", "net")] == [row["assets"], row["debt"], row["net"]]
    for name in ("lines_unpriced", "lines_excluded", "lines_truncated", "sources", "sources_missing", "reasons"):
        assert total["quality"][name] == row[name], name
    for axis in {part["axis"] for part in BREAKDOWN}:
        view = await rows(
            world,
            "SELECT key, assets, debt, net, lines, lines_unpriced FROM portfolio_breakdown WHERE tenant = 'acme' "
            f"AND portfolio = 'family' AND axis = '{axis}' ORDER BY key",
        )
        items = (await world.get(f"/v1/portfolios/family/breakdowns/{axis}")).json()["items"]
        money = ("assets", "debt", "net")
        assert [{k: Decimal(v) if k in money else v for k, v in item.items()} for item in items] == view, axis


async def test_replaced_rows_and_redelivered_copies_change_nothing(world: World) -> None:
    """Un-merged parts: the same rows again, an older membership, and a line valued by a worse price."""
    before = await rows(world, "SELECT * FROM latest_positions WHERE tenant = 'acme' ORDER BY portfolio, source, line")
    warehouse = world.resources.warehouse
    await warehouse.command("SYSTEM STOP MERGES")
    for table in ("snapshots", "balances", "portfolio_totals", "registry_portfolio_sources", "registry_portfolios"):
        await warehouse.command(f"INSERT INTO {table} SELECT * FROM {table}")
    old = {"tenant": "acme", "portfolio": "family", "revision": 3, "name": "old", "base_currency": "", "digest": ""}
    await insert(warehouse, "registry_portfolios", [old | {"deleted": False}])
    after = await rows(world, "SELECT * FROM latest_positions WHERE tenant = 'acme' ORDER BY portfolio, source, line")
    await warehouse.command("SYSTEM START MERGES")
    assert after == before
    assert len(before) == 6


async def test_sources_are_those_of_the_newest_membership(world: World) -> None:
    assert [row["source"] for row in await rows(world, example("FROM portfolio_sources"))] == sorted(
        (DEFI, WALLET_A, WALLET_B)
    )


async def test_freshness_tells_the_never_seen_from_the_stale(world: World) -> None:
    setting = {"feed": "balances", "every_s": 600, "counted": True, "paused": ""}
    account = DEFI.split("/")[2]
    sources = [setting | {"provider": "okx", "scope": "defi"}, setting | {"provider": "okx", "scope": "custody"}]
    row = {"tenant": "acme", "account": account, "revision": 1, "spelling": account, "label": "", "deleted": False}
    await insert(world.resources.warehouse, "registry_accounts", [row | {"sources": sources}])
    found = {row["scope"]: row for row in await rows(world, "SELECT * FROM source_freshness WHERE tenant = 'acme'")}
    assert found["custody"]["observed_at"] is None
    assert found["custody"]["age_s"] is None
    assert found["custody"]["stale"] is None
    assert found["defi"]["observed_at"].isoformat() == "2026-03-01T11:10:00+00:00"
    assert found["defi"]["stale"] is True


async def test_a_platform_that_the_provider_no_longer_names_has_no_reported_total(world: World) -> None:
    def reported(clock: str, platform: str, total: str, event: str) -> dict[str, Any]:
        tenant, provider, account, scope = DEFI.split("/")
        return {
            "source": DEFI, "observed_at": at(clock), "platform": platform, "event_id": event * 32, "tenant": tenant,
            "provider": provider, "account": account, "scope": scope, "fetched_at": at(clock), "recorded_at": at(clock),
            "job_id": "", "currency": "iso4217:USD", "total": total, "raw": [],
        }  # fmt: skip

    newer = [reported("11:10", "", "3600", "a"), reported("11:10", "Curve", "100", "b")]
    await insert(world.resources.warehouse, "reported_totals", newer)
    await insert(world.resources.warehouse, "reported_totals", [reported("10:10", "Gone", "5", "c"), *newer])
    found = await rows(world, "SELECT platform, total FROM reported_totals_current ORDER BY platform")
    assert [(row["platform"], row["total"]) for row in found] == [("", 3600), ("Curve", 100)]


async def test_a_raw_body_is_shown_once_it_is_whole(world: World) -> None:
    body = zlib.compress(b'{"code":"0"}')
    pieces = [body[:5], body[5:]]

    async def write(part: int) -> None:
        sql = (
            "INSERT INTO raw_responses (sha256, part, parts, provider, tenant, job_id, received_at, method, url,"
            " status, content_type, size_bytes, body) SELECT 'ab', {part:UInt16}, 2, 'okx', 'acme', '', now64(3),"
            " 'POST', '/', 200, '', 12, unhex({body:String})"
        )
        await world.resources.warehouse.command(sql, {"part": part, "body": pieces[part - 1].hex()})

    await write(2)
    assert await rows(world, "SELECT sha256 FROM raw_response_bodies") == []
    await write(1)
    await write(1)
    [row] = await rows(world, "SELECT size_bytes, hex(body_zlib) AS body FROM raw_response_bodies")
    assert zlib.decompress(bytes.fromhex(row["body"])) == b'{"code":"0"}'
