"""What providers computed themselves, and who holds a token together: each answer is its view, in pages."""

from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.api.conftest import World
from tests.api.world import DEFI, ETH, USDC, WALLET_B, A, B, at, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def what_was_reported(world: World) -> None:
    warehouse = world.resources.warehouse

    def head(source: str, clock: str, event: str) -> dict[str, Any]:
        tenant, provider, account, scope = source.split("/")
        return {
            "source": source,
            "observed_at": at(clock),
            "event_id": event * 32,
            "tenant": tenant,
            "provider": provider,
            "account": account,
            "scope": scope,
            "fetched_at": at(clock),
            "recorded_at": at(clock),
            "job_id": "",
            "raw": [],
        }

    def item(asset: str, gained: str | None) -> dict[str, Any]:
        return {
            "asset": asset,
            "amount": "1",
            "value": "10",
            "total_return": gained,
            "reason": "" if gained else "no_price",
        }

    await insert(
        warehouse,
        "reported_returns",
        [
            head(DEFI, "11:10", "a")
            | {"quote": "iso4217:USD", "total_return": "-5", "items": [item(ETH, "-5"), item(USDC, None)]},
            head(DEFI, "10:10", "b") | {"quote": "iso4217:USD", "total_return": "1", "items": [item(ETH, "1")]},
            head(WALLET_B, "11:10", "c") | {"quote": "iso4217:USD", "total_return": None, "items": []},
        ],
    )
    totals = [
        (DEFI, "10:10", "", "100", "d"),
        (DEFI, "11:10", "", "120", "e"),
        (DEFI, "11:10", "Curve", "20", "f"),
        (WALLET_B, "11:10", "", None, "1"),
    ]
    await insert(
        warehouse,
        "reported_totals",
        [
            head(source, clock, event) | {"platform": platform, "currency": "iso4217:USD", "total": total}
            for source, clock, platform, total, event in totals
        ],
    )
    await write_clusters(world)


async def write_clusters(world: World) -> None:
    """Two statements about USDC for everybody: at 10:00 two clusters, at 11:00 one; and one of rival's own."""
    warehouse = world.resources.warehouse
    for tenant, clock, event, clusters in (
        ("public", "10:00", "a", 2),
        ("public", "11:00", "b", 1),
        ("rival", "11:00", "c", 1),
    ):
        statement = {
            "tenant": tenant,
            "token": USDC,
            "provider": "okx",
            "observed_at": at(clock),
            "event_id": event * 32,
        }
        await insert(
            warehouse,
            "token_clusters",
            [
                statement | {"cluster": number, "share": "0.25", "trends": ["buy"], "addresses": 1}
                for number in range(clusters)
            ],
        )
        await insert(
            warehouse,
            "cluster_addresses",
            [
                statement | {"cluster": number, "position": 0, "address": f"0x{event}{number}"}
                for number in range(clusters)
            ],
        )
        await insert(
            warehouse, "top_holders", [statement | {"holders": holders, "share": "0.5"} for holders in (50, 10)]
        )
        overview = {
            "fetched_at": at(clock),
            "recorded_at": at(clock),
            "job_id": "",
            "clusters": clusters,
            "has_overview": True,
            "concentration": "High",
            "raw": [],
        }
        await insert(warehouse, "cluster_overviews", [statement | overview])


async def items(world: World, path: str, *, key: str = "acme", **params: Any) -> list[dict[str, Any]]:
    """All pages, one item each, and the same as in one piece."""
    whole = await world.get(path, key=key, **params)
    assert whole.status_code == 200, whole.text
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = (await world.get(path, key=key, limit=1, **params, **cursor)).json()
        paged += body["items"]
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert paged == whole.json()["items"]
    return paged


async def test_returns_as_reported_are_those_of_the_last_statement(world: World) -> None:
    found = await items(world, "/v1/reported/returns")
    assert [(one["account"], one["asset"], one["asset_return"], one["total_return"]) for one in found] == [
        (B, None, None, None),
        (A, USDC, None, "-5"),
        (A, ETH, "-5", "-5"),
    ]
    view = await world.resources.warehouse.query(
        "SELECT asset, value, asset_return FROM reported_returns_current WHERE tenant = 'acme' ORDER BY source, asset"
    )
    told = [(one["asset"], _number(one["value"]), _number(one["asset_return"])) for one in found]
    assert sorted(told, key=str) == sorted(((row["asset"], row["value"], row["asset_return"]) for row in view), key=str)


async def test_totals_as_reported_are_current_or_a_history(world: World) -> None:
    current = await items(world, "/v1/reported/totals")
    assert [(one["account"], one["platform"], one["total"]) for one in current] == [
        (B, "", None),
        (A, "", "120"),
        (A, "Curve", "20"),
    ]
    past = await items(world, "/v1/reported/totals", to="2026-03-01T10:30:00Z")
    assert [(one["account"], one["total"]) for one in past] == [(A, "100")]
    assert len(await items(world, "/v1/reported/totals", **{"from": "2026-01-01T00:00:00Z"})) == 4


async def test_a_key_of_one_portfolio_sees_the_reports_of_its_accounts(world: World) -> None:
    for path in ("/v1/reported/returns", "/v1/reported/totals"):
        assert {one["account"] for one in await items(world, path, key="bees")} == {B}
        assert await items(world, path, key="rival") == []


async def test_clusters_are_those_of_the_last_statement_and_as_of_an_instant(world: World) -> None:
    assert [(one["cluster"], one["share"]) for one in await items(world, "/v1/clusters")] == [(0, "0.25")]
    earlier = await items(world, "/v1/clusters", token=USDC, at="2026-03-01T10:30:00Z")
    assert [one["cluster"] for one in earlier] == [0, 1]
    assert await items(world, "/v1/clusters", token=ETH) == []


async def test_a_tenants_own_clusters_are_its_own(world: World) -> None:
    assert {one["tenant"] for one in await items(world, "/v1/clusters", key="rival")} == {"public", "rival"}
    assert {one["tenant"] for one in await items(world, "/v1/clusters", key="bees")} == {"public"}
    assert {one["tenant"] for one in await items(world, "/v1/clusters")} == {"public"}


async def test_addresses_are_those_of_their_cluster(world: World) -> None:
    asked = {"token": USDC, "at": "2026-03-01T10:30:00Z"}
    assert [one["address"] for one in await items(world, "/v1/clusters/addresses", **asked)] == ["0xa0", "0xa1"]
    assert [one["address"] for one in await items(world, "/v1/clusters/addresses", cluster=1, **asked)] == ["0xa1"]


async def test_overviews_carry_the_greatest_holders(world: World) -> None:
    [one] = await items(world, "/v1/clusters/overviews", token=USDC)
    assert (one["concentration"], one["clusters"]) == ("High", 1)
    assert [(group["holders"], group["share"]) for group in one["top_holders"]] == [(10, "0.5"), (50, "0.5")]


async def test_a_token_that_is_none_is_refused_by_name(world: World) -> None:
    answer = await world.get("/v1/clusters", token="USDC")
    assert (answer.status_code, answer.json()["field"]) == (400, "token")


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
