"""Messages on their way into the tables, without the totals that the past is not read from."""

import asyncio
from collections.abc import Sequence

from holdfast.registry.state import RegistryState
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from tests.aggregator.expected import Arrived
from tests.aggregator.worlds import RANKING, Delivery


async def deliver(warehouse: Warehouse, delivery: Delivery) -> None:
    """Each replica its batches in turn, all replicas side by side."""
    await asyncio.gather(*(_replica(warehouse, steps) for steps in delivery.replicas))


async def _replica(warehouse: Warehouse, steps: Sequence[Sequence[Arrived] | RegistryState]) -> None:
    for step in steps:
        if not isinstance(step, RegistryState):
            await store(warehouse, step)


async def store(warehouse: Warehouse, arrived: Sequence[Arrived]) -> None:
    arrivals = [Arrival(event=one.event, sequence=1, recorded_at=one.recorded_at) for one in arrived]
    await insert(warehouse, prepare(arrivals), ranking=RANKING)
