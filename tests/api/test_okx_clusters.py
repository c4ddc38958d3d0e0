"""OKX's clients find the clusters of a token's holders in us: the documented shape, codes, and how it was before."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from holdfast.domain.clusters import TokenClusters
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.session import build_session
from holdfast.providers.okx import MANIFEST, build
from holdfast.providers.okx.settings import ClusterSettings, OkxSettings
from holdfast.registry.keys import derive_credentials
from holdfast.settings import Secret
from tests.api.cluster_world import BONK_MINT, GROUPS, MINNOWS, OVERVIEW, USDC, USDC_ADDRESS, WHALES, write_statements
from tests.api.conftest import MASTER_KEY, World
from tests.api.okx_signing import signed
from tests.support.okx_examples import CLUSTERS_EXAMPLE
from tests.support.shapes import differences

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASE = "/api/v6/dex/market/token/cluster"
OF_USDC = {"chainIndex": "1", "tokenContractAddress": USDC_ADDRESS}
OF_BONK = {"chainIndex": "501", "tokenContractAddress": BONK_MINT}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(world: World) -> World:
    await write_statements(world.resources.warehouse)
    return world


async def ask(world: World, what: str, query: Mapping[str, str], *, key: str = "acme") -> httpx.Response:
    target = f"{BASE}/{what}?{urlencode(query)}" if query else f"{BASE}/{what}"
    return await world.client.get(target, headers=signed(world, target, key=key))


async def data(world: World, what: str, query: Mapping[str, str], *, key: str = "acme") -> Any:
    answer = await ask(world, what, query, key=key)
    assert (answer.status_code, answer.json()["code"]) == (200, "0"), answer.text
    return answer.json()["data"]


async def test_the_documented_request_has_the_documented_answer_key_by_key(market: World) -> None:
    answer = (await ask(market, "list", OF_USDC)).json()
    assert differences(answer, CLUSTERS_EXAMPLE, nullable=BOOLEANS) == []
    whales = answer["data"][0]["clustList"][0]
    assert whales == CLUSTERS_EXAMPLE["data"][0]["clustList"][0] | {
        "holdingAmount": "320000000",
        "holdingValueUsd": "320145600",
        "averageHoldingPeriod": "5356800",
        "pnlUsd": "-45230.12",
        "buyVolume": "980000",
        "sellVolume": "210000",
        "lastActiveTimestamp": "1772359199123",
        "clusterAddressList": whales["clusterAddressList"],
    }
    assert whales["clusterAddressList"][0] == {
        "address": "0x28c6c06298d514db089934071355e5743bf21d60",
        "holdingAmount": "180000000",
        "holdingValueUsd": "180082800",
        "holdingPercent": "3.67",
        "averageHoldingPeriod": "6480000",
        "lastActiveTimestamp": "1772359199123",
        "isContract": False,
        "isExchange": True,
        "isKol": False,
        "addressRank": "1",
    }


BOOLEANS = [f"data[].clustList[].clusterAddressList[].{name}" for name in ("isContract", "isExchange", "isKol")]


async def test_what_is_not_known_is_spelled_as_okx_spells_it(market: World) -> None:
    _, minnows = (await data(market, "list", OF_USDC))[0]["clustList"]
    assert (minnows["holdingValueUsd"], minnows["lastActiveTimestamp"], minnows["pnlPercent"]) == ("--", "--", "--")
    assert (minnows["holdingPercent"], minnows["trendType"]) == ("0.000001", {"trendType": "transferIn"})
    assert (await data(market, "overview", OF_USDC))["holderNewAddressPercent"] == "--"


@pytest.mark.parametrize(
    ("as_of", "amounts"),
    [
        ("2026-03-01T09:59:59Z", None),
        ("2026-03-01T10:00:00Z", ["49"]),
        ("1772359200000", ["49"]),
        ("2026-03-01T11:00:00+01:00", ["49"]),
        ("2026-03-01T11:59:59.999Z", []),
        ("2026-03-01T12:00:00Z", ["320000000", "49"]),
        ("2999-01-01T00:00:00Z", ["320000000", "49"]),
        ("9999-12-31T23:59:59.999Z", ["320000000", "49"]),
        ("0001-01-01T00:00:00Z", None),
    ],
)
async def test_clusters_are_those_of_the_last_statement_by_then(
    market: World, as_of: str, amounts: list[str] | None
) -> None:
    """Acme's own okx saw none at 11:00, which is not the same as that nothing was said before 10:00."""
    answered = await data(market, "list", OF_USDC | {"asOf": as_of})
    listed = [{"clustList": [{"holdingAmount": amount} for amount in amounts]}] if amounts is not None else []
    assert [
        {"clustList": [{"holdingAmount": cluster["holdingAmount"]} for cluster in one["clustList"]]} for one in answered
    ] == listed


