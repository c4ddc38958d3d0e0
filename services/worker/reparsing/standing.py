"""Reads which prices stand: of all that some fetches say, and of all that they told last."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from holdfast.warehouse.client import Warehouse
from services.worker.reparsing.keeping import load_sql
from services.worker.reparsing.prices import PricePlace, Standing, places_of
from services.worker.reparsing.replaying import Replayed

_CHUNK = 1000
"""Places that are asked for in one statement."""


async def read_standing(warehouse: Warehouse, replayed: Collection[Replayed]) -> dict[PricePlace, Standing]:
    """Raises WarehouseError."""
    jobs = sorted({one.fetch.job.id for one in replayed if one.is_read and one.fetch.job.feed == "prices"})
    if not jobs:
        return {}
    standing = await _read(warehouse, jobs=jobs)
    others = sorted(places_of(replayed) - standing.keys())
    for start in range(0, len(others), _CHUNK):
        standing |= await _read(warehouse, places=others[start : start + _CHUNK])
    return standing


async def _read(
    warehouse: Warehouse, *, jobs: Iterable[str] = (), places: Iterable[PricePlace] = ()
) -> dict[PricePlace, Standing]:
    asked: dict[str, Any] = {"jobs": list(jobs), "places": [tuple(place) for place in places]}
    return {
        PricePlace(asset, quote, at, source): _standing(price, *told)
        for asset, quote, at, source, price, told in await warehouse.rows(load_sql("read_standing_prices"), asked)
    }


def _standing(price: Any, told_at: datetime, job_id: str) -> Standing:
    return Standing(price=price, told_at=told_at, job_id=job_id)
