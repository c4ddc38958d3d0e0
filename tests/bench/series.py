"""200 hourly points of a portfolio of 50 accounts over HTTP, while everything stored grows fiftyfold.

The portfolio's own hours are all there from the beginning: 50 sources of 10 lines, 200 hours. The rest of the lines are
those of 40 portfolios like it, hour after hour, with their points. The limit is the SQL behind the endpoint, asked
through the engine's HTTP with the same parameters. The filling's merges are waited for: they are not what is measured.
"""

import asyncio
import math
import statistics
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from holdfast.warehouse.client import Warehouse
from services.api.native.series import stored_hours
from services.api.queries import load_sql
from tests.bench.line import Line
from tests.bench.stored import BEGIN, Sources, World, fill_points, fill_statements, growth, measure_times, serve, settle

NAME = "series"
HOURS = 200
FIFTY = Sources(first=0, number=50, lines=10)
OTHERS = Sources(first=50, number=2000, lines=50)
LIKE_IT = Sources(first=50, number=50, lines=50)
"""Each of the other portfolios."""
OTHER_PORTFOLIOS = [f"other-{number}" for number in range(OTHERS.number // LIKE_IT.number)]
ALLOWED_MS = 50


async def measure(quick: bool) -> list[Line]:
    """p50 and p99 at each size, and the growth from the smallest to the largest."""
    sizes, requests = ((100_000, 1_000_000), 60) if quick else ((1_000_000, 10_000_000, 50_000_000), 400)
    async with serve("fifty", accounts=FIFTY.number) as world:
        await fill_statements(world.warehouse, FIFTY, first=0, until=HOURS)
        await fill_points(world.warehouse, ["fifty"], FIFTY, first=0, until=HOURS)
        await world.warehouse.command(_FILL_COVERAGE, {"sources": FIFTY.number + OTHERS.number})
        return await _measure(world, sizes=sizes, requests=requests)


async def _measure(world: World, *, sizes: Sequence[int], requests: int) -> list[Line]:
    lines, medians, hours = [], [], 0
    for size in sizes:
        until = (size - HOURS * FIFTY.lines_an_hour) // OTHERS.lines_an_hour
        await fill_statements(world.warehouse, OTHERS, first=hours, until=until)
        await fill_points(world.warehouse, OTHER_PORTFOLIOS, LIKE_IT, first=hours, until=until)
        await settle(world.warehouse)
        hours = until
        await _check(world)
        bare = await measure_times(lambda: _ask_engine(world.warehouse), requests // 4)
        times = await measure_times(lambda: _ask(world), requests)
        medians.append(statistics.median(times))
        lines += _lines(size, times, limit=statistics.median(bare))
    exponent = math.log(medians[-1] / medians[0]) / math.log(sizes[-1] / sizes[0])
    return [*lines, growth("200 points", exponent)]


def _lines(size: int, times: list[float], *, limit: float) -> list[Line]:
    p99 = statistics.quantiles(times, n=100)[98]
    stored = f"{size:,} lines stored"
    return [
        Line(name=f"200 points p50, {stored}", unit="ms", value=statistics.median(times), raw=times,
             higher_is_better=False, limit=limit, limit_name="the SQL behind it, p50"),
        Line(name=f"200 points p99, {stored}", unit="ms", value=p99, raw=[p99],
             higher_is_better=False, limit=ALLOWED_MS, limit_name="asked for"),
    ]  # fmt: skip


async def _ask(world: World) -> bytes:
    end = BEGIN + timedelta(hours=HOURS - 1)
    asked: dict[str, str | int] = {"from": BEGIN.isoformat(), "to": end.isoformat(), "limit": HOURS}
    answer = await world.client.get("/v1/portfolios/fifty/series", params=asked)
    answer.raise_for_status()
    return answer.content


async def _check(world: World) -> None:
    """Raises RuntimeError for anything but 200 hours that were observed, each worth the same."""
    points = msgspec.json.decode(await _ask(world))["points"]
    expected = str(FIFTY.number * FIFTY.lines * (FIFTY.lines + 1))
    if [(point["net"], point["fill"]) for point in points] != [(expected, "observed")] * HOURS:
        raise RuntimeError(f"not the series that was stored: {points[:1]}")


async def _ask_engine(warehouse: Warehouse) -> None:
    asked: dict[str, Any] = {
        "tenant": "bench",
        "portfolio": "fifty",
        "oldest": BEGIN - timedelta(days=2),
        "newest": BEGIN + timedelta(hours=HOURS - 1),
    }
    await warehouse.read_bytes(load_sql(stored_hours.__file__, "stored_hours"), asked, format="JSONEachRow")


_FILL_COVERAGE = """
INSERT INTO history_windows (tenant, source, feed, window_end, every_s, window_start)
SELECT
    'bench', concat('bench/okx/eip155:1:0x', leftPad(toString(intDiv(number, 13)), 40, '0'), '/defi'), 'balances',
    if(piece = 0, toDateTime64('2200-01-01 00:00:00', 3, 'UTC'),
       toDateTime64('2026-03-01 00:00:00', 3, 'UTC') - toIntervalDay(30 * (piece - 1))),
    if(piece = 0, 0, 3600), toDateTime64('2026-03-01 00:00:00', 3, 'UTC') - toIntervalDay(30 * piece)
FROM (SELECT number, number % 13 AS piece FROM numbers({sources:UInt32} * 13))
"""
"""A year of every source's history was fetched, a month at a time, before the present began."""


if __name__ == "__main__":
    for found in asyncio.run(measure("--quick" in sys.argv)):
        sys.stdout.write(f"{found.name:60} {found.value:10.3f} {found.unit:4} of limit {found.ratio_to_limit}\n")
