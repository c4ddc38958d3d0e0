"""A change of who belongs is worked into every point there is, however long the past."""

from decimal import Decimal

from holdfast.warehouse.client import Warehouse
from tests.aggregator.guard_stage import ETH, USDC, Stage, held, registry, setting, states

HOURS = 800
"""What stands in them is more than the engine takes in one field: 128 KiB."""


async def test_a_source_that_is_no_longer_counted_leaves_every_point_of_a_long_past(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    await stage.projector.reconcile(registry(1, setting("okx"), setting("evm")))
    await stage.take(states("evm", -60 * HOURS, held(USDC, "10", "10")))
    hourly = [states("okx", -60 * back, held(ETH, "1", str(1000 + back))) for back in range(HOURS)]
    for start in range(0, HOURS, 200):
        await stage.take(*hourly[start : start + 200])
    assert await nets(stage) == {Decimal(1010 + back) for back in range(HOURS)} | {Decimal(10)}
    await stage.projector.reconcile(registry(2, setting("okx")))
    assert await nets(stage) == {Decimal(1000 + back) for back in range(HOURS)} | {Decimal(0)}


async def nets(stage: Stage) -> set[Decimal]:
    return {row["net"] for row in await stage.rows("SELECT net FROM portfolio_totals FINAL")}
