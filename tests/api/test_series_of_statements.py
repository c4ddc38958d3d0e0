"""Series that stored hours do not say: five minutes, zones, prices that move. And that both ways agree where both can.

`bees`, its one wallet, in 2026: on January 5 at 06:03 ten XYZ worth 2 each, at 06:17 twelve, and on January 6 at 20:00
nothing more. The feed has XYZ at 3 from January 5, 12:00 on, and at 4 from January 6, 06:00 on.
"""

from typing import Any

import pytest
import pytest_asyncio

from tests.api.conftest import World
from tests.api.world import WALLET_B, XYZ, at, insert, line, write_membership, write_point, write_snapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONDAY, TUESDAY = "2026-01-05", "2026-01-06"


async def series(world: World, first: str, last: str, portfolio: str = "bees", **params: Any) -> list[dict[str, Any]]:
    answer = await world.get(f"/v1/portfolios/{portfolio}/series", **{"from": first, "to": last}, **params)
    assert answer.status_code == 200, answer.text
    points: list[dict[str, Any]] = answer.json()["points"]
    return points


def shown(points: list[dict[str, Any]]) -> list[tuple[str, str | None, str]]:
    return [(point["bucket"][5:16], point["net"], point["fill"]) for point in points]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def what_was_stated(world: World) -> None:
    warehouse = world.resources.warehouse
    await write_membership(warehouse, "bees", [WALLET_B], revision=9)
    held = {"price_usd": "2", "price_source": "stated"}
    for when, amount, value in ((at("06:03", MONDAY), "10", "20"), (at("06:17", MONDAY), "12", "24")):
        await write_snapshot(
            warehouse, WALLET_B, when,
            [line(XYZ, kind="wallet", amount=amount, value=value) | held,
             line(None, kind="other", amount=None, value="5", reason="value_only")],
        )  # fmt: skip
    await write_snapshot(warehouse, WALLET_B, at("20:00", TUESDAY), [])
    prices = [(at("12:00", MONDAY), "3"), (at("06:00", TUESDAY), "4")]
    await insert(
        warehouse,
        "prices",
        [
            {"asset": XYZ, "quote": "iso4217:USD", "at": when, "source": "feed", "price": price, "event_id": price * 32,
             "fetched_at": when, "recorded_at": when}
            for when, price in prices
        ],
    )  # fmt: skip
    for bucket, value in ((f"{MONDAY} 06:00:00", "29"), (f"{TUESDAY} 20:00:00", "0")):
        observed = {"oldest_input": f"{bucket[:14]}17:00.000" if value == "29" else f"{bucket}.000"}
        await write_point(
            warehouse, bucket, portfolio="bees", version=1, assets=value, net=value, sources=1, sources_observed=1,
            lines=2 if value == "29" else 0, as_of=observed["oldest_input"], **observed,
            reasons={"value_only": 1} if value == "29" else {},
        )  # fmt: skip


async def test_a_stored_hour_says_what_had_turned_stale_by_its_end(world: World) -> None:
    """The wallet is fetched every ten minutes: half an hour after it last spoke it is stale, with all its lines."""
    warehouse, day = world.resources.warehouse, "2026-01-08"
    old = line(XYZ, kind="wallet", amount="1", value=None, reason="stale")
    for when, lines in (
        (at("06:45", day), [old, line(XYZ, kind="wallet", amount="1", value="2")]),
        (at("09:00", day), []),
    ):
        await write_snapshot(warehouse, WALLET_B, when, lines)
        await write_point(
            warehouse, f"{when[:13]}:00:00", portfolio="bees", version=1, sources=1, sources_observed=1, as_of=when,
            oldest_input=when, lines=len(lines), lines_unpriced=len(lines) // 2, reasons={"stale": 1} if lines else {},
            assets="2" if lines else "0", net="2" if lines else "0",
        )  # fmt: skip
    asked = f"{day}T06:00:00Z", f"{day}T09:00:00Z"
    stored = await series(world, *asked)
    assert [(one["quality"]["lines_stale"], one["quality"]["sources_stale"]) for one in stored] == [
        (1, 0), (2, 1), (2, 1), (0, 1),
    ]  # fmt: skip
    worked_out = await series(world, *asked, known_at="2100-01-01T00:00:00Z")
    for name in ("lines_stale", "sources_stale", "lines_unpriced", "reasons"):
        assert [one["quality"][name] for one in stored] == [one["quality"][name] for one in worked_out]


