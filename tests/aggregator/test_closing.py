"""Whatever comes between two closings, and in whatever order: the closed days are those of all that is stored."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.registry.state import RegistryState
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.closing.closer import Closer
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.projection import Projector
from services.aggregator.settings import ClosingSettings
from tests.aggregator.comparing import empty
from tests.aggregator.expected import Arrived
from tests.aggregator.messages import START
from tests.aggregator.test_any_arrival import Silent, tables
from tests.aggregator.worlds import RANKING, deliveries, worlds
from tests.support.sampling import few, many

__all__ = ["tables"]

_SETTINGS = ClosingSettings(share=1, margin_s=0, days=3)


class Later:
    """After the first days of the worlds."""

    def now(self) -> datetime:
        return START + timedelta(days=3)


def build_closer(warehouse: Warehouse) -> Closer:
    """As of a process that has just begun; later it remembers what it has worked in."""
    return Closer(warehouse, Later(), _SETTINGS, ranking=RANKING)


async def read_closed(warehouse: Warehouse) -> list[dict[str, Any]]:
    """But for when each was worked out, and at which revision that says the same."""
    return await warehouse.query(
        "SELECT * EXCEPT (computed_at, revision) FROM closed_days FINAL "
        "WHERE (tenant, portfolio) IN (SELECT tenant, portfolio FROM registry_portfolios FINAL WHERE NOT deleted) "
        "ORDER BY tenant, portfolio, day, span"
    )


def assert_not_empty(closed: list[dict[str, Any]]) -> None:
    """The portfolio that states everything, on its first day and its second: its returns are told, and its flows."""
    days: dict[str, list[dict[str, Any]]] = {"all": [], "day": []}
    for row in closed:
        if row["portfolio"] == "plain":
            days[row["span"]].append(row)
    assert len(days["all"]) == len(days["day"]) == len({row["day"] for row in days["day"]}) == 3
    assert [len(row["flows"]) for row in days["day"]] == [1, 1, 0]
    told = [{one["method"]: one["reason"] for one in row["returns"]} for row in days["all"]]
    assert all(reasons["simple"] == reasons["fifo"] == "" for reasons in told), told


async def take(warehouse: Warehouse, step: tuple[Arrived, ...] | RegistryState) -> None:
    if isinstance(step, RegistryState):
        await Projector(warehouse, Silent(), every_s=60).reconcile(step)  # type: ignore[arg-type]
    else:
        arrivals = [Arrival(event=one.event, sequence=1, recorded_at=one.recorded_at) for one in step]
        await commit(warehouse, prepare(arrivals), ranking=RANKING)


async def _assert_same_from_scratch(clickhouse: ClickHouseSettings, delivery: Any, pauses: list[bool]) -> None:
    warehouse = await connect(clickhouse)
    try:
        await empty(warehouse)
        for table in ("closed_days", "late_inputs"):
            await warehouse.command(f"TRUNCATE TABLE {table}")
        closer = build_closer(warehouse)
        steps = [step for replica in delivery.replicas for step in replica]
        for number, step in enumerate(steps):
            await take(warehouse, step)
            if pauses[number % len(pauses)]:
                await closer.close_due()
        await closer.close_due()
        assert await closer.close_due() == 0, "nothing has come since"
        maintained = await read_closed(warehouse)
        assert_not_empty(maintained)
        await warehouse.command("TRUNCATE TABLE closed_days")
        await build_closer(warehouse).close_due()
        assert await read_closed(warehouse) == maintained
    finally:
        await warehouse.close()


def _assert_of_a_world(data: st.DataObject, tables: ClickHouseSettings) -> None:
    world = data.draw(worlds(), label="world")
    delivery = data.draw(deliveries(world), label="delivery")
    pauses = data.draw(st.lists(st.booleans(), min_size=1, max_size=4), label="closings between")
    asyncio.run(_assert_same_from_scratch(tables, delivery, pauses))


@given(data=st.data())
@few(2)
@pytest.mark.timeout(600)
def test_closed_days_do_not_depend_on_when_they_were_worked_out(
    data: st.DataObject, tables: ClickHouseSettings
) -> None:
    _assert_of_a_world(data, tables)


@pytest.mark.chaos
@given(data=st.data())
@many(15)
@pytest.mark.timeout(1800)
def test_closed_days_do_not_depend_on_when_they_were_worked_out_for_many_worlds(
    data: st.DataObject, tables: ClickHouseSettings
) -> None:
    _assert_of_a_world(data, tables)
