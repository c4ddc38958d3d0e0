"""Before anybody has said anything nothing is known, in HTTP and in SQL: an answer of 0 would be wrong."""

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from services.aggregator.closing.days import DueDay
from services.aggregator.closing.working_out import work_out
from services.aggregator.projection import Projector
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import day, example, observed, take_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

C, SAID_NOTHING, HOLDS_NOTHING = ("eip155:1:0x" + digit * 40 for digit in "123")
MEMBERS = {"worked": [C], "unseen": [SAID_NOTHING], "both": [C, SAID_NOTHING], "empty": [], "broke": [HOLDS_NOTHING]}
END = day(3).isoformat()
GONE = Member(account=SAID_NOTHING, valid_from=day(1), valid_to=day(2))
SILENT = {
    "joins later": (Member(account=SAID_NOTHING, valid_from=day(3.5)), 0),
    "joins at the end": (Member(account=SAID_NOTHING, valid_from=day(3)), 1),
    "has left": (GONE, 0),
    "leaves at the end": (Member(account=SAID_NOTHING, valid_to=day(3)), 0),
    "leaves later": (Member(account=SAID_NOTHING, valid_to=day(3.5)), 1),
}
"""Beside the worked example a member that never said anything, and how many a total misses at the end."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def example_world(world: World) -> World:
    store, warehouse = world.resources.store, world.resources.warehouse
    for account in (C, SAID_NOTHING, HOLDS_NOTHING):
        await store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    for portfolio, accounts in MEMBERS.items():
        await store.put_portfolio("acme", portfolio, members=[Member(account=one) for one in accounts])
    for portfolio, (member, _) in SILENT.items():
        await store.put_portfolio("acme", portfolio.replace(" ", "-"), members=[Member(account=C), member])
    await store.put_portfolio("acme", "gone", members=[GONE])
    await world.resources.watcher.wait_until(store.revision)
    projector = Projector(warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    await projector.reconcile(world.resources.registry)
    told = [*example(C), observed(HOLDS_NOTHING, day(1), {})]
    await take_in(warehouse, told, recorded_at=world.clock.now())
    return world


async def ask(world: World, portfolio: str, what: str, **params: Any) -> Any:
    until = {} if "at" in params else {"to": END}
    answer = await world.get(f"/v1/portfolios/{portfolio}/{what}", **until | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


UNOBSERVED = [
    ("worked", {"from": day(-9).isoformat(), "to": day(-5).isoformat()}),
    ("worked", {"to": day(-5).isoformat()}),
    ("worked", {"known_at": day(1).isoformat(), "to": day(1).isoformat()}),
    ("unseen", {}),
    ("empty", {}),
    ("gone", {}),
    ("gone", {"from": day(2.5).isoformat()}),
]


@pytest.mark.parametrize(("portfolio", "asked"), UNOBSERVED)
async def test_no_method_answers_where_nothing_was_observed(
    example_world: World, portfolio: str, asked: dict[str, str]
) -> None:
    answer = await ask(example_world, portfolio, "returns", **asked)
    [whole] = answer["items"]
    assert len(whole["returns"]) == 8
    for one in whole["returns"]:
        assert (one["available"], one["reason"]) == (False, "not_observed")
        assert one["gain"] is one["rate"] is one["closing"] is None
        assert "no source had said anything by" in one["detail"]
    assert not answer["quality"]["complete"]


@pytest.mark.parametrize(("portfolio", "asked"), UNOBSERVED)
async def test_nothing_is_attributed_where_nothing_was_observed(
    example_world: World, portfolio: str, asked: dict[str, str]
) -> None:
    answer = await ask(example_world, portfolio, "attribution", **asked)
    assert (answer["total"], answer["complete"], answer["items"]) == (None, False, [])


async def test_an_attribution_is_not_complete_while_a_source_has_said_nothing(example_world: World) -> None:
    alone, beside = [await ask(example_world, one, "attribution") for one in ("worked", "both")]
    assert alone["total"] == beside["total"]
    assert (alone["complete"], beside["complete"]) == (True, False)
    assert beside["quality"]["sources_missing"] == 1


@pytest.mark.parametrize("silent", SILENT)
async def test_who_does_not_belong_at_the_end_is_missed_by_no_answer(silent: str, example_world: World) -> None:
    """As in the total of then: who joins later, or left without a word, is not waited for."""
    missing, portfolio = SILENT[silent][1], silent.replace(" ", "-")
    total = (await ask(example_world, portfolio, "total", at=END))["quality"]
    assert (total["sources_missing"], total["complete"]) == (missing, not missing)
    for what in ("returns", "attribution", "flows"):
        answer = await ask(example_world, portfolio, what)
        found = answer["quality"]
        assert (found["sources"], found["sources_missing"], found["complete"]) == (1, missing, not missing), what
        assert answer.get("complete", not missing) == (not missing)
    due = DueDay("acme", portfolio, day(2).date(), 1, (), datetime(1970, 1, 1, tzinfo=UTC))
    rows = await work_out(example_world.resources.warehouse, due, began=example_world.clock.now(), ranking=())
    assert [(row.sources, row.sources_missing) for row in rows] == [(1, missing)] * 2


async def test_who_said_that_nothing_is_held_has_gained_nothing(example_world: World) -> None:
    [whole] = (await ask(example_world, "broke", "returns"))["items"]
    simple = next(one for one in whole["returns"] if one["method"] == "simple")
    assert (simple["available"], simple["gain"]) == (True, "0")
    answer = await ask(example_world, "broke", "attribution")
    assert (answer["complete"], answer["total"]["end"]) == (True, "0")


@pytest.mark.parametrize("portfolio", ["worked", "unseen", "empty"])
async def test_a_closed_day_of_which_nothing_is_known_says_the_same(example_world: World, portfolio: str) -> None:
    warehouse = example_world.resources.warehouse
    due = DueDay("acme", portfolio, day(-9).date(), 1, (), datetime(1970, 1, 1, tzinfo=UTC))
    for row in await work_out(warehouse, due, began=example_world.clock.now(), ranking=()):
        assert {one.reason for one in row.returns} == {"not_observed"}
        assert all(one.gain is None and one.rate is None for one in row.returns)
        assert row.sources == 0


@pytest.mark.parametrize(("at", "net"), [(0.5, None), (1.5, None), (2, "0"), (2.5, "0")])
async def test_who_left_without_a_word_is_worth_nothing_from_then_on(
    at: float, net: str | None, example_world: World
) -> None:
    """A portfolio that nobody belongs to any more is worth 0 by definition; what it had returned stays unknown."""
    hour = {"from": day(at).isoformat(), "to": day(at).isoformat(), "currency": "USD"}
    asked = {"at": day(at).isoformat()}
    known = {"known_at": datetime.now(UTC).isoformat()}
    found = {
        "total": await ask(example_world, "gone", "total", **asked),
        "as known": await ask(example_world, "gone", "total", **asked, **known),
        "stored": (await ask(example_world, "gone", "series", **hour))["points"][0],
        "five minutes": (await ask(example_world, "gone", "series", interval="5m", **hour))["points"][0],
        "marked": (await ask(example_world, "gone", "series", mark="true", **hour))["points"][0],
    }
    assert {name: one["net"] for name, one in found.items()} == dict.fromkeys(found, net)
    assert {one["quality"]["sources_missing"] for one in found.values()} == {1 if at == 1.5 else 0}


async def test_the_newest_of_who_left_without_a_word_is_nothing_everywhere(example_world: World) -> None:
    [row] = await example_world.resources.warehouse.query("SELECT net FROM portfolio_value WHERE portfolio = 'gone'")
    newest = (await example_world.get("/v1/portfolios/gone/total")).json()
    points = (await example_world.get("/v1/portfolios/gone/series")).json()["points"]
    assert (row["net"], newest["net"], points[-1]["net"]) == (0, "0", "0")
