"""What OKX's clients may ask besides: no platform, several of the older generation, chains that OKX does not number."""

import json
from typing import Any

import httpx
import pytest

from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from tests.api.cluster_world import MINNOWS, TEN, USDC, statement
from tests.api.conftest import World
from tests.api.okx_signing import signed
from tests.api.world import A

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = {version: f"/api/{version}/defi/user/asset/platform/list" for version in ("v5", "v6")}
DETAIL = {version: f"/api/{version}/defi/user/asset/platform/detail" for version in ("v5", "v6")}
CHAINS = "/api/v6/dex/market/token/cluster/supported/chain"
WALLETS = {"walletAddressList": [{"chainIndex": "1", "walletAddress": A.removeprefix("eip155:1:")}]}


async def ask(world: World, path: str, body: Any) -> httpx.Response:
    content = json.dumps(body).encode()
    headers = signed(world, path, content, method="POST") | {"Content-Type": "application/json"}
    return await world.client.post(path, content=content, headers=headers)


async def platforms(world: World) -> list[dict[str, Any]]:
    [wallet] = (await ask(world, LIST["v6"], WALLETS)).json()["data"]["walletIdPlatformList"]
    listed: list[dict[str, Any]] = wallet["platformList"]
    return listed


def refs(*ids: str) -> dict[str, Any]:
    return WALLETS | {"platformList": [{"analysisPlatformId": one, "chainIndex": "1"} for one in ids]}


@pytest.mark.parametrize("version", ["v5", "v6"])
async def test_a_detail_of_no_platform_lacks_a_parameter(world: World, version: str) -> None:
    answer = await ask(world, DETAIL[version], refs())
    assert (answer.status_code, str(answer.json()["code"])) == (400, "50014")
    assert "platformList" in answer.json()["msg"]


async def test_the_older_generation_has_room_for_one_platform_and_shows_none_instead_of_one(world: World) -> None:
    ids = [one["analysisPlatformId"] for one in await platforms(world)]
    assert len(ids) == 2
    answer = await ask(world, DETAIL["v5"], refs(*ids))
    assert (answer.status_code, answer.json()["code"]) == (400, 84000)
    both = await ask(world, DETAIL["v6"], refs(*ids))
    assert [one["analysisPlatformId"] for one in both.json()["data"]] == ids
    twice = await ask(world, DETAIL["v5"], refs(ids[0], ids[0]))
    assert str(twice.json()["data"]["analysisPlatformId"]) == ids[0]


async def test_networks_have_the_names_that_discovery_tells(world: World) -> None:
    [aave, _] = await platforms(world)
    assert [one["network"] for one in aave["networkBalanceList"]] == ["Ethereum"]
    [detail] = (await ask(world, DETAIL["v6"], refs(aave["analysisPlatformId"]))).json()["data"]
    [hold] = detail["walletIdPlatformDetailList"][0]["networkHoldVoList"]
    tokens = [token for held in hold["investTokenBalanceVoList"] for token in held["assetsTokenList"]]
    assert {hold["network"], *(token["network"] for token in tokens)} == {"Ethereum"}


async def test_a_chain_that_okx_does_not_number_keeps_no_other_from_being_told(world: World) -> None:
    events = [statement("acme", token, TEN, MINNOWS) for token in (USDC, "cosmos:cosmoshub-4/slip44:118")]
    arrivals = [Arrival(event=event, sequence=n, recorded_at=event.fetched_at) for n, event in enumerate(events, 1)]
    await commit(world.resources.warehouse, prepare(arrivals), ranking=())
    answer = await world.client.get(CHAINS, headers=signed(world, CHAINS))
    assert answer.status_code == 200, answer.text
    assert [one["chainIndex"] for one in answer.json()["data"]] == ["1"]


@pytest.mark.parametrize("as_of", ["1772362800", "0", "99999999999"])
async def test_an_instant_in_seconds_is_not_taken_for_one_of_1970(world: World, as_of: str) -> None:
    """Of which the answer would be that nothing was known."""
    target = f"/api/v6/dex/market/token/cluster/list?chainIndex=1&tokenContractAddress={USDC.rpartition(':')[2]}"
    answers = [
        await world.client.get(asked, headers=signed(world, asked))
        for asked in (f"{target}&asOf={as_of}", f"{target}&asOf=1772362800000")
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(400, "51000"), (200, "0")]
