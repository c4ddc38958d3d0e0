"""Latest positions and total of one portfolio, and one of its past totals, while everything stored grows tenfold.

All are asked over HTTP. The portfolio has 10 sources of 50 lines each; beside it 2,000 sources share the rest of the
lines. The limit of the positions is the documented view, asked in SQL through the same endpoint. Cost must grow
with the portfolio, not with what is stored: the exponent says how it did (0 is flat, 1 is in proportion).
"""

import asyncio
import math
import statistics
import sys
from datetime import timedelta

import httpx

from tests.bench.line import Line
from tests.bench.stored import BEGIN, Sources, World, fill_points, fill_statements, growth, measure_times, serve, settle

NAME = "latest"
EVERYBODY = Sources(first=0, number=2000, lines=50)
MEMBERS = Sources(first=0, number=10, lines=50)
ALLOWED_MS = 25
_ASKED = ("positions", "total", "past total")
_PAST = (BEGIN + timedelta(hours=5)).isoformat()
"""Worked out anew from what was stated by then."""
_VIEW = "SELECT * FROM latest_positions WHERE tenant = 'bench' AND portfolio = 'ten'"


async def measure(quick: bool) -> list[Line]:
    """p50 and p99 of positions and total at two sizes, and the growth between them."""
    sizes, requests = ((100_000, 1_000_000), 60) if quick else ((1_000_000, 10_000_000), 400)
    async with serve("ten", accounts=MEMBERS.number) as world:
        return await _measure(world, sizes=sizes, requests=requests)


async def _measure(world: World, *, sizes: tuple[int, int], requests: int) -> list[Line]:
    lines, medians, hours = [], {}, 0
    for size in sizes:
        until = size // EVERYBODY.lines_an_hour
        await fill_statements(world.warehouse, EVERYBODY, first=hours, until=until)
        await fill_points(world.warehouse, ["ten"], MEMBERS, first=hours, until=until)
        hours = until
        await settle(world.warehouse)
        times = {
            "view": await measure_times(lambda: world.warehouse.read_bytes(_VIEW, format="JSONEachRow"), requests // 4),
            "positions": await measure_times(lambda: _get(world.client, "positions"), requests),
            "total": await measure_times(lambda: _get(world.client, "total"), requests),
            "past total": await measure_times(lambda: _get(world.client, "total", at=_PAST), requests // 20),
        }
        limit = statistics.median(times["view"])
        for what in _ASKED:
            medians[what, size] = statistics.median(times[what])
            lines += _lines(what, size, times[what], limit if what == "positions" else None)
    small, large = sizes
    return lines + [
        growth(what, math.log(medians[what, large] / medians[what, small]) / math.log(large / small)) for what in _ASKED
    ]


def _lines(what: str, size: int, times: list[float], limit: float | None) -> list[Line]:
    p99 = statistics.quantiles(times, n=100)[98]
    stored = f"{size:,} lines stored"
    named = "the view latest_positions, p50" if limit else ""
    allowed = ALLOWED_MS if what in ("positions", "total") else None
    return [
        Line(name=f"{what} p50, {stored}", unit="ms", value=statistics.median(times), raw=times,
             higher_is_better=False, limit=limit, limit_name=named),
        Line(name=f"{what} p99, {stored}", unit="ms", value=p99, raw=[p99],
             higher_is_better=False, limit=allowed, limit_name="aimed at" if allowed else ""),
    ]  # fmt: skip


async def _get(client: httpx.AsyncClient, what: str, **params: str) -> None:
    answer = await client.get(f"/v1/portfolios/ten/{what}", params=params)
    answer.raise_for_status()


if __name__ == "__main__":
    for found in asyncio.run(measure("--quick" in sys.argv)):
        sys.stdout.write(f"{found.name:60} {found.value:10.3f} {found.unit:4} of limit {found.ratio_to_limit}\n")
