"""What a provider reports, takes back and reports again: every answer is what was fetched last, merged or not."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.events import ClustersObserved
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from tests.aggregator.test_reports_told_again import Told, at, merge
from tests.api.conftest import World
from tests.api.okx_signing import signed
from tests.api.world import USDC, WALLET_A, write_point

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


async def test_what_was_known_at_a_time_is_answered_as_the_views_have_it(world: World) -> None:
    """On the day before, of seven o'clock 2 is said, then 0, then 2 again; and once, of eight o'clock, 1."""
    noon, seven, eight = (minutes - 24 * 60 for minutes in (0, EIGHT - 60, EIGHT))
    of_then = [Told(seven, "", says, noon + n, noon + n) for n, says in enumerate((2, 0, 2), 1)]
    await take(world, *of_then, Told(eight, "", 1, noon + 1, noon + 1))
    for n, says in ((0, None), (1, 2), (2, 0), (3, 2)):
        known_at = at(noon + n).isoformat()
        assert await as_known(world, at=at(seven).isoformat(), known_at=known_at) == says, f"{n} minutes past noon"
    assert await as_known(world, at=at(seven - 1).isoformat(), known_at=at(noon + 3).isoformat()) is None
    assert await as_known(world, known_at=at(noon + 3).isoformat()) == 1, "the last one"
    totals = await items(world, "/v1/reported/totals", to=at(seven).isoformat(), known_at=at(noon + 2).isoformat())
    assert [one["total"] for one in totals if one["source"] == WALLET_A] == ["0"], (
        "also where all of a time is asked for"
    )


async def as_known(world: World, **asked: str) -> int | None:
    """What all routes say alike, and the views that they show."""
    totals = await items(world, "/v1/reported/totals", **asked)
    returns = await items(world, "/v1/reported/returns", **asked)
    overviews = await items(world, "/v1/clusters/overviews", token=USDC, **asked)
    clusters = await items(world, "/v1/clusters", token=USDC, **asked)
    assert await in_sql(world, asked) == [
        [one["total"] for one in totals if one["source"] == WALLET_A],
        [one["total_return"] for one in returns if one["source"] == WALLET_A],
        [one["top_100_share"] for one in overviews],
        [str(len(clusters))] if clusters else [],
    ]
    if not totals:
        assert (returns, overviews, clusters) == ([], [], [])
        return None
    said = int(totals[0]["total"])
    assert {one["total_return"] for one in returns} == {one["top_100_share"] for one in overviews} == {str(said)}
    assert len(clusters) == said
    return said


async def in_sql(world: World, asked: dict[str, str]) -> list[list[str]]:
    times = {"at": asked.get("at", asked["known_at"]), "known_at": asked["known_at"]}
    view = "{{}}_as_known(at = '{at}', known_at = '{known_at}')".format(
        **{name: f"{datetime.fromisoformat(text):%F %T}" for name, text in times.items()}
    )
    of = (
        ("reported_totals", f"total AS said FROM {{}} WHERE source = '{WALLET_A}'"),
        ("reported_returns", f"total_return AS said FROM {{}} WHERE source = '{WALLET_A}'"),
        ("cluster_overviews", f"top_100_share AS said FROM {{}} WHERE token = '{USDC}'"),
        ("token_clusters", f"count() AS said FROM {{}} WHERE token = '{USDC}' HAVING said > 0"),
    )
    return [
        [
            f"{row['said']:f}".partition(".")[0]
            for row in await world.resources.warehouse.query("SELECT " + sql.format(view.format(name)))
        ]
        for name, sql in of
    ]


async def test_an_instant_and_a_span_of_time_are_not_asked_for_together(world: World) -> None:
    at_noon = at(0).isoformat()
    answer = await world.get("/v1/reported/totals", at=at_noon, to=at_noon)
    assert (answer.status_code, answer.json()["field"]) == (400, "at")


async def test_every_answer_is_what_was_fetched_last(world: World) -> None:
    await write_point(world.resources.warehouse, "2026-03-01 07:00:00", version=1, lines=1, sources=2)
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
