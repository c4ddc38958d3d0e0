"""DALP's clients find in us what they know: the documented shapes and types, its ranges, its refusals, our numbers."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from holdfast.domain.assets import EUR, USD, fiat
from holdfast.domain.jobs import JobWindow
from holdfast.providers.dalp import MANIFEST, build
from holdfast.providers.dalp.settings import DalpSettings
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.session import build_session
from holdfast.registry.records import Member
from holdfast.settings import Secret
from services.api.dialects.dalp.currency import rounded_parts
from services.api.dialects.dalp.participants import participant_id
from tests.api.conftest import World
from tests.api.world import ETH, NOW, WALLET_A, XYZ, A, B, at, insert, write_point
from tests.support.dalp_examples import BREAKDOWN_EXAMPLE, SERIES_EXAMPLE
from tests.support.shapes import differences

pytestmark = pytest.mark.asyncio(loop_scope="module")

RANGES = "/api/v2/system/stats/portfolio-stat-ranges"
PRESETS = "/api/v2/system/stats/portfolio-stat-range-presets"
BREAKDOWN = "/api/v2/system/stats/portfolio-breakdowns"
BALANCES = "/api/v2/user-asset-balances"


async def ask(world: World, path: str, *, key: str = "family", headers: Any = None, **params: Any) -> httpx.Response:
    return await world.client.get(path, params=params, headers={"X-Api-Key": world.keys[key], **(headers or {})})


async def data_of(world: World, path: str, **how: Any) -> dict[str, Any]:
    answer = await ask(world, path, **how)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
    data: dict[str, Any] = body["data"]
    return data


def hours(start: str, end: str, interval: str = "hour") -> dict[str, str]:
    return {"interval": interval, "from": start, "to": end}


def values(data: dict[str, Any]) -> list[tuple[str, Decimal]]:
    return [(point["timestamp"], Decimal(point["totalValueInBaseCurrency"])) for point in data["data"]]


async def test_a_range_has_exactly_the_documented_shape(world: World) -> None:
    answer = await ask(world, RANGES, **hours("2026-03-01T09:00:00.000Z", "2026-03-01T12:00:00.000Z"))
    assert differences(answer.json(), SERIES_EXAMPLE) == []
    assert answer.json()["links"] == SERIES_EXAMPLE["links"]
    assert answer.headers["content-type"].startswith("application/json")


async def test_a_breakdown_has_exactly_the_documented_shape(world: World) -> None:
    answer = await ask(world, BREAKDOWN)
    example = json.loads(json.dumps(BREAKDOWN_EXAMPLE))
    # The maps' keys are whatever types and classes there are.
    for name in ("valueBreakdown", "holdingsBreakdown"):
        example["data"][name] = dict.fromkeys(["crypto"], example["data"][name]["bond"])
        by_class = f"{name}ByClass"
        example["data"][by_class] = dict.fromkeys(["unclassified"], example["data"][by_class]["fixed-income"])
    assert differences(answer.json(), example) == []
    assert answer.json()["links"] == BREAKDOWN_EXAMPLE["links"]


async def test_hours_are_carried_forward_oldest_first_and_seeded_from_before_the_range(world: World) -> None:
    data = await data_of(world, RANGES, **hours("2026-03-01T08:30:00Z", "2026-03-01T12:10:00Z"))
    assert values(data) == [
        ("2026-03-01T08:00:00.000Z", Decimal(0)),
        ("2026-03-01T09:00:00.000Z", Decimal(0)),
        ("2026-03-01T10:00:00.000Z", Decimal(18000)),
        ("2026-03-01T11:00:00.000Z", Decimal(3600)),
        ("2026-03-01T12:00:00.000Z", Decimal(6600)),
    ]
    assert data["range"] == {
        "interval": "hour",
        "from": "2026-03-01T08:30:00.000Z",
        "to": "2026-03-01T12:10:00.000Z",
        "isPreset": False,
    }
    seeded = await data_of(world, RANGES, **hours("2026-03-01T12:15:00Z", "2026-03-01T12:20:00Z"))
    assert values(seeded) == [("2026-03-01T12:00:00.000Z", Decimal(6600))]


async def test_days_take_their_latest_hour(world: World) -> None:
    data = await data_of(world, RANGES, **hours("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z", "day"))
    assert values(data) == [("2026-02-28T00:00:00.000Z", Decimal(0)), ("2026-03-01T00:00:00.000Z", Decimal(6600))]


async def test_24_hours_have_25_points_and_7_days_8_and_end_now(world: World) -> None:
    for preset, interval, points in (("trailing24Hours", "hour", 25), ("trailing7Days", "day", 8)):
        data = await data_of(world, f"{PRESETS}/{preset}")
        assert len(data["data"]) == points
        assert data["range"]["isPreset"] is True
        assert data["range"]["interval"] == interval
        assert data["range"]["to"] == "2026-03-01T12:30:00.000Z"
        assert values(data)[-1][1] == Decimal(6600)


@pytest.mark.parametrize(
    "spelled",
    ["2026-03-01T11:00:00Z", "1772362800", "1772362800000", "1772362800000000", "1772362800000000000"],
)
async def test_timestamps_come_as_iso_or_digits_of_any_unit(world: World, spelled: str) -> None:
    data = await data_of(world, RANGES, **hours(spelled, "2026-03-01T11:00:00Z"))
    assert values(data) == [("2026-03-01T11:00:00.000Z", Decimal(3600))]


async def test_a_future_end_is_now(world: World) -> None:
    data = await data_of(world, RANGES, **hours("2026-03-01T12:00:00Z", "2027-01-01T00:00:00Z"))
    assert data["range"]["to"] == "2026-03-01T12:30:00.000Z"
    assert len(data["data"]) == 1
    both = await data_of(world, RANGES, **hours("2026-12-01T12:00:00Z", "2027-01-01T00:00:00Z"))
    assert both["range"]["from"] == both["range"]["to"] == "2026-03-01T12:30:00.000Z"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        (hours("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"), "from"),
        (hours("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z") | {"interval": "week"}, "interval"),
        (hours("", "2026-03-01T11:00:00Z"), "from"),
        (hours("2026-03-01T11:00:00Z", "soon"), "to"),
        (hours("17723628000", "2026-03-01T11:00:00Z"), "from"),
        (hours("1969-12-31T23:59:59Z", "2026-03-01T11:00:00Z"), "from"),
        (hours("2026-03-01T11:00:00Z", "10000-01-01T00:00:00Z"), "to"),
        (hours("1970-01-01T00:00:00Z", "2026-03-01T11:00:00Z"), "from"),
    ],
)
async def test_what_does_not_fit_is_422_and_names_the_parameter(
    world: World, params: dict[str, str], field: str
) -> None:
    answer = await ask(world, RANGES, **params)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["status"], error["category"], error["retryable"]) == (422, "validation", False)
    assert error["details"]["issues"][0]["path"] == [field]
    assert {"id", "message", "why", "fix"} <= error.keys()


async def test_from_after_to_says_so_in_the_words_of_the_upstream(world: World) -> None:
    error = (await ask(world, RANGES, **hours("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"))).json()["error"]
    assert error["details"]["issues"][0]["message"] == "`from` must be before or equal to `to`"


async def test_total_parts_and_maps_of_a_breakdown_agree(world: World) -> None:
    data = await data_of(world, BREAKDOWN)
    assert data["totalValue"] == "6600.00"
    assert (data["totalAssetTypes"], data["totalAssetsHeld"]) == (1, 5)
    [share] = data["typeBreakdown"]
    assert share == {"assetType": "crypto", "totalValue": "6600.00", "tokenBalancesCount": 5, "percentage": 100}
    assert data["valueBreakdown"] == {"crypto": "6600.00"}
    assert data["holdingsBreakdownByClass"] == {"unclassified": 5}
    assert data["conversionReliable"] is False  # XYZ has no price


async def _bind_a_key_to_a_bare_portfolio(world: World) -> None:
    store = world.resources.store
    await store.put_portfolio("acme", "bare", members=[])
    _, secret = await store.create_key("acme", portfolio="bare")
    world.keys["bare"] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)


async def test_no_wallet_is_a_zero_for_each_bucket_and_an_empty_breakdown(world: World) -> None:
    await _bind_a_key_to_a_bare_portfolio(world)
    data = await data_of(world, RANGES, key="bare", **hours("2026-03-01T09:00:00Z", "2026-03-01T12:00:00Z"))
    assert [value for _, value in values(data)] == [Decimal(0)] * 4
    assert data["conversionReliable"] is True
    empty = await data_of(world, BREAKDOWN, key="bare")
    assert empty == {
        "totalValue": "0.00", "totalAssetTypes": 0, "totalAssetsHeld": 0, "typeBreakdown": [], "valueBreakdown": {},
        "holdingsBreakdown": {}, "valueBreakdownByClass": {}, "holdingsBreakdownByClass": {},
        "conversionReliable": True,
    }  # fmt: skip
    rows = (await ask(world, BALANCES, key="bare")).json()
    assert (rows["data"], rows["meta"]["totalCount"], rows["links"]["next"]) == ([], 0, None)


async def test_rows_are_tokens_with_their_split_by_wallet(world: World) -> None:
    body = (await ask(world, BALANCES, sort="symbol")).json()
    rows = {row["token"]["id"]: row for row in body["data"]}
    assert set(rows) == {ETH, XYZ}  # no debt, no receipt, nothing without an amount
    ether = rows[ETH]
    assert (ether["value"], ether["frozen"], ether["available"]) == ("3.5", "0", "3.5")
    assert ether["valueInBaseCurrency"] == "7000.00"
    address = A.rpartition(":")[2]
    assert ether["byWallet"] == [{"wallet": address, "value": "3.5", "frozen": "0", "available": "3.5"}]
    assert rows[XYZ]["valueInBaseCurrency"] is None
    assert rows[XYZ]["byWallet"][0]["wallet"] == B.rpartition(":")[2]


async def test_pages_and_orders_of_rows(world: World) -> None:
    orders = {}
    for sort in ("balance", "-balance", "-valueInBaseCurrency", "symbol"):
        body = (await ask(world, BALANCES, sort=sort)).json()
        orders[sort] = [row["token"]["id"] for row in body["data"]]
    assert orders["balance"] == [ETH, XYZ] == orders["-valueInBaseCurrency"]  # 3.5 and 7; 7000 and unknown
    assert orders["-balance"] == [XYZ, ETH]
    first = (await ask(world, BALANCES, **{"page[limit]": 1, "sort": "-balance"})).json()
    assert (first["meta"], len(first["data"])) == ({"totalCount": 2, "total": 2, "offset": 0, "limit": 1}, 1)
    assert first["links"]["self"] == "/v2/user-asset-balances"
    following = await world.client.get(f"/api{first['links']['next']}", headers={"X-Api-Key": world.keys["family"]})
    assert [row["token"]["id"] for row in following.json()["data"]] == [ETH]
    assert following.json()["links"]["next"] is None
    beyond = (await ask(world, BALANCES, **{"page[limit]": 1, "page[offset]": 9})).json()
    assert (beyond["data"], beyond["meta"]["totalCount"]) == ([], 2)
    for wrong in ({"page[limit]": 0}, {"page[limit]": "many"}, {"page[offset]": -1}, {"sort": "colour"}):
        assert (await ask(world, BALANCES, **wrong)).status_code == 422


@pytest.mark.parametrize(
    ("key", "headers", "status"),
    [
        ("family", {"X-Api-Key": ""}, 401),
        ("family", {"X-Api-Key": "sm_dalp_wrong"}, 401),
        ("acme", {}, 403),
        ("family", {"x-organization-id": "rival"}, 403),
        ("family", {"x-organization-id": "acme"}, 200),
        ("family", {"X-Participant": "pp_NOBODY"}, 422),
        ("family", {"X-Participant": participant_id("acme", "bees")}, 404),
        ("family", {"X-Participant": participant_id("acme", "family")}, 200),
    ],
)
async def test_keys_organisations_and_participants(
    world: World, key: str, headers: dict[str, str], status: int
) -> None:
    answer = await ask(world, BREAKDOWN, key=key, headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"]["status"] == status


async def test_a_preset_that_there_is_not_is_refused_in_the_same_shape(world: World) -> None:
    assert (await ask(world, f"{PRESETS}/trailing1Year")).json()["error"]["status"] == 422


async def test_rounded_parts_add_up_to_the_rounded_whole() -> None:
    third = Decimal(1) / 3
    assert rounded_parts([third, third, third]) == [Decimal("0.33"), Decimal("0.34"), Decimal("0.33")]
    assert sum(rounded_parts([third, third, third])) == Decimal("1.00")


async def test_a_provider_pointed_at_us_arrives_at_the_same_totals(world: World) -> None:
    now, history = await _fetched_from_us(world)
    [snapshot], [total] = now.snapshots, now.totals
    assert (total.total, total.currency) == (Decimal("6600.00"), USD)
    assert total.reason == "unreliable_conversion"
    # What the wire cannot carry: debts, and values without amounts. What it lists is the same.
    lines = {line.asset: (line.amount, line.value) for line in snapshot.balances}
    assert lines == {ETH: (Decimal("3.5"), Decimal(7000)), XYZ: (Decimal(7), None)}
    assert [(one.observed_at.hour, one.total) for one in history.totals] == [(10, 18000), (11, 3600), (12, 6600)]


async def _fetched_from_us(world: World) -> tuple[Fetched, Fetched]:
    settings = DalpSettings(
        api_key=Secret(world.keys["family"]), base_url="http://api", organization="acme", page_size=1,
        requests_per_second=1000,
    )  # fmt: skip
    session = build_session(MANIFEST, settings, world.clock, transport=httpx.ASGITransport(app=world.app))
    account = f"dalp:{participant_id('acme', 'family')}"
    window = JobWindow(start=NOW.replace(hour=10, minute=0), end=NOW.replace(minute=0), every_s=3600)
    try:
        provider = build(settings, session, world.clock)
        return await asyncio.gather(
            provider.fetch(Target(feed="balances", target=account, scope="dalp")),
            provider.fetch(Target(feed="balances", target=account, scope="dalp", window=window)),
        )
    finally:
        await session.close()


async def test_amounts_are_in_the_base_currency_at_their_own_instants_or_left_out_and_told(world: World) -> None:
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.put_portfolio("acme", "euros", base_currency="EUR", members=[Member(account=A), Member(account=B)])
    _, secret = await store.create_key("acme", portfolio="euros")
    world.keys["euros"] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    for bucket in ("2026-02-20 12:00:00", "2026-03-01 12:00:00"):
        await write_point(
            warehouse, bucket, portfolio="euros", version=1, assets="6600", net="6600", lines=1, sources=3
        )
    # 1.10 dollars for a euro, from Friday on: too late for the 20th, and young enough on Sunday.
    price = {
        "asset": EUR, "quote": USD, "at": "2026-02-27 15:00:00.000", "price": "1.1", "source": "test",
        "event_id": "f" * 32, "fetched_at": "2026-02-27 15:00:00.000",
        "recorded_at": "2026-02-27 15:00:00.000",
    }  # fmt: skip
    await insert(warehouse, "prices", [price])
    sunday = await data_of(world, RANGES, key="euros", **hours("2026-03-01T12:00:00Z", "2026-03-01T12:20:00Z"))
    assert (values(sunday)[0][1], sunday["conversionReliable"]) == (Decimal(6000), True)
    before = await data_of(world, RANGES, key="euros", **hours("2026-02-20T12:00:00Z", "2026-02-20T12:20:00Z"))
    assert (values(before)[0][1], before["conversionReliable"]) == (Decimal(0), False)
    rows = (await ask(world, BALANCES, key="euros")).json()["data"]
    assert {row["token"]["id"]: row["valueInBaseCurrency"] for row in rows} == {ETH: "6363.64", XYZ: None}


async def test_every_amount_takes_the_rate_that_the_native_answer_takes(world: World) -> None:
    """A rate of 11:00 sharp is none of the hour that ends then; what was stated at 09:10 is worth today's money."""
    store, warehouse = world.resources.store, world.resources.warehouse
    members = [Member(account=A), Member(account=B)]
    await store.put_portfolio("acme", "francs", base_currency="CHF", members=members)
    _, secret = await store.create_key("acme", portfolio="francs")
    world.keys["francs"] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    parts = [
        {"axis": axis, "key": "", "assets": "6600", "debt": "0", "lines": 1, "lines_unpriced": 0}
        for axis in ("type", "class")
    ]
    worth = {"assets": "6600", "net": "6600", "lines": 1, "sources": 3, "breakdown": parts}
    await write_point(warehouse, "2026-03-01 09:00:00", portfolio="francs", version=1, **worth)
    for clock, rate in (("08:00", "1.1"), ("11:00", "1.2")):
        price = {"asset": fiat("CHF"), "quote": USD, "at": at(clock), "price": rate, "source": "test"}
        stored = {"event_id": "f" * 32, "fetched_at": at(clock), "recorded_at": at(clock)}
        await insert(warehouse, "prices", [price | stored])
    native = (await world.get("/v1/portfolios/francs/series", **{"from": "2026-03-01T09:00:00Z"})).json()["points"]
    whole = await data_of(world, RANGES, key="francs", **hours("2026-03-01T09:00:00Z", "2026-03-01T12:30:00Z"))
    part = await data_of(world, RANGES, key="francs", **hours("2026-03-01T10:00:00Z", "2026-03-01T11:10:00Z"))
    assert [value for _, value in values(whole)] == [6000, 6000, 5500, 5500] == [int(one["net"]) for one in native]
    assert [value for _, value in values(part)] == [6000, 5500]
    total = (await world.get("/v1/portfolios/francs/total")).json()["net"]
    assert Decimal((await data_of(world, BREAKDOWN, key="francs"))["totalValue"]) == Decimal(total) == 5500


async def test_a_doubt_of_a_provider_makes_our_answer_unreliable(world: World) -> None:
    row = {
        "source": WALLET_A, "observed_at": at("08:10"), "platform": "", "event_id": "e" * 32, "tenant": "acme",
        "provider": "evm", "account": A, "scope": "wallet", "fetched_at": at("08:10"), "recorded_at": at("08:10"),
        "job_id": "", "currency": USD, "total": "1", "reason": "unreliable_conversion", "raw": [],
    }  # fmt: skip
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.put_portfolio("acme", "doubted", members=[Member(account=A)])
    _, secret = await store.create_key("acme", portfolio="doubted")
    world.keys["doubted"] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    await write_point(warehouse, "2026-03-01 07:00:00", portfolio="doubted", version=1, lines=1, sources=2)
    quiet = hours("2026-03-01T07:00:00Z", "2026-03-01T08:30:00Z")
    assert (await data_of(world, RANGES, key="doubted", **quiet))["conversionReliable"] is True
    await insert(warehouse, "reported_totals", [row])
    assert (await data_of(world, RANGES, key="doubted", **quiet))["conversionReliable"] is False
