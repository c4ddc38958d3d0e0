"""From when on history is complete: as the view history_coverage has it, whatever pieces came in."""

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest

from services.api.native.series.coverage import read_complete_from
from tests.api.conftest import World
from tests.api.world import insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DAY = datetime(2026, 2, 1, tzinfo=timezone.utc)  # noqa: UP017
_END = "2200-01-01 00:00:00.000"


async def test_a_source_that_was_never_fetched_leaves_it_unknown(world: World) -> None:
    await _write(world, "one", [_piece(0, 6, every_s=0) | {"window_end": _END}])
    assert await read_complete_from(world.resources, "bees", ["one", "two"]) is None
    assert await read_complete_from(world.resources, "bees", []) is None


async def test_of_several_sources_the_latest_beginning_counts(world: World) -> None:
    for source, hour in (("early", 3), ("late", 5)):
        await _write(world, source, [_piece(hour, 6, every_s=0) | {"window_end": _END}])
    assert await read_complete_from(world.resources, "bees", ["early", "late"]) == _DAY + timedelta(hours=5)


async def test_it_is_what_the_view_says(world: World) -> None:
    """200 sources with pieces of random length, step and place, some overlapping, some with gaps, some twice."""
    random = Random(7)
    sources = [f"random-{number}" for number in range(200)]
    for source in sources:
        await _write(world, source, _pieces(random))
    in_view = await world.resources.warehouse.query(
        "SELECT source, history_complete_from FROM history_coverage WHERE tenant = 'bees' AND source LIKE 'random-%'"
    )
    answered = {source: await read_complete_from(world.resources, "bees", [source]) for source in sources}
    assert answered == {row["source"]: row["history_complete_from"] for row in in_view}
    assert len(set(answered.values())) > 20


def _pieces(random: Random) -> list[dict[str, Any]]:
    pieces = []
    for _ in range(random.randrange(1, 9)):
        start = random.randrange(0, 40)
        pieces.append(_piece(start, start + random.randrange(0, 12), every_s=random.choice([1800, 3600, 7200])))
    if random.random() < 0.8:
        pieces.append(_piece(random.randrange(20, 60), 0, every_s=0) | {"window_end": _END})
    return pieces + random.choices(pieces, k=2)


def _piece(first: int, last: int, *, every_s: int) -> dict[str, Any]:
    """By the hours of the first and the last instant."""
    start, end = (f"{_DAY + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}.000" for hour in (first, last))
    return {"window_start": start, "window_end": end, "every_s": every_s}


async def _write(world: World, source: str, pieces: list[dict[str, Any]]) -> None:
    rows = [{"tenant": "bees", "source": source, "feed": "balances"} | piece for piece in pieces]
    await insert(world.resources.warehouse, "history_windows", rows)
