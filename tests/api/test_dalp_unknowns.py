"""What DALP's clients would take for a figure: a zero of the unknown, a page or filter that was not meant."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from holdfast.domain.assets import USD
from holdfast.registry.records import Member
from services.api.dialects.dalp.currency import rounded, rounded_parts
from tests.api.conftest import World
from tests.api.world import ETH, NOW, USDC, WALLET_A, WALLET_B, XYZ, A, B, at, insert, line, write_point, write_snapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

RANGES = "/api/v2/system/stats/portfolio-stat-ranges"
BREAKDOWN = "/api/v2/system/stats/portfolio-breakdowns"
BALANCES = "/api/v2/user-asset-balances"
MORNING = {"interval": "hour", "from": "2026-03-01T07:00:00Z", "to": "2026-03-01T08:30:00Z"}


async def ask(world: World, path: str, key: str, **params: Any) -> httpx.Response:
    return await world.client.get(path, params=params, headers={"X-Api-Key": world.keys[key]})


async def data_of(world: World, path: str, key: str, **params: Any) -> dict[str, Any]:
    answer = await ask(world, path, key, **params)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)["data"]
    return data


async def bound(world: World, portfolio: str, *members: Member) -> str:
    """A portfolio and a key of its own."""
    store = world.resources.store
    await store.put_portfolio("acme", portfolio, members=list(members))
    _, secret = await store.create_key("acme", portfolio=portfolio)
    world.keys[portfolio] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    return portfolio


def values(data: dict[str, Any]) -> list[Decimal]:
    return [Decimal(point["totalValueInBaseCurrency"]) for point in data["data"]]


async def test_hours_before_anything_was_seen_are_zeros_that_are_not_relied_on(world: World) -> None:
    """Its members always belonged to it: that they had said nothing yet does not say that they had nothing."""
    data = await data_of(world, RANGES, "family", **MORNING)
    assert (values(data), data["conversionReliable"]) == ([0, 0], False)


async def test_hours_before_anybody_joined_are_of_no_wallet(world: World) -> None:
    key = await bound(world, "joined", Member(account=A, valid_from=NOW.replace(hour=9, minute=0)))
    data = await data_of(world, RANGES, key, **MORNING)
    assert (values(data), data["conversionReliable"]) == ([0, 0], True)
    ninth = await data_of(world, RANGES, key, **MORNING | {"to": "2026-03-01T09:00:00Z"})
    assert (values(ninth), ninth["conversionReliable"]) == ([0, 0, 0], False)


async def test_a_breakdown_that_was_not_worked_out_yet_is_not_relied_on(world: World) -> None:
    """All of its sources were seen, by another portfolio: its own point is still to come."""
    key = await bound(world, "fresh", Member(account=A), Member(account=B))
    data = await data_of(world, BREAKDOWN, key)
    assert (data["totalValue"], data["conversionReliable"]) == ("0.00", False)
    await write_point(world.resources.warehouse, "2026-03-01 12:00:00", portfolio="fresh", version=1, sources=3)
    data = await data_of(world, BREAKDOWN, key)
    assert (data["totalValue"], data["conversionReliable"]) == ("0.00", True)


async def test_what_rounds_to_nothing_has_no_sign(world: World) -> None:
    assert str(rounded(Decimal("-0.001"))) == "0.00"
    assert [str(part) for part in rounded_parts([Decimal("-0.004"), Decimal("0.004")])] == ["0.00", "0.00"]
    key = await bound(world, "indebted", Member(account=A))
    parts = [
        {"axis": axis, "key": name, "assets": assets, "debt": debt, "lines": 1, "lines_unpriced": 0}
        for axis in ("type", "class")
        for name, assets, debt in (("bond", "5", "0"), ("loan", "0", "0.001"))
    ]
    worth = {"assets": "0", "debt": "0.001", "net": "-0.001", "lines": 2, "sources": 2, "breakdown": parts}
    await write_point(world.resources.warehouse, "2026-03-01 12:00:00", portfolio="indebted", version=1, **worth)
    answer = await ask(
        world, RANGES, key, interval="hour", **{"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:00:00Z"}
    )
    assert "-0" not in answer.text.replace("2026-03-01", "")
    assert (await data_of(world, BREAKDOWN, key))["valueBreakdown"] == {"bond": "5.00", "loan": "0.00"}


async def test_what_has_no_class_is_beside_what_is_called_so(world: World) -> None:
    """A provider may state the very word that stands for none: list and maps still say the same."""
    key = await bound(world, "classless", Member(account=A))
    parts = [
        {"axis": axis, "key": name, "assets": assets, "debt": "0", "lines": lines, "lines_unpriced": 0}
        for axis in ("type", "class")
        for name, assets, lines in (("", "5", 1), ("unclassified", "3.005", 2), ("bond", "4", 1))
    ]
    worth = {"assets": "12.005", "net": "12.005", "lines": 4, "sources": 2, "breakdown": parts}
    await write_point(world.resources.warehouse, "2026-03-01 12:00:00", portfolio="classless", version=1, **worth)
    data = await data_of(world, BREAKDOWN, key)
    assert data["valueBreakdown"] == {"unclassified": "8.01", "bond": "4.00"} == data["valueBreakdownByClass"]
    assert data["holdingsBreakdown"] == {"unclassified": 3, "bond": 1} == data["holdingsBreakdownByClass"]
    listed = [(one["assetType"], one["totalValue"], one["tokenBalancesCount"]) for one in data["typeBreakdown"]]
    assert listed == [("unclassified", "8.01", 3), ("bond", "4.00", 1)]
    assert (data["totalValue"], data["totalAssetTypes"], data["totalAssetsHeld"]) == ("12.01", 2, 4)


async def test_balances_of_a_wallet_of_ones_own_are_those_of_its_participant(world: World) -> None:
    """Whose wallet it is, is asked about, in any case; of anybody else's nothing is said, and not one's own."""
    everything = (await ask(world, BALANCES, "family")).json()
    own = (
        await ask(world, BALANCES, "family", **{"filter[wallet]": A.rpartition(":")[2].upper().replace("X", "x")})
    ).json()
    assert own["data"] == everything["data"] != []
    for stranger in ("0x" + "9" * 40, "nobody", ""):
        refused = await ask(world, BALANCES, "family", **{"filter[wallet]": stranger})
        assert (refused.status_code, refused.json()["error"]["category"]) == (403, "permission")


async def test_pages_of_a_wallet_go_on_about_it(world: World) -> None:
    wallet = A.rpartition(":")[2]
    first = (await ask(world, BALANCES, "family", **{"page[limit]": 1, "filter[wallet]": wallet})).json()
    answer = await world.client.get(f"/api{first['links']['next']}", headers={"X-Api-Key": world.keys["family"]})
    assert answer.request.url.params["filter[wallet]"] == wallet
    assert [row["token"]["id"] for row in (*first["data"], *answer.json()["data"])] == [XYZ, ETH]


@pytest.mark.parametrize("name", ["filter[token]", "filter[symbol]", "filter"])
async def test_a_filter_that_is_not_served_is_refused_by_name(world: World, name: str) -> None:
    answer = await ask(world, BALANCES, "family", **{name: "ETH"})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["issues"][0]["path"] == [name]


async def test_the_other_style_of_paging_is_understood(world: World) -> None:
    """A client that turns pages by `offset` alone would find the first one again and again."""
    pages = [
        (await ask(world, BALANCES, "family", limit=1, offset=n, sortBy="balance", sortDirection="desc")).json()
        for n in (0, 1)
    ]
    assert [[row["token"]["id"] for row in page["data"]] for page in pages] == [[XYZ], [ETH]]
    assert [page["meta"]["offset"] for page in pages] == [0, 1]
    rising = (await ask(world, BALANCES, "family", sortBy="balance")).json()
    assert [row["token"]["id"] for row in rising["data"]] == [ETH, XYZ]
    for wrong in ({"limit": 0}, {"offset": "x"}, {"sortBy": "colour"}, {"sortDirection": "down"}):
        answer = await ask(world, BALANCES, "family", **wrong)
        assert answer.status_code == 422
        assert answer.json()["error"]["details"]["issues"][0]["path"] == list(wrong)


async def test_a_token_is_called_what_any_of_its_accounts_calls_it(world: World) -> None:
    key = await bound(world, "named", Member(account=A), Member(account=B))
    for source, named, unnamed in ((WALLET_A, XYZ, USDC), (WALLET_B, USDC, XYZ)):
        lines = [
            line(named, kind="wallet", amount="1", value="2", asset_type="bond", asset_class="fixed", symbol="NAME"),
            line(unnamed, kind="wallet", amount="1", value="2", asset_type=""),
        ]
        await write_snapshot(world.resources.warehouse, source, at("12:10"), lines)
    rows = {row["token"]["id"]: row["token"] for row in (await ask(world, BALANCES, key)).json()["data"]}
    for token in (rows[XYZ], rows[USDC]):
        assert (token["symbol"], token["type"], token["assetClass"]) == ("NAME", "bond", "fixed")


@pytest.mark.parametrize(("name", "base"), [("ether", ETH), ("gold", "XAU")])
async def test_a_dear_base_currency_has_the_digits_that_it_needs(world: World, name: str, base: str) -> None:
    """To the cent 8 dollars would be 0.00 of what 2,000 dollars are one of."""
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.put_portfolio("acme", name, base_currency=base, members=[Member(account=A)])
    _, secret = await store.create_key("acme", portfolio=name)
    world.keys[name] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    asset = base if base == ETH else f"iso4217:{base}"
    price = {"asset": asset, "quote": USD, "at": at("11:00"), "price": "2000", "source": "test"}
    await insert(
        warehouse, "prices", [price | {"event_id": "a" * 32, "fetched_at": at("11:00"), "recorded_at": at("11:00")}]
    )
    parts = [
        {"axis": axis, "key": "crypto", "assets": "8", "debt": "0", "lines": 1, "lines_unpriced": 0}
        for axis in ("type", "class")
    ]
    worth = {"assets": "8", "net": "8", "lines": 1, "sources": 2, "breakdown": parts}
    await write_point(warehouse, "2026-03-01 12:00:00", portfolio=name, version=1, **worth)
    noon = {"interval": "hour", "from": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:00:00Z"}
    assert values(await data_of(world, RANGES, name, **noon)) == [Decimal("0.004")]
    data = await data_of(world, BREAKDOWN, name)
    assert (data["totalValue"], data["valueBreakdown"]) == ("0.004", {"crypto": "0.004"})
    assert (data["typeBreakdown"][0]["percentage"], data["conversionReliable"]) == (100, True)
    await write_snapshot(warehouse, WALLET_A, at("12:25"), [line(USDC, kind="wallet", amount="8", value="8")])
    [row] = [one for one in (await ask(world, BALANCES, name)).json()["data"] if one["token"]["id"] == USDC]
    assert row["valueInBaseCurrency"] == "0.004"
