"""The hourly series of the hand-written points: 09:00 nothing known, 10:00 17 500 …, and what lies between."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import World
from tests.api.world import write_point

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def series(world: World, portfolio: str = "family", **params: Any) -> dict[str, Any]:
    answer = await world.get(f"/v1/portfolios/{portfolio}/series", **params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def hours(body: dict[str, Any]) -> list[tuple[str, str | None, str, bool]]:
    return [(p["bucket"][11:13], p["net"], p["fill"], p["complete"]) for p in body["points"]]


async def test_each_hour_is_observed_carried_or_missing(world: World) -> None:
    body = await series(world, **{"from": "2026-03-01T07:15:00Z", "to": "2026-03-01T12:59:00Z"})
    assert hours(body) == [
        ("07", None, "missing", False),
        ("08", None, "missing", False),
        ("09", "0", "missing", False),
        ("10", "18000", "missing", False),
        ("11", "3600", "missing", False),  # of the two rows of this hour the greater version
        ("12", "6600", "carried", True),
    ]
    assert (body["start"], body["end"]) == ("2026-03-01T07:00:00Z", "2026-03-01T12:00:00Z")
    assert body["points"][5]["valued_at"] == "2026-03-01T13:00:00Z"


async def test_the_last_point_is_the_latest_total(world: World) -> None:
    last = (await series(world))["points"][-1]
    total = (await world.get("/v1/portfolios/family/total")).json()
    assert {name: last[name] for name in ("assets", "debt", "net")} == {
        name: total[name] for name in ("assets", "debt", "net")
    }


async def test_without_a_range_it_is_the_last_24_hours_up_to_now(world: World) -> None:
    body = await series(world)
    assert (body["start"], body["end"], len(body["points"])) == ("2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z", 25)


async def test_a_future_end_is_now(world: World) -> None:
    assert (await series(world, to="2031-01-01T00:00:00Z"))["end"] == "2026-03-01T12:00:00Z"


async def test_an_hour_without_change_is_carried_and_an_exit_is_an_explicit_zero(world: World) -> None:
    """bees: 250 at 03:00, everything gone at 05:00 (a row without sources and without missing ones)."""
    await write_point(
        world.resources.warehouse, "2026-02-27 03:00:00", portfolio="bees", version=1, assets="250", net="250",
        lines=1, sources=1, sources_observed=1,
    )  # fmt: skip
    await write_point(world.resources.warehouse, "2026-02-27 05:00:00", portfolio="bees", version=2)
    body = await series(world, "bees", **{"from": "2026-02-27T02:00:00Z", "to": "2026-02-27T06:00:00Z"})
    assert hours(body) == [
        ("02", None, "missing", False),
        ("03", "250", "observed", True),
        ("04", "250", "carried", True),
        ("05", "0", "observed", True),
        ("06", "0", "carried", True),
    ]


async def test_what_was_stored_long_before_the_first_hour_is_carried_into_it(world: World) -> None:
    """both: 250 on 2 January 2025, and nothing since."""
    await write_point(
        world.resources.warehouse, "2025-01-02 03:00:00", portfolio="both", version=1, assets="250", net="250",
        lines=1, sources=1, sources_observed=1,
    )  # fmt: skip
    body = await series(world, "both", **{"from": "2026-02-27T02:00:00Z", "to": "2026-02-27T03:00:00Z"})
    assert hours(body) == [("02", "250", "carried", True), ("03", "250", "carried", True)]


async def test_pages_of_a_long_series_are_the_whole_of_it(world: World) -> None:
    start = datetime.fromisoformat("2025-11-01T00:00:00Z")
    ranged = {"from": start.isoformat(), "to": "2026-03-01T12:00:00Z"}
    buckets, cursor = [], None
    while True:
        body = await series(world, limit=1000, **ranged, **({"cursor": cursor} if cursor else {}))
        buckets += [datetime.fromisoformat(point["bucket"]) for point in body["points"]]
        if (cursor := body["next_cursor"]) is None:
            break
    assert buckets == [start + timedelta(hours=number) for number in range(120 * 24 + 13)]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T11:00:00Z"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-03-01T12:00:00"}, "from"),
        ({"from": "1772366400"}, "from"),
        ({"to": "2026-13-01T00:00:00Z"}, "to"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1000000"}, "limit"),
        ({"limit": "many"}, "limit"),
    ],
)
async def test_a_wrong_range_is_refused_by_the_parameter_that_is_wrong(
    world: World, params: dict[str, str], field: str
) -> None:
    answer = await world.get("/v1/portfolios/family/series", **params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert set(answer.json()) == {"code", "field", "message", "fix"}
