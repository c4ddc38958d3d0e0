"""A check that is judged again: who was told that it is outside is told when that is taken back, and once."""

from holdfast.events import CheckCrossed
from holdfast.warehouse.client import Warehouse
from tests.aggregator.guard_stage import ETH, USDC, Stage, after, held, priced, reports, states


def told(stage: Stage) -> list[tuple[str, bool]]:
    return [(event.verdict, event.latest) for event in stage.heard.of(CheckCrossed)]


async def test_a_report_that_is_read_before_its_statement_is_no_drift_once_that_is_there(warehouse: Warehouse) -> None:
    """600 at 0; 900 were reported of 30, and of that instant 900 are stated a moment later."""
    stage = Stage(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "600")), reports(0, "600"))
    await stage.take(reports(30, "900"))
    assert told(stage) == [("outside", True)]
    for _ in range(2):
        await stage.take(states("okx", 30, held(ETH, "1", "900")))
        assert told(stage) == [("outside", True), ("within", True)]
    [_, back] = stage.heard.of(CheckCrossed)
    assert (back.at, back.ours, back.theirs) == (after(30), 900, 900)


async def test_what_stays_within_is_told_no_more_and_what_leaves_again_is_told_again(warehouse: Warehouse) -> None:
    """600 and 10 units at a price that comes late, four times; they say 900."""
    stage = Stage(warehouse)
    await stage.take(priced(USDC, -60, "1"))
    await stage.take(states("okx", 0, held(ETH, "1", "600"), held(USDC, "10", None)), reports(0, "900"))
    assert told(stage) == [("outside", True)]
    steps = ((-50, "30", ["within"]), (-40, "30.1", []), (-30, "1", ["outside"]), (-20, "30", ["within"]))
    for at, price, more in steps:
        before = told(stage)
        await stage.take(priced(USDC, at, price))
        assert told(stage) == [*before, *((verdict, True) for verdict in more)]


async def test_a_crossing_of_the_past_is_taken_back_as_one_of_the_past(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "600")), reports(30, "900"))
    await stage.take(states("okx", 60, held(ETH, "1", "900")), reports(60, "900"))
    assert told(stage) == [("outside", True), ("within", True)]
    await stage.take(states("okx", 30, held(ETH, "1", "900")))
    assert told(stage) == [("outside", True), ("within", True), ("within", False)]
