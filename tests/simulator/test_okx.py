"""OKX over HTTP: signatures, error codes with their statuses, both generations, the rate limit."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from holdfast.settings import Secret
from services.simulator.exchange import Request
from services.simulator.settings import SimulatorSettings
from services.simulator.upstreams.okx.credentials import Credential, signature
from services.simulator.upstreams.okx.window import SlidingWindow
from services.simulator.world.wallets import build_wallets
from tests.simulator.running import running
from tests.support.clients import http_client

LIST_V5 = "/api/v5/defi/user/asset/platform/list"
LIST_V6 = "/api/v6/defi/user/asset/platform/list"
DETAIL_V5 = "/api/v5/defi/user/asset/platform/detail"
DETAIL_V6 = "/api/v6/defi/user/asset/platform/detail"
WALLETS = build_wallets(7, 12)
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
LENDER = WALLETS[0].address
SOLANA = WALLETS[11].address


def signed(
    path: str, body: bytes, *, method: str = "POST", at: datetime | None = None, **changes: str
) -> dict[str, str]:
    """The four headers, with `changes` made afterwards; an empty change removes the header."""
    stamp = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.") + "123Z"
    mac = hmac.new(b"simulator-secret", stamp.encode() + method.encode() + path.encode() + body, hashlib.sha256)
    headers = {
        "OK-ACCESS-KEY": "simulator-key",
        "OK-ACCESS-SIGN": base64.b64encode(mac.digest()).decode(),
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": "simulator-passphrase",
    }
    headers |= {f"OK-ACCESS-{name}": text for name, text in changes.items()}
    return {name: text for name, text in headers.items() if text}


async def post(client: httpx.AsyncClient, path: str, value: Any, **changes: str) -> httpx.Response:
    body = json.dumps(value).encode()
    return await client.post(path, content=body, headers=signed(path, body, **changes))


def asked(address: str = LENDER, chain: str = "1") -> dict[str, Any]:
    return {"walletAddressList": [{"chainIndex": chain, "walletAddress": address}]}


@pytest.mark.parametrize(
    ("method", "target", "body", "expected"),
    [
        (
            "POST",
            "/api/v5/defi/user/asset/platform/list",
            b'{"walletAddressList":[{"chainId":"1","walletAddress":"0x655b35f11006617696a4b31978ba4c078b6b7145"}]}',
            "KLlkMFvpsyPso69lhsucJqCLPBWLnCFkiOc/OQGJjyk=",
        ),
        (
            "GET",
            f"/api/v6/dex/market/token/cluster/list?chainIndex=1&tokenContractAddress={USDC}",
            b"",
            "COYjqS6wpS9K7+LiVZEYVPyNUbIwyUFamV+7oaiX2vU=",
        ),
    ],
)
def test_the_signature_is_that_of_the_published_vectors(method: str, target: str, body: bytes, expected: str) -> None:
    credential = Credential(key="k", secret=Secret("test-secret"), passphrase=Secret("p"))
    headers = {"ok-access-timestamp": "2024-01-01T00:00:00.000Z"}
    request = Request(method=method, path=target, target=target, headers=headers, body=body)
    assert signature(request, credential) == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"KEY": ""}, "50103"),
        ({"PASSPHRASE": ""}, "50104"),
        ({"SIGN": ""}, "50106"),
        ({"TIMESTAMP": ""}, "50107"),
        ({"PASSPHRASE": "wrong"}, "50105"),
        ({"KEY": "stranger"}, "50111"),
        ({"TIMESTAMP": "yesterday"}, "50112"),
        ({"SIGN": "AAAA"}, "50113"),
        ({"SIGN": "ключ".encode().decode("latin-1")}, "50113"),
    ],
)
async def test_each_fault_in_the_headers_has_its_code_and_401(
    client: httpx.AsyncClient, changes: dict[str, str], code: str
) -> None:
    body = json.dumps(asked()).encode()
    headers = {name: text.encode("latin-1") for name, text in signed(LIST_V6, body, **changes).items()}
    answer = await client.post(LIST_V6, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_timestamp_of_half_an_hour_ago_is_refused(client: httpx.AsyncClient) -> None:
    body = json.dumps(asked()).encode()
    headers = signed(LIST_V6, body, at=datetime.now(UTC) - timedelta(minutes=30))
    answer = await client.post(LIST_V6, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "50112")


async def test_a_body_changed_after_signing_is_refused(client: httpx.AsyncClient) -> None:
    headers = signed(LIST_V6, json.dumps(asked()).encode())
    answer = await client.post(LIST_V6, content=json.dumps(asked(SOLANA, "501")), headers=headers)
    assert answer.json()["code"] == "50113"


async def test_a_query_is_part_of_what_is_signed(client: httpx.AsyncClient) -> None:
    path = "/api/v6/defi/product/supported-chains"
    right = await client.get(f"{path}?a=b%20c&d=", headers=signed(f"{path}?a=b%20c&d=", b"", method="GET"))
    wrong = await client.get(f"{path}?a=b", headers=signed(path, b"", method="GET"))
    assert [chain["chainIndex"] for chain in right.json()["data"]] == ["1", "137", "8453", "42161", "501"]
    assert wrong.json()["code"] == "50113"


@pytest.mark.parametrize(
    ("value", "status", "code"),
    [
        ({"walletAddressList": []}, 400, "50014"),
        ({}, 400, "84000"),
        ({"walletAddressList": "no"}, 400, "84000"),
        (asked(chain="999"), 400, "84000"),
        (asked(SOLANA, "1"), 200, "84019"),
        (asked(LENDER, "501"), 200, "84019"),
    ],
)
async def test_each_fault_in_the_body_has_its_code(
    client: httpx.AsyncClient, value: Any, status: int, code: str
) -> None:
    answer = await post(client, LIST_V6, value)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_that_is_not_json_is_a_parameter_error(client: httpx.AsyncClient) -> None:
    answer = await client.post(LIST_V6, content=b"{", headers=signed(LIST_V6, b"{"))
    assert (answer.status_code, answer.json()["code"]) == (400, "84000")


async def test_a_body_nested_too_deep_is_a_parameter_error(client: httpx.AsyncClient) -> None:
    for depth in (500, 100_000):
        body = b'{"walletAddressList":' + b"[" * depth + b"]" * depth + b"}"
        answer = await client.post(LIST_V6, content=body, headers=signed(LIST_V6, body))
        assert (answer.status_code, answer.json()["code"]) == (400, "84000")


async def test_the_two_generations_spell_the_same_list_differently(client: httpx.AsyncClient) -> None:
    v5 = (await post(client, LIST_V5, {"walletAddressList": [{"chainId": 1, "walletAddress": LENDER}]})).json()
    v6 = (await post(client, LIST_V6, asked())).json()
    assert (v5["code"], v6["code"]) == (0, "0")
    old, new = (one["data"]["walletIdPlatformList"][0]["platformList"][0] for one in (v5, v6))
    assert (old["analysisPlatformId"], new["analysisPlatformId"]) == (10, "10")
    assert old["networkBalanceVoList"][0]["chainId"] == 1
    assert new["networkBalanceList"][0]["chainIndex"] == "1"
    assert old["currencyAmount"] == new["currencyAmount"]
    assert v6["data"]["lpTokenAddressList"] == [
        {"chainIndex": "1", "tokenAddress": "0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c"}
    ]


async def test_0x_addresses_are_known_in_any_case_and_solana_addresses_are_not(client: httpx.AsyncClient) -> None:
    lower = (await post(client, LIST_V6, asked(LENDER.lower()))).json()
    assert lower["data"]["walletIdPlatformList"][0]["platformList"]
    other = (
        await post(client, LIST_V6, asked(SOLANA.swapcase().translate(str.maketrans("0OIl", "1111")), "501"))
    ).json()
    assert other["data"]["walletIdPlatformList"] == []


async def test_a_wallet_without_positions_and_a_stranger_are_empty_in_different_ways(client: httpx.AsyncClient) -> None:
    empty = (await post(client, LIST_V6, asked(WALLETS[4].address))).json()["data"]
    stranger = (await post(client, LIST_V6, asked("0x" + "11" * 20))).json()["data"]
    assert empty["walletIdPlatformList"][0]["platformList"] == []
    assert stranger["walletIdPlatformList"] == []


async def test_amounts_of_38_digits_come_whole(client: httpx.AsyncClient) -> None:
    wanted = asked(WALLETS[3].address) | {"platformList": [{"analysisPlatformId": "118265", "chainIndex": "1"}]}
    data = (await post(client, DETAIL_V6, wanted)).json()["data"]
    hold = data[0]["walletIdPlatformDetailList"][0]["networkHoldVoList"][0]
    token = hold["investTokenBalanceVoList"][0]["assetsTokenList"][0]
    assert len(token["coinAmount"].replace(".", "")) >= 37
    assert hold["investTokenBalanceVoList"][0]["investType"] == 10


async def test_v6_shows_lending_as_a_market_and_v5_as_two_investments(client: httpx.AsyncClient) -> None:
    wanted = asked() | {"platformList": [{"analysisPlatformId": "10", "chainIndex": "1"}]}
    v6 = (await post(client, DETAIL_V6, wanted)).json()["data"][0]
    old_way = {"accountIdInfoList": [{"walletAddressList": [{"chainId": 1, "walletAddress": LENDER}]}]}
    v5 = (await post(client, DETAIL_V5, {"analysisPlatformId": 10, **old_way})).json()["data"]
    market = v6["walletIdPlatformDetailList"][0]["networkHoldVoList"][0]["investMarketTokenBalanceVoList"][0]
    lent = v5["walletIdPlatformDetailList"][0]["networkHoldVoList"][0]["investTokenBalanceVoList"]
    assert market["assetMap"]["BORROW"][0]["assetsTokenList"][0]["tokenSymbol"] == "ETH"
    assert [one["investType"] for one in lent] == [1, 6]


@pytest.mark.parametrize(("path", "code"), [(DETAIL_V5, 84003), (DETAIL_V6, "0")])
async def test_a_platform_without_detail_has_none(client: httpx.AsyncClient, path: str, code: str | int) -> None:
    address = WALLETS[10].address
    new_way = asked(address, "42161") | {"platformList": [{"analysisPlatformId": "130411", "chainIndex": "42161"}]}
    old_way = {"analysisPlatformId": 130411, "walletAddressList": [{"chainId": 42161, "walletAddress": address}]}
    answer = await post(client, path, old_way if path == DETAIL_V5 else new_way)
    assert (answer.status_code, answer.json()["code"]) == (200, code)
    if path == DETAIL_V6:
        assert answer.json()["data"][0]["walletIdPlatformDetailList"][0]["networkHoldVoList"] == []


async def test_an_unknown_platform_is_not_supported(client: httpx.AsyncClient) -> None:
    wanted = asked() | {"platformList": [{"analysisPlatformId": "999", "chainIndex": "1"}]}
    assert (await post(client, DETAIL_V6, wanted)).json()["code"] == "84001"


async def test_more_requests_than_the_limit_are_answered_50011() -> None:
    with running(SimulatorSettings(port=0, okx_requests_per_second=3)) as url:
        async with http_client(url) as client:
            answers = [await post(client, LIST_V6, asked()) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "50011"
    assert answers[3].headers["retry-after"] == "1"


def test_the_window_slides() -> None:
    now = [0]
    window = SlidingWindow(requests=2, per_ms=1000, monotonic_ns=lambda: now[0])
    seen = []
    for at_ms in (0, 900, 999, 1000, 1001, 1900):
        now[0] = at_ms * 1_000_000
        seen.append(window.admit("key"))
    # The request of 0 leaves the window at 1000, that of 900 at 1900.
    assert seen == [True, True, False, True, False, True]
    assert window.admit("another key")
