"""A rate that was corrected or taken back: what was brought to dollars by it is judged again."""

import itertools
from decimal import Decimal

import pytest

from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.guards.late_rates import read_rated
from services.aggregator.prepared import prepare
from tests.aggregator.guard_stage import ETH, Stage, after, held, priced, reports, states
from tests.aggregator.test_prices_withdrawn import withdrawn

EUR = "iso4217:EUR"
CHECKS = "SELECT toString(verdict) AS verdict, theirs, rate_at FROM cross_checks"
REPORT = (states("okx", 0, held(ETH, "1", "600")), reports(0, "500", currency=EUR))


async def judged(stage: Stage) -> tuple[str, Decimal | None]:
    [row] = await stage.rows(CHECKS)
    return row["verdict"], row["theirs"]


async def test_a_rate_that_is_corrected_is_checked_again(warehouse: Warehouse) -> None:
    """500 EUR at 1.2, and at 1.3 as it was stated of the same instant later."""
    stage = Stage(warehouse)
    await stage.take(priced(EUR, -60, "1.2"), *REPORT)
    assert await judged(stage) == ("within", 600)
    await stage.take(priced(EUR, -60, "1.3", fetched=30))
    assert await judged(stage) == ("outside", 650)


@pytest.mark.parametrize("quote", ["USD", "EUR"])
async def test_a_rate_that_is_taken_back_is_checked_again(warehouse: Warehouse, quote: str) -> None:
    """Back to the rate before it, and to none: whichever way round it is published."""
    base, first, second = (EUR, "1.1", "1.2") if quote == "USD" else ("iso4217:USD", "0.8", "0.5")
    earlier, later = (
        priced(base, -120, first, quote=f"iso4217:{quote}"),
        priced(base, -60, second, quote=f"iso4217:{quote}"),
    )
    stage = Stage(warehouse)
    await stage.take(earlier, later, *REPORT)
    assert await judged(stage) == (("within", 600) if quote == "USD" else ("outside", 1000))
    await stage.take(withdrawn(later))
    assert await judged(stage) == ("outside", 550 if quote == "USD" else 625)
    await stage.take(withdrawn(earlier))
    assert await judged(stage) == ("unknown", None)


async def test_the_newer_rate_of_two_on_a_path_may_be_taken_back(warehouse: Warehouse) -> None:
    """500 CHF are 550 EUR; those 660 USD, and at the rate before 605."""
    stage = Stage(warehouse)
    newer = priced(EUR, -30, "1.2")
    await stage.take(priced(EUR, -90, "1.1"), priced("iso4217:CHF", -60, "1.1", quote=EUR), newer)
    await stage.take(states("okx", 0, held(ETH, "1", "660")), reports(0, "500", currency="iso4217:CHF"))
    assert await judged(stage) == ("within", 660)
    await stage.take(withdrawn(newer))
    assert await judged(stage) == ("outside", 605)


async def test_a_total_that_is_beyond_what_can_be_stored_in_dollars_says_so(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    much = (states("okx", 0, held(ETH, "1", "600")), reports(0, "9e39", currency=EUR))
    await stage.take(priced(EUR, -60, "1.2"), *much)
    [row] = await stage.rows("SELECT toString(verdict) AS verdict, toString(reason) AS reason FROM cross_checks")
    assert (row["verdict"], row["reason"]) == ("unknown", "out_of_range")


async def test_order_of_arrival_makes_no_difference(warehouse: Warehouse) -> None:
    """Rates of two instants, a correction of one and word that it was never stated: 1.1 is left."""
    told = [priced(EUR, -120, "1.1"), later := priced(EUR, -60, "1.2"), priced(EUR, -60, "1.3", fetched=30)]
    takes = [*told, withdrawn(later), withdrawn(told[2])]
    for order in itertools.islice(itertools.permutations(takes), 7, None, 40):
        await warehouse.command("TRUNCATE TABLE source_checks")
        for table in ("prices", "price_retellings", "price_withdrawals", "withdrawn_prices"):
            await warehouse.command(f"TRUNCATE TABLE {table}")
        stage = Stage(warehouse)
        await stage.take(*REPORT)
        for event in order:
            await stage.take(event)
        assert await judged(stage) == ("outside", 550), order


async def test_what_is_told_again_is_not_checked_again(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    again = priced(EUR, -60, "1.2", fetched=30)
    await stage.take(priced(EUR, -60, "1.2"), *REPORT)
    await stage.take(again)
    market = prepare([Arrival(event=again, sequence=1, recorded_at=after(90))]).market
    assert await read_rated(warehouse, market) == set()
