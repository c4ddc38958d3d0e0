"""A late price counts for closed days when lines are valued with it, however long it had been there itself."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.events import PricesObserved
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.closing.closer import Closer
from services.aggregator.prepared import prepare
from services.aggregator.settings import ClosingSettings
from tests.aggregator.guard_stage import ETH, START, Stage, StoppedClock, held, priced, registry, setting, states

VALUES = "SELECT DISTINCT value_usd FROM balances FINAL"
CLOSING = "SELECT closing FROM portfolio_returns WHERE method = 'simple' AND span = 'all' AND day = '2026-02-28'"
REVALUED = "SELECT count() FROM late_inputs FINAL WHERE place = 'revalued'"


@pytest.fixture
async def stage(warehouse: Warehouse) -> Stage:
    made = Stage(warehouse)
    await made.projector.reconcile(registry(1, setting("okx")))
    return made


async def close(stage: Stage) -> int:
    settings = ClosingSettings(share=1, margin_s=0, days=10)
    return await Closer(stage.warehouse, StoppedClock(), settings, ranking=()).close_due()


async def crash_after_storing(stage: Stage, prices: PricesObserved) -> None:
    """The prices are there, and no line has seen them."""
    await write(stage.warehouse, prepare([Arrival(event=prices, sequence=1, recorded_at=START)]).prices)


async def test_days_worked_out_between_a_late_price_and_the_lines_it_values_are_worked_out_again(stage: Stage) -> None:
    """2 ETH at 1500."""
    prices = priced(ETH, -5, "1500")
    await stage.take(states("okx", 0, held(ETH, "2", None)))
    await crash_after_storing(stage, prices)
    assert await close(stage) > 0
    assert await close(stage) == 0, "all that has come is worked in"
    assert [row["value_usd"] for row in await stage.rows(VALUES)] == [None], "no line has seen the price"
    await stage.take(prices)
    assert await close(stage) > 0
    assert [row["closing"] for row in await stage.rows(CLOSING)] == [Decimal(3000)]


async def test_prices_that_are_delivered_again_have_nothing_worked_out_again(stage: Stage) -> None:
    prices = priced(ETH, -5, "1500")
    await stage.take(states("okx", 0, held(ETH, "2", None)))
    await stage.take(prices)
    assert await close(stage) > 0
    await stage.take(prices)
    await stage.take(priced(ETH, -5, "1500", fetched=60))
    assert await close(stage) == 0
    assert await stage.warehouse.value(REVALUED) == 1


async def test_of_what_is_live_nothing_is_noted(stage: Stage) -> None:
    minutes = int((datetime.now(UTC) - START) / timedelta(minutes=1))
    await stage.take(states("okx", minutes, held(ETH, "2", None)))
    await stage.take(priced(ETH, minutes, "1500"))
    assert [row["value_usd"] for row in await stage.rows(VALUES)] == [Decimal(3000)]
    assert await stage.warehouse.value(REVALUED) == 0
