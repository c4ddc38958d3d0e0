"""The newest stored hour is found where the last one was, and wherever else it may be."""

from datetime import timedelta

import pytest

from services.api.native.totals import newest_point
from services.api.native.totals.newest_point import read_newest_point
from services.api.queries import load_sql
from services.api.resources import Resources
from tests.api.conftest import World
from tests.bench.stored import BEGIN, Sources, fill_points

pytestmark = pytest.mark.asyncio(loop_scope="module")

YEARS = 10_000
"""Hours."""
ONE = Sources(first=0, number=1, lines=2)


async def test_years_of_hours_are_not_read_again(world: World) -> None:
    api = world.resources
    await fill_points(api.warehouse, ["aged"], ONE, first=0, until=YEARS)
    assert await _newest(api, "aged") == BEGIN + timedelta(hours=YEARS - 1)
    looked_at = await _rows_read(api, "aged")
    assert 0 < looked_at < YEARS / 20
    await fill_points(api.warehouse, ["aged"], ONE, first=YEARS, until=YEARS + 2)
    assert await _newest(api, "aged") == BEGIN + timedelta(hours=YEARS + 1)


async def test_it_is_found_before_where_it_was_when_that_was_taken_out(world: World) -> None:
    api = world.resources
    await fill_points(api.warehouse, ["shrunk"], ONE, first=0, until=3)
    assert await _newest(api, "shrunk") == BEGIN + timedelta(hours=2)
    last_two = "DELETE FROM portfolio_totals WHERE portfolio = 'shrunk' AND bucket > {begin:DateTime('UTC')}"
    await api.warehouse.command(last_two, {"begin": BEGIN})
    assert await _newest(api, "shrunk") == BEGIN
    await fill_points(api.warehouse, ["shrunk"], ONE, first=1, until=2)
    assert await _newest(api, "shrunk") == BEGIN + timedelta(hours=1)


async def test_one_without_hours_has_none_and_one_of_its_name_elsewhere_is_another(world: World) -> None:
    api = world.resources
    assert await _newest(api, "unheard-of") is None
    await fill_points(api.warehouse, ["unheard-of"], ONE, first=0, until=1)
    assert await _newest(api, "unheard-of") == BEGIN
    assert await read_newest_point(api, "rival", "unheard-of") is None


async def _newest(api: Resources, portfolio: str) -> object:
    point = await read_newest_point(api, "bench", portfolio)
    return point and point.bucket


async def _rows_read(api: Resources, portfolio: str) -> int:
    """As the engine says before it reads."""
    asked = {"tenant": "bench", "portfolio": portfolio, "since": api.newest_points["bench", portfolio]}
    looked_at = await api.warehouse.query(f"EXPLAIN ESTIMATE {load_sql(newest_point.__file__, 'newest_point')}", asked)
    return sum(read["rows"] for read in looked_at)
