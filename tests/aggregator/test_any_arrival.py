"""Order, copies, batch boundaries and replicas change no table: all are what the messages alone say."""

import asyncio
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.registry.state import RegistryState
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.projection import Projector
from tests.aggregator.comparing import assert_tables_are_right, empty
from tests.aggregator.expected import Arrived
from tests.aggregator.worlds import NOW, RANKING, Delivery, deliveries, worlds
from tests.support.database import Migrated, empty_database
from tests.support.sampling import few, many


class StoppedClock:
    def now(self) -> datetime:
        return NOW


class Silent:
    """Nobody listens to what is published here."""

    async def publish_many(self, events: object) -> list[object]:
        del events
        return []


async def deliver(warehouse: Warehouse, delivery: Delivery) -> None:
    await asyncio.gather(*(_replica(warehouse, steps) for steps in delivery.replicas))


async def _replica(warehouse: Warehouse, steps: tuple[tuple[Arrived, ...] | RegistryState, ...]) -> None:
    projector = Projector(warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    for step in steps:
        if isinstance(step, RegistryState):
            await projector.reconcile(step)
        else:
            arrivals = [Arrival(event=one.event, sequence=1, recorded_at=one.recorded_at) for one in step]
            await commit(warehouse, prepare(arrivals), ranking=RANKING)


async def _arrives(clickhouse: ClickHouseSettings, world: object, delivery: Delivery) -> None:
    warehouse = await connect(clickhouse)
    try:
        await empty(warehouse)
        await deliver(warehouse, delivery)
        await assert_tables_are_right(warehouse, world)  # type: ignore[arg-type]
    finally:
        await warehouse.close()


def _check(data: st.DataObject, clickhouse: ClickHouseSettings) -> None:
    world = data.draw(worlds(), label="world")
    delivery = data.draw(deliveries(world), label="delivery")
    asyncio.run(_arrives(clickhouse, world, delivery))


@pytest.fixture(scope="module")
def tables(migrated_database: Migrated) -> ClickHouseSettings:
    """One database for all examples of the module: each begins by emptying what it fills."""
    asyncio.run(empty_database(migrated_database))
    return migrated_database.settings


@given(data=st.data())
@few(3)
@pytest.mark.timeout(600)
def test_tables_do_not_depend_on_how_messages_arrive(data: st.DataObject, tables: ClickHouseSettings) -> None:
    _check(data, tables)


@pytest.mark.chaos
@given(data=st.data())
@many(80)
@pytest.mark.timeout(1800)
def test_tables_do_not_depend_on_how_messages_arrive_for_many_worlds(
    data: st.DataObject, tables: ClickHouseSettings
) -> None:
    _check(data, tables)