async def test_where_some_sources_had_turned_stale_a_stored_hour_says_nothing_of_it(world: World) -> None:
    """At 12:30 one had last spoken at 12:05, the others at 11:10 and 09:00."""
    [stored] = await series(world, "2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z", "family")
    assert (stored["quality"]["lines_stale"], stored["quality"]["sources_stale"]) == (None, None)
    [exact] = await series(world, "2026-03-01T12:30:00Z", "2026-03-01T12:30:00Z", "family", interval="5m")
    assert (exact["quality"]["lines_stale"], exact["quality"]["sources_stale"]) == (4, 2)


async def test_five_minutes_see_what_happens_within_an_hour(world: World) -> None:
    points = await series(world, f"{MONDAY}T05:55:00Z", f"{MONDAY}T06:20:00Z", interval="5m")
    assert shown(points) == [
        ("01-05T05:55", None, "missing"),
        ("01-05T06:00", "25", "observed"),
        ("01-05T06:05", "25", "carried"),
        ("01-05T06:10", "25", "carried"),
        ("01-05T06:15", "29", "observed"),
        ("01-05T06:20", "29", "carried"),
    ]
    quality = points[1]["quality"]
    assert (quality["share_observed"], quality["share_carried"], quality["lines_priced"]) == ("1", "0", 2)
    assert points[0]["quality"]["sources_missing"] == 1


async def test_hours_from_statements_are_the_stored_hours(world: World) -> None:
    """As known at the end of time, everything is known: worked out anew it is what was stored."""
    first, last = f"{MONDAY}T04:00:00Z", f"{TUESDAY}T20:59:00Z"
    for interval in ("hour", "day", "week", "30d"):
        stored = await series(world, first, last, interval=interval)
        anew = await series(world, first, last, interval=interval, known_at="2199-01-01T00:00:00Z")
        told = ("bucket", "valued_at", "assets", "debt", "net", "fill", "complete")
        assert [[p[name] for name in told] for p in stored] == [[p[name] for name in told] for p in anew], interval
        for one, other in zip(stored, anew, strict=True):
            for name in ("lines_priced", "lines_unpriced", "sources", "sources_missing", "oldest_input", "reasons"):
                assert one["quality"][name] == other["quality"][name], (interval, one["bucket"], name)


async def test_marked_to_market_amounts_are_carried_and_prices_move(world: World) -> None:
    marked = await series(world, f"{MONDAY}T11:00:00Z", f"{TUESDAY}T20:00:00Z", mark="true")
    by_hour = {point["bucket"][5:13]: point for point in marked}
    assert by_hour["01-05T11"]["net"] == "29"  # 12 at the 2 that was stated with them, and 5 that cannot move
    assert by_hour["01-05T12"]["net"] == "41"  # 12 at 3, from 12:00 on
    assert by_hour["01-06T05"]["net"] == "41"
    assert by_hour["01-06T06"]["net"] == "53"  # 12 at 4
    assert (by_hour["01-06T20"]["net"], by_hour["01-06T20"]["fill"]) == ("0", "observed")
    assert all(point["fill"] == "carried" for hour, point in by_hour.items() if hour != "01-06T20")


async def test_a_mark_without_a_price_of_the_last_day_is_unpriced(world: World) -> None:
    """Before the feed's first price the statement's own serves for 24 hours; here there is none but the stated one."""
    warehouse = world.resources.warehouse
    other = XYZ.replace("e", "f")
    found = line(other, kind="wallet", amount="1", value="7") | {"price_usd": "7"}
    await write_snapshot(warehouse, WALLET_B, at("00:00", "2026-01-10"), [found])
    points = await series(world, "2026-01-10T00:00:00Z", "2026-01-11T01:00:00Z", mark="true")
    assert [point["net"] for point in points[:24]] == ["7"] * 24
    assert (points[-1]["net"], points[-1]["quality"]["lines_unpriced"]) == ("0", 1)
    assert points[-1]["quality"]["reasons"] == {"no_price": 1}


