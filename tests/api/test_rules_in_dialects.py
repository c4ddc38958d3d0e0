"""A rule leaves an asset out of every answer: what the dialects say agrees with what `/v1` says under the same rule.

The small world without ETH: a pool of 100, debt of 500 USDC, XYZ without a value. Without USDC: 7100, no debt.
"""

import json
from typing import Any

import pytest

from tests.api.conftest import World
from tests.api.okx_signing import signed
from tests.api.world import ETH, USDC, XYZ, A

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def exclude(world: World, asset: str) -> str:
    """The net value that `/v1` states once the rule holds."""
    answer = await world.send("PUT", "/v1/rules", body={"rules": [{"asset": asset}]})
    assert answer.status_code == 200, answer.text
    found = await world.get("/v1/portfolios/family/what-if", rules=answer.json()["number"], key="family")
    net: str = found.json()["actual"]["net"]
    return net


async def custody(world: World) -> dict[str, Any]:
    query = "{ user { portfolio { items { total { value } balances { items { asset { symbol } } } } } } }"
    headers = {"x-api-key": world.keys["family"]}
    answer = await world.client.post("/graphql", json={"query": query}, headers=headers)
    [item] = answer.json()["data"]["user"]["portfolio"]["items"]
    found: dict[str, Any] = item
    return found


async def positions_of_a(world: World, *, key: str) -> dict[str, Any]:
    path = "/api/v6/defi/user/asset/platform/list"
    asked = {"walletAddressList": [{"chainIndex": "1", "walletAddress": A.removeprefix("eip155:1:")}]}
    content = json.dumps(asked).encode()
    headers = signed(world, path, content, method="POST", key=key) | {"Content-Type": "application/json"}
    answer = await world.client.post(path, content=content, headers=headers)
    [wallet] = answer.json()["data"]["walletIdPlatformList"]
    found: dict[str, Any] = wallet
    return found


@pytest.mark.parametrize(("asset", "net"), [(ETH, "-400"), (USDC, "7100")])
async def test_the_custody_total_is_ours_under_a_rule(world: World, asset: str, net: str) -> None:
    assert await exclude(world, asset) == net
    item = await custody(world)
    assert item["total"]["value"] == net
    shown = {one["asset"]["symbol"].partition(".")[0] for one in item["balances"]["items"]}
    assert {ETH: "ETH", USDC: "USDC"}[asset] not in shown


@pytest.mark.parametrize("key", ["family", "acme"])
async def test_the_defi_total_of_a_wallet_is_ours_under_a_rule(world: World, key: str) -> None:
    net = await exclude(world, ETH)
    wallet = await positions_of_a(world, key=key)
    assert (wallet["totalAssets"], net) == ("-400", "-400"), "all that is left of the family lies in DeFi"
    await exclude(world, USDC)
    assert (await positions_of_a(world, key=key))["totalAssets"] == "4100"


async def test_the_token_list_leaves_out_what_a_rule_does(world: World) -> None:
    for asset, left in ((ETH, {XYZ}), (XYZ, {ETH})):
        await exclude(world, asset)
        headers = {"X-Api-Key": world.keys["family"]}
        body = (await world.client.get("/api/v2/user-asset-balances", headers=headers)).json()
        assert {row["token"]["id"] for row in body["data"]} == left
        assert body["meta"]["total"] == len(left)
    assert {row["valueInBaseCurrency"] for row in body["data"]} == {"7000.00"}
