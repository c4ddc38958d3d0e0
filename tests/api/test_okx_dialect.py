"""OKX's clients find in us what they know: signatures, codes, shapes of both generations, and the same numbers."""

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from holdfast.registry.keys import derive_credentials
from holdfast.settings import Secret
from services.api.app import build_app
from services.api.dialects.okx.holdings import Line, total
from tests.api.conftest import MASTER_KEY, World, client_of
from tests.api.world import AWETH, A, B

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = "2026-03-01T12:30:00.000Z"
LIST = {version: f"/api/{version}/defi/user/asset/platform/list" for version in ("v5", "v6")}
DETAIL = {version: f"/api/{version}/defi/user/asset/platform/detail" for version in ("v5", "v6")}
ADDRESS_A, ADDRESS_B = A.removeprefix("eip155:1:"), B.removeprefix("eip155:1:")


def signed(world: World, path: str, body: bytes, *, key: str = "acme", timestamp: str = NOW) -> dict[str, str]:
    """Worked out here as OKX documents it, not by our own signing."""
    key_id = world.keys[key].split("_")[1]
    credentials = derive_credentials(MASTER_KEY, key_id, dialect="okx")
    message = f"{timestamp}POST{path}{body.decode()}".encode()
    signature = hmac.new(credentials.secret.reveal().encode(), message, hashlib.sha256).digest()
    return {
        "OK-ACCESS-KEY": key_id,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": base64.b64encode(signature).decode(),
        "Content-Type": "application/json",
    }


async def ask(world: World, path: str, body: Any, **how: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await world.client.post(path, content=content, headers=signed(world, path, content, **how))


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
    headers = signed(world, LIST[version], content)
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
        ("OK-ACCESS-TIMESTAMP", "2026-03-01T12:30:00.001Z", "50113"),
    ],
)
async def test_a_wrong_header_is_401_with_its_own_code(world: World, header: str, text: str, code: str) -> None:
    content = json.dumps(wallets(("1", ADDRESS_A))).encode()
    headers = signed(world, LIST["v6"], content) | {header: text}
    answer = await world.client.post(LIST["v6"], content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_other_bytes_than_the_signed_are_refused(world: World) -> None:
    content = json.dumps(wallets(("1", ADDRESS_A))).encode()
    headers = signed(world, LIST["v6"], content)
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
        answer = await client.post(LIST["v6"], content=content, headers=signed(world, LIST["v6"], content))
    assert (answer.status_code, answer.json()["code"]) == (401, "50111")


async def test_a_total_keeps_every_digit_of_a_debt() -> None:
    """More of them than Python's own context keeps when it turns a sign round."""
    owed = "30000.0000000000000000000000000000000123"
    line = Line(
        account="", asset=None, symbol="", chain=None, platform="Aave V3", position="", kind="borrowed", side="debt",
        amount=None, value_usd=owed,
    )  # fmt: skip
    assert total([line]) == f"-{owed}"
