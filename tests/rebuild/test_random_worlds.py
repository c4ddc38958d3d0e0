"""Invariant 4 on random worlds: derived from scratch, every line and every point is what was kept step by step."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.rebuild import Finding, Outcome, Rebuild, Scope, read_findings
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from tests.aggregator.comparing import empty
from tests.aggregator.test_any_arrival import deliver, tables
from tests.aggregator.worlds import RANKING, Delivery, deliveries, worlds
from tests.support.sampling import few, many

__all__ = ["tables"]


async def rebuilt(warehouse: Warehouse, run: str) -> tuple[Outcome, list[Finding]]:
    work = Rebuild(warehouse, run=run, scope=Scope(), ranking=RANKING, settle_s=0)
    units, _ = await work.plan()
    done = [one async for one in work.work(units)]
    return work.outcome(done), await read_findings(warehouse, run)


async def _finds_nothing(clickhouse: ClickHouseSettings, delivery: Delivery) -> None:
    warehouse = await connect(clickhouse)
    try:
        await empty(warehouse)
        await warehouse.command("TRUNCATE TABLE rebuild_units")
        await deliver(warehouse, delivery)
        outcome, findings = await rebuilt(warehouse, "random")
        assert findings == []
        assert (outcome.differences, outcome.moving) == (0, 0)
    finally:
        await warehouse.close()


def _check(data: st.DataObject, clickhouse: ClickHouseSettings) -> None:
    world = data.draw(worlds(), label="world")
    asyncio.run(_finds_nothing(clickhouse, data.draw(deliveries(world), label="delivery")))


@given(data=st.data())
@few(2)
@pytest.mark.timeout(900)
def test_rebuilding_a_random_world_finds_no_difference(data: st.DataObject, tables: ClickHouseSettings) -> None:
    _check(data, tables)


@pytest.mark.chaos
@given(data=st.data())
@many(25)
@pytest.mark.timeout(3600)
def test_rebuilding_many_random_worlds_finds_no_difference(data: st.DataObject, tables: ClickHouseSettings) -> None:
    _check(data, tables)
