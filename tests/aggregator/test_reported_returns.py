"""A provider's own returns against ours, on the real engine: every figure is worked out beside its case."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.balances import Balance
from holdfast.domain.reported import ReportedReturn
from holdfast.events import ReturnCrossed, ReturnsReported
from holdfast.events.event import Event
from holdfast.warehouse.client import Warehouse
from tests.aggregator.guard_stage import ETH, USDC, WALLET, Stage, after, held, priced, states

CHECKS = (
    "SELECT at, since, verdict, reason, ours, theirs, stated, difference, ratio, asset, asset_difference,"
    " lines_unpriced FROM cross_check_history WHERE kind = 'reported_return' ORDER BY at"
)


def returns(minutes: int, quote: str = "iso4217:USD", **gains: str | None) -> ReturnsReported:
    """`ETH=` and `USDC=` are what each has returned since the account's beginning."""
    at, named = after(minutes), {"ETH": ETH, "USDC": USDC}
    identity = f"{abs(hash((minutes, quote, tuple(gains.items())))):032x}"[:32]
    stated = {named[name]: None if gain is None else Decimal(gain) for name, gain in gains.items()}
    known = [gain for gain in stated.values() if gain is not None]
    return ReturnsReported(
        id=identity, tenant="acme", provider="credmark", account=WALLET, scope="wallet", observed_at=at, fetched_at=at,
        job_id="0" * 32, quote=quote, total_return=sum(known, Decimal(0)), items=tuple(
            ReportedReturn(asset=asset, amount=None, value=None, total_return=gain) for asset, gain in stated.items()
        ),
    )  # fmt: skip


def wallet(minutes: int, *balances: Balance) -> Event:
    return states("credmark", minutes, *balances)


@pytest.fixture
def stage(warehouse: Warehouse) -> Stage:
    return Stage(warehouse)


async def newest(stage: Stage) -> dict[str, Any]:
    return (await stage.rows(CHECKS))[-1]


async def test_the_first_report_has_nothing_to_be_held_against(stage: Stage) -> None:
    """They count 5000 from the account's beginning; we have seen it for the first time."""
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, ETH="5000"))
    [row] = await stage.rows(CHECKS)
    assert (row["verdict"], row["reason"], row["ours"], row["theirs"]) == ("unknown", "history_incomplete", None, None)
    assert (row["since"], row["stated"]) == (None, 5000)
    assert stage.heard.of(ReturnCrossed) == []


async def test_what_a_return_grew_by_is_held_against_ours_of_the_same_time(stage: Stage) -> None:
    """ETH 1 at 2000, then 1.5 at 2200: 3300 − 2000 − 0.5 · 2200 = 200. They say 5000, then 5200."""
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, ETH="5000"))
    await stage.take(wallet(60, held(ETH, "1.5", "3300")), returns(60, ETH="5200"))
    row = await newest(stage)
    assert (row["verdict"], row["ours"], row["theirs"], row["stated"]) == ("within", 200, 200, 5200)
    assert (row["since"], row["at"], row["asset"]) == (after(0), after(60), "")


async def test_a_return_that_grew_otherwise_is_told_once_with_its_asset(stage: Stage) -> None:
    """Ours 200 in ETH and 0 in USDC, theirs 260 and 0; at work are 2000 + 1100 + 100, of which 60 is 1.875 %."""
    before = wallet(0, held(ETH, "1", "2000"), held(USDC, "100", "100")), returns(0, ETH="5000", USDC="0")
    now = wallet(60, held(ETH, "1.5", "3300"), held(USDC, "100", "100")), returns(60, ETH="5260", USDC="0")
    for _ in range(2):
        await stage.take(*before)
        await stage.take(*now)
    row = await newest(stage)
    assert (row["verdict"], row["ours"], row["theirs"], row["difference"]) == ("outside", 200, 260, -60)
    assert (row["ratio"], row["asset"], row["asset_difference"]) == (Decimal("0.01875"), ETH, -60)
    [told] = stage.heard.of(ReturnCrossed)
    assert (told.verdict, told.at, told.since, told.latest) == ("outside", after(60), after(0), True)
    assert (told.ours, told.theirs, told.asset, told.asset_difference) == (200, 260, ETH, -60)


async def test_a_small_gain_may_differ_by_a_share_of_what_was_at_work(stage: Stage) -> None:
    """10 against 20 is twice as much, and half a percent of 2000."""
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, ETH="0"))
    await stage.take(wallet(60, held(ETH, "1", "2010")), returns(60, ETH="20"))
    row = await newest(stage)
    assert (row["verdict"], row["ratio"]) == ("within", Decimal("0.005"))


async def test_the_tolerance_is_a_setting(warehouse: Warehouse) -> None:
    stage = Stage(warehouse, return_tolerance=Decimal("0.001"))
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, ETH="0"))
    await stage.take(wallet(60, held(ETH, "1", "2010")), returns(60, ETH="20"))
    assert (await newest(stage))["verdict"] == "outside"