async def test_the_overview_and_the_greatest_holders(market: World) -> None:
    assert await data(market, "overview", OF_USDC) == {
        "clusterConcentration": "Low",
        "top100HoldingsPercent": "42",
        "rugPullPercent": "12.5",
        "holderNewAddressPercent": "--",
        "holderSameFundSourcePercent": "--",
        "holderSameCreationTimePercent": "--",
    }
    ten = await data(market, "top-holders", OF_USDC | {"rangeFilter": "1"})
    assert (ten["holdingPercent"], ten["clusterTrendType"]) == ("20", ["buy", "transferIn"])
    hundred = await data(market, "top-holders", OF_USDC | {"rangeFilter": "3"})
    assert (hundred["averageBuyPricePercent"], hundred["averagePnlUsd"]) == ("-50", "-7.5")
    assert await data(market, "top-holders", OF_USDC | {"rangeFilter": "2"}) == {}
    assert await data(market, "overview", OF_USDC | {"asOf": "2026-03-01T10:30:00Z"}) == {}


async def test_a_chain_is_told_by_name_as_well_and_an_address_in_any_case(market: World) -> None:
    asked = {"chainIndex": "ethereum", "tokenContractAddress": USDC_ADDRESS.upper().replace("0X", "0x")}
    assert await data(market, "list", asked) == await data(market, "list", OF_USDC)


async def test_another_tenants_statements_are_nobody_elses(market: World) -> None:
    assert await data(market, "list", OF_BONK) == []
    assert len((await data(market, "list", OF_BONK, key="rival"))[0]["clustList"]) == 1
    at_half_past = OF_USDC | {"asOf": "2026-03-01T11:30:00Z"}
    assert (await data(market, "list", at_half_past))[0]["clustList"] == []
    for key in ("rival", "family"):  # the latter is acme's, bound to a portfolio: it sees what is everybody's
        assert len((await data(market, "list", at_half_past, key=key))[0]["clustList"]) == 1


async def test_the_chains_are_those_of_which_anything_was_stated(market: World) -> None:
    assert await data(market, "supported/chain", {}) == [{"chainIndex": "1", "chainName": "Ethereum", "chainLogo": ""}]
    chains = await data(market, "supported/chain", {}, key="rival")
    assert [chain["chainIndex"] for chain in chains] == ["1", "501"]


async def test_of_a_token_that_nobody_watches_nothing_is_said(market: World) -> None:
    unknown = {"chainIndex": "1", "tokenContractAddress": "0x" + "9" * 40}
    assert await data(market, "list", unknown) == []
    assert await data(market, "overview", unknown) == {}
    assert await data(market, "top-holders", unknown | {"rangeFilter": "1"}) == {}


@pytest.mark.parametrize(
    ("what", "query", "code"),
    [
        ("list", {}, "50014"),
        ("list", {"chainIndex": "1"}, "50014"),
        ("list", {"chainIndex": "", "tokenContractAddress": USDC_ADDRESS}, "50014"),
        ("overview", {"tokenContractAddress": USDC_ADDRESS}, "50014"),
        ("top-holders", OF_USDC, "50014"),
        ("top-holders", OF_USDC | {"rangeFilter": "100"}, "51000"),
        ("list", OF_USDC | {"chainIndex": "nowhere"}, "51000"),
        ("list", OF_USDC | {"tokenContractAddress": "USDC"}, "51000"),
        ("list", {"tokenContractAddress": "0x" + "e" * 40, "chainIndex": "777777"}, "51000"),
        ("list", OF_USDC | {"asOf": "noon"}, "51000"),
        ("list", OF_USDC | {"asOf": "2026-03-01T12:00:00"}, "51000"),
        ("list", OF_USDC | {"asOf": "9" * 30}, "51000"),
        ("list", OF_USDC | {"asOf": "9999-12-31T23:59:59-23:59"}, "51000"),
        ("list", OF_USDC | {"asOf": "0001-01-01T00:00:00+23:59"}, "51000"),
    ],
)  # fmt: skip
async def test_a_wrong_request_has_the_documented_code(
    market: World, what: str, query: dict[str, str], code: str
) -> None:
    answer = await ask(market, what, query)
    assert (answer.status_code, answer.json()["code"], set(answer.json())) == (400, code, {"code", "data", "msg"})


