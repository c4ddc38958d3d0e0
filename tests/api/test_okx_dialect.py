"""OKX's clients find in us what they know: signatures, codes, shapes of both generations, and the same numbers."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from holdfast.domain.accounts import parse_account
from holdfast.domain.balances import Balance
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.session import build_session
from holdfast.providers.okx import MANIFEST, build
from holdfast.providers.okx.settings import OkxSettings
from holdfast.providers.okx.wire import Version
from holdfast.registry.keys import derive_credentials
from holdfast.settings import Secret
from services.api.app import build_app
from services.api.dialects.okx.holdings import Line, total
from tests.api.conftest import MASTER_KEY, World, client_of
from tests.api.okx_signing import signed
from tests.api.world import AWETH, ETH, USDC, A, B
from tests.support.okx_examples import HOLDINGS_EXAMPLE
from tests.support.shapes import differences

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = {version: f"/api/{version}/defi/user/asset/platform/list" for version in ("v5", "v6")}
DETAIL = {version: f"/api/{version}/defi/user/asset/platform/detail" for version in ("v5", "v6")}
ADDRESS_A, ADDRESS_B = A.removeprefix("eip155:1:"), B.removeprefix("eip155:1:")


async def ask(world: World, path: str, body: Any, **how: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await world.client.post(path, content=content, headers=posted(world, path, content, **how))


def posted(world: World, path: str, content: bytes, **how: Any) -> dict[str, str]:
    return signed(world, path, content, method="POST", **how) | {"Content-Type": "application/json"}


def wallets(*pairs: tuple[Any, str], name: str = "chainIndex") -> dict[str, Any]:
    return {"walletAddressList": [{name: index, "walletAddress": address} for index, address in pairs]}


async def test_v6_lists_the_platforms_of_a_wallet(world: World) -> None:
    answer = await ask(world, LIST["v6"], wallets(("1", ADDRESS_A)))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["code"] == "0"
    [wallet] = body["data"]["walletIdPlatformList"]
    assert wallet["totalAssets"] == "3600"  # 4000 − 500 + 100; wallet balances are another of OKX's endpoints
    platforms = {one["platformName"]: one for one in wallet["platformList"]}
    assert {name: one["currencyAmount"] for name, one in platforms.items()} == {"Aave V3": "3500", "Curve": "100"}
    [network] = platforms["Aave V3"]["networkBalanceList"]
    assert (network["chainIndex"], network["currencyAmount"]) == ("1", "3500")
    assert platforms["Aave V3"]["analysisPlatformId"].isdecimal()
    assert body["data"]["lpTokenAddressList"] == [{"chainIndex": "1", "tokenAddress": AWETH.rpartition(":")[2]}]


async def test_v5_says_the_same_in_its_own_names_and_numbers(world: World) -> None:
    body = (await ask(world, LIST["v5"], wallets((1, ADDRESS_A), name="chainId"))).json()
    assert body["code"] == 0
    [wallet] = body["data"]["walletIdPlatformList"]
    platform = next(one for one in wallet["platformList"] if one["platformName"] == "Aave V3")
    assert isinstance(platform["analysisPlatformId"], int)
    assert platform["networkBalanceVoList"][0]["chainId"] == 1


async def test_the_seeds_chain_names_are_understood(world: World) -> None:
    named = (await ask(world, LIST["v5"], wallets(("ethereum", ADDRESS_A), name="chainId"))).json()["data"]
    numbered = (await ask(world, LIST["v5"], wallets((1, ADDRESS_A), name="chainId"))).json()["data"]
    assert named == numbered


async def test_many_wallets_and_chains_are_one_request(world: World) -> None:
    asked = wallets(("1", ADDRESS_A), ("56", ADDRESS_A), ("1", ADDRESS_B), ("1", "0x" + "9" * 40), ("1", ADDRESS_A))
    data = (await ask(world, LIST["v6"], asked)).json()["data"]
    assert [wallet["walletAddress"] for wallet in data["walletIdPlatformList"]] == [ADDRESS_A]


async def test_a_wallet_without_positions_is_an_empty_list(world: World) -> None:
    data = (await ask(world, LIST["v6"], wallets(("1", "0x" + "9" * 40)))).json()["data"]
    assert (data["walletIdPlatformList"], data["lpTokenAddressList"]) == ([], [])


async def test_a_wallet_that_was_not_seen_yet_is_still_syncing(world: World) -> None:
    await world.resources.store.add_account("acme", "eip155:1:0x" + "8" * 40)
    await world.resources.watcher.wait_until(world.resources.store.revision)
    answer = await ask(world, LIST["v6"], wallets(("1", "0x" + "8" * 40)))
    assert (answer.status_code, answer.json()["code"]) == (200, "84021")


async def test_detail_has_every_token_with_its_side(world: World) -> None:
    listed = (await ask(world, LIST["v6"], wallets(("1", ADDRESS_A)))).json()["data"]
    ids = {one["platformName"]: one["analysisPlatformId"] for one in listed["walletIdPlatformList"][0]["platformList"]}
    wish = wallets(("1", ADDRESS_A)) | {
        "platformList": [{"analysisPlatformId": one, "chainIndex": "1"} for one in ids.values()]
    }
    answer = await ask(world, DETAIL["v6"], wish)
    assert answer.status_code == 200, answer.text
    details = {one["platformName"]: one for one in answer.json()["data"]}
    [hold] = details["Aave V3"]["walletIdPlatformDetailList"][0]["networkHoldVoList"]
    tokens = {
        token["tokenSymbol"]: (held["investType"], token["coinAmount"], token["currencyAmount"])
        for held in hold["investTokenBalanceVoList"]
        for token in held["assetsTokenList"]
    }
    assert tokens == {"ETH": (1, "2", "4000"), "USDC": (6, "500", "500")}
    [curve] = details["Curve"]["walletIdPlatformDetailList"][0]["networkHoldVoList"]
    assert curve["investTokenBalanceVoList"][0]["totalValue"] == "100"


async def test_v5_asks_for_the_detail_of_one_platform(world: World) -> None:
    listed = (await ask(world, LIST["v5"], wallets((1, ADDRESS_A), name="chainId"))).json()["data"]
    platform = listed["walletIdPlatformList"][0]["platformList"][0]
    wish = {
        "analysisPlatformId": platform["analysisPlatformId"],
        "accountIdInfoList": [wallets((1, ADDRESS_A), name="chainId")],
    }
    data = (await ask(world, DETAIL["v5"], wish)).json()["data"]
    assert (data["platformName"], data["analysisPlatformId"]) == (
        platform["platformName"],
        platform["analysisPlatformId"],
    )


async def test_an_unknown_platform_is_not_supported(world: World) -> None:
    wish = wallets(("1", ADDRESS_A)) | {"platformList": [{"analysisPlatformId": "44", "chainIndex": "1"}]}
    answer = await ask(world, DETAIL["v6"], wish)
    assert (answer.status_code, answer.json()["code"]) == (200, "84003")


@pytest.mark.parametrize("version", ["v5", "v6"])
@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("OK-ACCESS-KEY", "50103"),
        ("OK-ACCESS-PASSPHRASE", "50104"),
        ("OK-ACCESS-SIGN", "50106"),
        ("OK-ACCESS-TIMESTAMP", "50107"),
    ],
)
async def test_a_missing_header_is_401_with_its_own_code(world: World, version: str, missing: str, code: str) -> None:
    content = json.dumps(wallets(("1", ADDRESS_A))).encode()
    headers = posted(world, LIST[version], content)
    del headers[missing]
    answer = await world.client.post(LIST[version], content=content, headers=headers)
    assert (answer.status_code, str(answer.json()["code"])) == (401, code)


@pytest.mark.parametrize(
    ("header", "text", "code"),
    [
        ("OK-ACCESS-KEY", "nobody", "50111"),
        ("OK-ACCESS-PASSPHRASE", "wrong", "50105"),
        ("OK-ACCESS-SIGN", "AAAA", "50113"),
        ("OK-ACCESS-TIMESTAMP", "2026-03-01T12:31:00.000Z", "50112"),
        ("OK-ACCESS-TIMESTAMP", "2026-03-01T12:29:00.000Z", "50112"),
        ("OK-ACCESS-TIMESTAMP", "noon", "50112"),
        ("OK-ACCESS-TIMESTAMP", "2026-03-01T12:30:00", "50112"),
        ("OK-ACCESS-TIMESTAMP", "9999-12-31T23:59:59-23:59", "50112"),
        ("OK-ACCESS-TIMESTAMP", "0001-01-01T00:00:00+23:59", "50112"),
        ("OK-ACCESS-TIMESTAMP", "2026-03-01T12:30:00.001Z", "50113"),
    ],
)
async def test_a_wrong_header_is_401_with_its_own_code(world: World, header: str, text: str, code: str) -> None:
    content = json.dumps(wallets(("1", ADDRESS_A))).encode()
    headers = posted(world, LIST["v6"], content) | {header: text}
    answer = await world.client.post(LIST["v6"], content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_other_bytes_than_the_signed_are_refused(world: World) -> None:
    content = json.dumps(wallets(("1", ADDRESS_A))).encode()
    headers = posted(world, LIST["v6"], content)
    assert (await world.client.post(LIST["v6"], content=content + b" ", headers=headers)).json()["code"] == "50113"
    assert (await world.client.post(LIST["v5"], content=content, headers=headers)).json()["code"] == 50113


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "50014"),
        (b"{}", 400, "50014"),
        ({"walletAddressList": []}, 400, "50014"),
        (b"{", 400, "84000"),
        (b"[" * 9000, 400, "84000"),
        ({"walletAddressList": [{"walletAddress": ADDRESS_A}]}, 400, "84000"),
        (wallets(("nowhere", ADDRESS_A)), 400, "84000"),
        (wallets(("501", ADDRESS_A)), 200, "84019"),
        (wallets(("1", "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv")), 200, "84019"),
        (wallets(("1", "vitalik.eth")), 200, "84019"),
    ],
)
async def test_a_wrong_request_has_the_documented_code(world: World, body: Any, status: int, code: str) -> None:
    answer = await ask(world, LIST["v6"], body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_tenants_wallet_is_as_empty_as_a_strangers(world: World) -> None:
    data = (await ask(world, LIST["v6"], wallets(("1", ADDRESS_A)), key="rival")).json()["data"]
    assert data["walletIdPlatformList"] == []


async def test_a_bound_key_sees_only_the_accounts_of_its_portfolio(world: World) -> None:
    asked = wallets(("1", ADDRESS_A), ("1", ADDRESS_B))
    assert (await ask(world, LIST["v6"], asked, key="bees")).json()["data"]["walletIdPlatformList"] == []
    family = (await ask(world, LIST["v6"], asked, key="family")).json()["data"]["walletIdPlatformList"]
    assert [wallet["totalAssets"] for wallet in family] == ["3600"]


async def test_without_a_master_key_the_dialect_admits_nobody(world: World) -> None:
    settings = replace(world.resources.settings, master_key=Secret(""))
    content = json.dumps(wallets(("1", ADDRESS_A))).encode()
    async with client_of(build_app(replace(world.resources, settings=settings))) as client:
        answer = await client.post(LIST["v6"], content=content, headers=posted(world, LIST["v6"], content))
    assert (answer.status_code, answer.json()["code"]) == (401, "50111")


async def test_a_total_keeps_every_digit_of_a_debt() -> None:
    """More of them than Python's own context keeps when it turns a sign round."""
    owed = "30000.0000000000000000000000000000000123"
    line = Line(
        source="", account="", asset=None, symbol="", chain=None, platform="Aave V3", position="", kind="borrowed",
        side="debt", amount=None, value_usd=owed,
    )  # fmt: skip
    assert total([line]) == f"-{owed}"


