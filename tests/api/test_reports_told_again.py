"""What a provider reports, takes back and reports again: every answer is what was fetched last, merged or not."""

from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.events import ClustersObserved
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from tests.aggregator.test_reports_told_again import Told, merge
from tests.api.conftest import World
from tests.api.okx_signing import signed
from tests.api.world import USDC, WALLET_A

pytestmark = pytest.mark.asyncio(loop_scope="module")

EIGHT = -240
"""In minutes from noon."""
AN_HOUR = {"interval": "hour", "from": "2026-03-01T07:00:00Z", "to": "2026-03-01T08:30:00Z"}
OF_USDC = f"chainIndex=1&tokenContractAddress={USDC.rpartition(':')[2]}"


def of_the_world(arrival: Arrival) -> Arrival:
    """By a source that counts, and of a token that has an address."""
    event = arrival.event
    whose = {"token": USDC} if isinstance(event, ClustersObserved) else {"provider": "evm"}
    return Arrival(event=replace(event, **whose), sequence=1, recorded_at=arrival.recorded_at)


async def take(world: World, *told: Told) -> None:
    arrivals = [of_the_world(arrival) for one in told for arrival in one.to_arrivals("acme")]
    await commit(world.resources.warehouse, prepare(arrivals), ranking=())


async def answers(world: World) -> dict[str, Any]:
    totals = await items(world, "/v1/reported/totals")
    of_then = await items(world, "/v1/reported/totals", **{"from": "2026-03-01T00:00:00Z"})
    returns = await items(world, "/v1/reported/returns")
    overviews = await items(world, "/v1/clusters/overviews", token=USDC)
    family = {"X-Api-Key": world.keys["family"]}
    ranges = await world.client.get("/api/v2/system/stats/portfolio-stat-ranges", params=AN_HOUR, headers=family)
    return {
        "totals": [one["total"] for one in totals if one["source"] == WALLET_A],
        "totals of then": [one["total"] for one in of_then if one["source"] == WALLET_A],
        "returns": {one["total_return"] for one in returns if one["source"] == WALLET_A},
        "assets with returns": len([one for one in returns if one["source"] == WALLET_A and one["asset"]]),
        "clusters": len(await items(world, "/v1/clusters", token=USDC)),
        "overview": [one["top_100_share"] for one in overviews],
        "okx": len((await okx(world, "list"))[0]["clustList"]),
        "okx overview": (await okx(world, "overview"))["top100HoldingsPercent"],
        "reliable": ranges.json()["data"]["conversionReliable"],
    }


async def items(world: World, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await world.get(path, **params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def okx(world: World, what: str) -> Any:
    target = f"/api/v6/dex/market/token/cluster/{what}?{OF_USDC}"
    answer = await world.client.get(target, headers=signed(world, target, key="acme"))
    return answer.json()["data"]


def all_say(number: int) -> dict[str, Any]:
    """A total of 2 is one for which a rate was lacking."""
    return {
        "totals": [str(number)],
        "totals of then": [str(number)],
        "returns": {str(number)},
        "assets with returns": number,
        "clusters": number,
        "overview": [str(number)],
        "okx": number,
        "okx overview": str(100 * number),
        "reliable": number != 2,
    }


async def test_every_answer_is_what_was_fetched_last(world: World) -> None:
    first, between, again = (Told(EIGHT, "", says, n, n) for n, says in enumerate((1, 2, 1), 1))
    await take(world, first)
    assert await answers(world) == all_say(1)
    await take(world, between)
    assert await answers(world) == all_say(2), "it is taken back"
    await take(world, again)
    assert await answers(world) == all_say(1), "it is said again"
    await take(world, first)
    await take(world, first._replace(recorded=9), between._replace(recorded=9))
    assert await answers(world) == all_say(1), "what is old comes once more"
    await merge(world.resources.warehouse)
    assert await answers(world) == all_say(1), "and is merged"
    await take(world, between._replace(fetched=4, recorded=10))
    await merge(world.resources.warehouse)
    assert await answers(world) == all_say(2)