@pytest.mark.parametrize("what", ["supported/chain", "list", "overview", "top-holders"])
@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("OK-ACCESS-KEY", "50103"),
        ("OK-ACCESS-PASSPHRASE", "50104"),
        ("OK-ACCESS-SIGN", "50106"),
        ("OK-ACCESS-TIMESTAMP", "50107"),
    ],
)
async def test_a_missing_header_is_401_with_its_own_code(market: World, what: str, missing: str, code: str) -> None:
    target = f"{BASE}/{what}?{urlencode(OF_USDC)}"
    headers = signed(market, target)
    del headers[missing]
    answer = await market.client.get(target, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (401, code, [])


@pytest.mark.parametrize(
    ("header", "text", "code"),
    [
        ("OK-ACCESS-KEY", "nobody", "50111"),
        ("OK-ACCESS-PASSPHRASE", "wrong", "50105"),
        ("OK-ACCESS-SIGN", "AAAA", "50113"),
        ("OK-ACCESS-TIMESTAMP", "2026-03-01T12:29:00.000Z", "50112"),
    ],
)
async def test_a_wrong_header_is_401_with_its_own_code(market: World, header: str, text: str, code: str) -> None:
    target = f"{BASE}/list?{urlencode(OF_USDC)}"
    answer = await market.client.get(target, headers=signed(market, target) | {header: text})
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_the_query_is_part_of_what_is_signed_and_its_order_too(market: World) -> None:
    one = f"{BASE}/list?chainIndex=1&tokenContractAddress={USDC_ADDRESS}"
    other = f"{BASE}/list?tokenContractAddress={USDC_ADDRESS}&chainIndex=1"
    assert (await market.client.get(other, headers=signed(market, other))).status_code == 200
    for target in (other, f"{one}&asOf=1", f"{BASE}/list"):
        answer = await market.client.get(target, headers=signed(market, one))
        assert (answer.status_code, answer.json()["code"]) == (401, "50113")


async def test_sql_says_the_same_as_the_wire(market: World) -> None:
    for at, as_of in (("2026-03-01 10:30:00", "2026-03-01T10:30:00Z"), ("2026-03-01 12:30:00", "2026-03-01T12:30:00Z")):
        rows = await market.resources.warehouse.query(
            f"SELECT amount, share FROM token_clusters_as_of(at = '{at}') "
            f"WHERE tenant = 'public' AND token = '{USDC}' ORDER BY cluster"
        )
        (listed,) = await data(market, "list", OF_USDC | {"asOf": as_of})
        assert [(row["amount"], row["share"] * 100) for row in rows] == [
            (Decimal(one["holdingAmount"]), Decimal(one["holdingPercent"])) for one in listed["clustList"]
        ]


async def test_the_page_shows_how_clusters_have_changed_by_their_leaders(market: World) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
    (sql,) = [one for one in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) if "AS leader" in one]
    for told, ours in (
        ("2026-03-01 12:00:00", "2026-03-01 10:30:00"),
        ("2026-03-02 12:00:00", "2026-03-01 12:30:00"),
        ("'acme'", "'public'"),
    ):
        sql = sql.replace(told, ours)
    assert await market.resources.warehouse.query(sql) == [
        {
            "token": USDC,
            "leader": WHALES.addresses[0].address,
            "share_before": None,
            "share_now": WHALES.share,
        },
        {
            "token": USDC,
            "leader": MINNOWS.addresses[0].address,
            "share_before": MINNOWS.share,
            "share_now": MINNOWS.share,
        },
    ]


async def fetch(world: World, settings: ClusterSettings) -> TokenClusters:
    """What another Holdfast makes of our own dialect."""
    key_id = world.keys["acme"].split("_")[1]
    credentials = derive_credentials(MASTER_KEY, key_id, dialect="okx")
    okx = OkxSettings(
        api_key=Secret(key_id),
        secret_key=credentials.secret,
        passphrase=credentials.passphrase,
        base_url="http://api",
        requests_per_second=1000,
        clusters=settings,
    )
    session = build_session(MANIFEST, okx, world.clock, transport=httpx.ASGITransport(app=world.app))
    try:
        fetched = await build(okx, session, world.clock).fetch(Target(feed="clusters", target=USDC))
        return fetched.clusters[0]
    finally:
        await session.close()


async def test_round_trip_another_holdfast_knows_the_same_of_the_holders(market: World) -> None:
    """All of it: the one setting it takes is that our shares and changes are percent, as documented."""
    said = await fetch(market, ClusterSettings(share_scale="percent", change_scale="percent"))
    assert (said.clusters, said.overview, said.top_holders) == ((WHALES, MINNOWS), OVERVIEW, GROUPS)
    assert said.observed_at == market.clock.now(), "this wire has no time of its own"