async def test_a_price_of_the_feed_serves_24_hours_from_when_it_was_quoted(world: World) -> None:
    """Not from when a statement was valued by it."""
    other, (first, last) = XYZ.replace("e", "d"), ("2026-01-14", "2026-01-15")
    found = line(other, kind="wallet", amount="1", value="7") | {"price_usd": "7", "price_source": "feed"}
    found |= {"priced_by": other, "price_at": at("00:00", first)}
    await write_snapshot(world.resources.warehouse, WALLET_B, at("12:00", first), [found])
    points = await series(world, f"{first}T12:00:00Z", f"{last}T00:00:00Z", mark="true")
    assert [point["net"] for point in points] == ["7"] * 12 + ["0"]
    assert points[-1]["quality"]["lines_unpriced"] == 1


@pytest.mark.parametrize(
    ("tz", "first_of_march_30", "hours"),
    [("Europe/Berlin", "2025-03-29T23:00:00Z", 23), ("UTC", "2025-03-30T00:00:00Z", 24)],
)
async def test_days_of_a_zone_have_23_hours_when_the_clocks_go_forward(
    world: World, tz: str, first_of_march_30: str, hours: int
) -> None:
    points = await series(world, "2025-03-29T12:00:00Z", "2025-03-31T12:00:00Z", interval="day", tz=tz)
    [day] = [point for point in points if point["bucket"] == first_of_march_30]
    assert (int(day["valued_at"][11:13]) - int(day["bucket"][11:13])) % 24 == hours % 24
    assert [a["valued_at"] for a in points[:-1]] == [b["bucket"] for b in points[1:]]


async def test_days_that_begin_within_an_hour_are_read_from_statements(world: World) -> None:
    points = await series(world, f"{MONDAY}T00:00:00Z", f"{TUESDAY}T19:00:00Z", interval="day", tz="Asia/Kolkata")
    assert shown(points) == [
        ("01-04T18:30", "29", "observed"),
        ("01-05T18:30", "29", "carried"),
        ("01-06T18:30", "0", "observed"),
    ]


async def test_a_leap_day_is_a_day(world: World) -> None:
    points = await series(world, "2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z", interval="day")
    assert [point["bucket"][:10] for point in points] == ["2024-02-28", "2024-02-29", "2024-03-01"]


async def test_weeks_begin_on_mondays_and_months_are_30_days(world: World) -> None:
    [week] = await series(world, f"{TUESDAY}T00:00:00Z", f"{TUESDAY}T00:00:00Z", interval="week")
    assert (week["bucket"][:10], week["valued_at"][:10], week["net"]) == ("2026-01-05", "2026-01-12", "0")
    month = await series(world, "2026-01-01T00:00:00Z", "2026-02-15T00:00:00Z", interval="30d")
    assert [a["valued_at"] for a in month[:-1]] == [b["bucket"] for b in month[1:]]


async def test_pages_of_five_minutes_are_the_whole_of_it(world: World) -> None:
    ranged = {"from": f"{MONDAY}T05:00:00Z", "to": f"{MONDAY}T07:00:00Z", "interval": "5m"}
    whole = (await world.get("/v1/portfolios/bees/series", **ranged)).json()["points"]
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = (await world.get("/v1/portfolios/bees/series", limit=7, **ranged, **cursor)).json()
        paged += body["points"]
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert paged == whole
    assert len(whole) == 25


async def test_the_newest_five_minutes_are_the_total(world: World) -> None:
    total = (await world.get("/v1/portfolios/family/total")).json()
    last = (await series(world, "2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z", "family", interval="5m"))[-1]
    assert [last[name] for name in ("assets", "debt", "net")] == [total[name] for name in ("assets", "debt", "net")]
    assert (last["quality"]["lines_excluded"], last["quality"]["reasons"]) == (1, total["quality"]["reasons"])


@pytest.mark.parametrize(
    ("params", "field"),
    [({"interval": "minute"}, "interval"), ({"tz": "Europe/Atlantis"}, "tz"), ({"tz": "../etc/passwd"}, "tz")],
)
async def test_a_wrong_grid_is_refused_by_name(world: World, params: dict[str, str], field: str) -> None:
    answer = await world.get("/v1/portfolios/bees/series", **params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