async def test_the_documented_request_has_the_documented_answer_key_by_key(world: World) -> None:
    """v5's example; `walletAddress` is what newer answers add, and `bonusTag` nobody has told the meaning of."""
    answer = (await ask(world, LIST["v5"], wallets(("ethereum", ADDRESS_A), ("bsc", ADDRESS_A), name="chainId"))).json()
    platforms = "data.walletIdPlatformList[].platformList[]"
    assert differences(answer, HOLDINGS_EXAMPLE, nullable=[f"{platforms}.bonusTag"]) == [
        "data.walletIdPlatformList[].platformList[].networkBalanceVoList[].investmentCount: not in the example",
        "data.walletIdPlatformList[].walletAddress: not in the example",
    ]


async def test_supported_chains_are_those_of_the_callers_accounts(world: World) -> None:
    path = "/api/v6/defi/product/supported-chains"
    answer = await world.client.get(path, headers=signed(world, path))
    assert (answer.status_code, answer.json()["code"]) == (200, "0")
    assert answer.json()["data"] == [{"chainIndex": "1", "network": "Ethereum"}]


async def test_supported_platforms_are_those_that_hold_something(world: World) -> None:
    path = "/api/v6/defi/product/supported-platforms"
    listed = (await ask(world, LIST["v6"], wallets(("1", ADDRESS_A)))).json()["data"]["walletIdPlatformList"][0]
    ids = {one["platformName"]: one["analysisPlatformId"] for one in listed["platformList"]}
    answer = (await world.client.get(path, headers=signed(world, path))).json()
    assert answer["data"] == [
        {"analysisPlatformId": ids["Aave V3"], "platformName": "Aave V3", "investmentCount": "2"},
        {"analysisPlatformId": ids["Curve"], "platformName": "Curve", "investmentCount": "1"},
    ]
    for key, platforms in (("family", 2), ("bees", 0), ("rival", 0)):
        answer = (await world.client.get(path, headers=signed(world, path, key=key))).json()
        assert len(answer["data"]) == platforms