async def test_an_asset_that_one_side_does_not_know_is_in_neither_sum(stage: Stage) -> None:
    """USDC has no value with us, and what they say of it, 700, proves nothing; ETH gained 100 with both."""
    await stage.take(wallet(0, held(ETH, "1", "2000"), held(USDC, "9", None)), returns(0, ETH="0", USDC="0"))
    await stage.take(wallet(60, held(ETH, "1", "2100"), held(USDC, "9", None)), returns(60, ETH="100", USDC="700"))
    row = await newest(stage)
    assert (row["verdict"], row["ours"], row["theirs"], row["lines_unpriced"]) == ("within", 100, 100, 1)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ((wallet(0, held(ETH, "1", None)), returns(0, ETH="0")),
         (wallet(60, held(ETH, "1", None)), returns(60, ETH="9")), "unpriced"),
        ((wallet(0, held(ETH, "1", "9")), returns(0, ETH=None)),
         (wallet(60, held(ETH, "1", "9")), returns(60, ETH="9")), "unpriced"),
        ((wallet(0, held(ETH, "1", "9")), returns(0, "iso4217:EUR", ETH="0")),
         (wallet(60, held(ETH, "1", "9")), returns(60, "iso4217:EUR", ETH="9")), "no_rate"),
        ((wallet(0, held(ETH, "1", "9")), returns(0, ETH="0")), (returns(120, ETH="9"),), "not_seen"),
        ((returns(0, ETH="0"),), (wallet(60, held(ETH, "1", "9")), returns(60, ETH="9")), "history_incomplete"),
        ((wallet(0, held(ETH, "1", "9")), returns(0, ETH="0")),
         (wallet(1441, held(ETH, "1", "9")), returns(1441, ETH="9")), "history_incomplete"),
    ],
)  # fmt: skip
async def test_what_cannot_be_compared_says_why_and_tells_nobody(
    stage: Stage, before: tuple[Event, ...], now: tuple[Event, ...], reason: str
) -> None:
    await stage.take(*before)
    await stage.take(*now)
    row = await newest(stage)
    assert (row["verdict"], row["reason"], row["ours"], row["theirs"]) == ("unknown", reason, None, None)
    assert stage.heard.of(ReturnCrossed) == []


async def test_a_sold_asset_is_priced_by_the_feed(stage: Stage) -> None:
    """USDC 100 at 1 is sold at the feed's 0.98: −2, and they say −2."""
    await stage.take(priced(USDC, 30, "0.98"))
    await stage.take(wallet(0, held(USDC, "100", "100")), returns(0, USDC="7"))
    await stage.take(wallet(60), returns(60, USDC="5"))
    row = await newest(stage)
    assert (row["verdict"], row["ours"], row["theirs"]) == ("within", -2, -2)


async def test_a_return_in_another_currency_is_measured_in_it(stage: Stage) -> None:
    """1 ETH at 2000 $ and again at 2000 $; a euro is 1.25 $, then 1 $: 1600 €, then 2000 €."""
    await stage.take(priced("iso4217:EUR", -10, "1.25"), priced("iso4217:EUR", 50, "1"))
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, "iso4217:EUR", ETH="10"))
    await stage.take(wallet(60, held(ETH, "1", "2000")), returns(60, "iso4217:EUR", ETH="410"))
    row = await newest(stage)
    assert (row["verdict"], row["ours"], row["theirs"], row["stated"]) == ("within", 400, 400, 410)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 3, 0, 1), (1, 0, 3, 2)])
async def test_order_of_arrival_makes_no_difference(stage: Stage, order: tuple[int, ...]) -> None:
    batches = [
        wallet(0, held(ETH, "1", "2000")),
        returns(0, ETH="0"),
        wallet(60, held(ETH, "1", "2100")),
        returns(60, ETH="300"),
    ]
    for place in order:
        await stage.take(batches[place])
    row = await newest(stage)
    assert (row["verdict"], row["ours"], row["theirs"], row["since"]) == ("outside", 100, 300, after(0))


async def test_a_late_statement_is_counted_in_the_windows_that_hold_it(stage: Stage) -> None:
    """1 ETH at 2000; at 60 there are 2 at 2200 each: 4400 − 2000 − 2200 = 200. That the second came at 30 already,
    at 2000, makes it 4400 − 2000 − 2000 = 400, as they say."""
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, ETH="0"))
    await stage.take(wallet(60, held(ETH, "2", "4400")), returns(60, ETH="400"))
    assert ((row := await newest(stage))["verdict"], row["ours"]) == ("outside", 200)
    await stage.take(wallet(30, held(ETH, "2", "4000")))
    assert ((row := await newest(stage))["verdict"], row["ours"]) == ("within", 400)


async def test_a_check_that_a_rate_has_made_possible_outweighs_the_earlier_one(stage: Stage) -> None:
    """1600 €, then 2000 €, as above. A slower replica may store what it knew before the rates came after all."""
    await stage.take(wallet(0, held(ETH, "1", "2000")), returns(0, "iso4217:EUR", ETH="10"))
    await stage.take(wallet(60, held(ETH, "1", "2000")), returns(60, "iso4217:EUR", ETH="410"))
    assert (await newest(stage))["reason"] == "no_rate"
    version = "SELECT max(version) FROM source_checks WHERE kind = 'reported_return'"
    before = await stage.warehouse.value(version)
    await stage.take(priced("iso4217:EUR", 50, "1"))
    with_one = await stage.warehouse.value(version)
    await stage.take(priced("iso4217:EUR", -10, "1.25"))
    assert ((row := await newest(stage))["verdict"], row["ours"], row["theirs"]) == ("within", 400, 400)
    assert before < with_one < await stage.warehouse.value(version)