@pytest.mark.parametrize("what", ["supported-chains", "supported-platforms"])
async def test_discovery_checks_the_headers_too(world: World, what: str) -> None:
    path = f"/api/v6/defi/product/{what}"
    for header, code in (("OK-ACCESS-SIGN", "50106"), ("OK-ACCESS-KEY", "50103")):
        headers = signed(world, path)
        del headers[header]
        answer = await world.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert (await world.client.get(f"{path}?x=1", headers=signed(world, path))).json()["code"] == "50113"


async def fetch(world: World, account: str, version: Version) -> Fetched:
    """What another Holdfast makes of our own dialect."""
    key_id = world.keys["acme"].split("_")[1]
    credentials = derive_credentials(MASTER_KEY, key_id, dialect="okx")
    settings = OkxSettings(
        api_key=Secret(key_id),
        secret_key=credentials.secret,
        passphrase=credentials.passphrase,
        base_url="http://api",
        version=version,
        requests_per_second=1000,
    )
    session = build_session(MANIFEST, settings, world.clock, transport=httpx.ASGITransport(app=world.app))
    try:
        target = Target(feed="balances", target=parse_account(account).id, scope="defi")
        return await build(settings, session, world.clock).fetch(target)
    finally:
        await session.close()


@pytest.mark.parametrize("version", ["v5", "v6"])
async def test_round_trip_another_holdfast_arrives_at_the_same_totals_and_lines(world: World, version: Version) -> None:
    fetched = await fetch(world, A, version)
    (snapshot,) = fetched.snapshots
    assert {total.platform: total.total for total in fetched.totals} == {"": 3600, "Aave V3": 3500, "Curve": 100}
    assert {one.currency for one in fetched.totals} == {"iso4217:USD"}
    assert [told(line) for line in snapshot.balances] == [
        (ETH, "deposit", "asset", Decimal(2), Decimal(4000), "Aave V3", "pool-1", "ETH"),
        (USDC, "borrowed", "debt", Decimal(500), Decimal(500), "Aave V3", "", "USDC"),
        (None, "liquidity", "asset", None, Decimal(100), "Curve", "", ""),
    ]
    assert snapshot.covers == (AWETH,)
    assert snapshot.observed_at.isoformat() == "2026-03-01T11:10:00+00:00", "our own as-of travels along"


async def test_round_trip_of_a_wallet_without_positions(world: World) -> None:
    (snapshot,) = (await fetch(world, "eip155:1:0x" + "9" * 40, "v6")).snapshots
    assert snapshot.balances == ()


def told(line: Balance) -> tuple[Any, ...]:
    """What both must agree on."""
    return (
        line.asset,
        line.kind,
        line.side,
        line.amount,
        line.value,
        line.platform,
        line.position,
        line.symbol,
    )
