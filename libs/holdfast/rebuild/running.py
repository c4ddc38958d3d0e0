"""Works the units off, one after another, and remembers which are done.

Events come in meanwhile, so what is stored and what it should be may differ for a moment. A difference is one only if
it is still there, the same, a while later; what looks different each time is told as moving.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct

from holdfast.rebuild.planning import KINDS, Scope, Unit, plan
from holdfast.rebuild.statements import load_sql
from holdfast.warehouse.client import Warehouse

MOST_LOOKS = 6


class UnitDone(Struct, frozen=True, kw_only=True):
    unit: str
    rows: int
    differences: int
    moving: int
    """What differed in another way each time that it was looked at: events of it were coming in."""
    seconds: float


class Outcome(Struct, frozen=True, kw_only=True):
    """What a run found."""

    run: str
    units: int
    rows: int
    """Lines valued, and lines summed into points."""
    seconds: float
    differences: int
    moving: int


class Rebuild:
    """One run. Taken up again under its name, it goes on after the last unit that it had finished.

    A unit of which there is more by now is planned as another one; what was found under its former name is forgotten.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        run: str,
        scope: Scope,
        ranking: Sequence[str],
        settle_s: float = 3.0,
    ) -> None:
        """`ranking`: the aggregator's setting, price sources, the most trusted first."""
        self.run_name = run
        self._warehouse = warehouse
        self._scope = scope
        self._ranking = list(ranking)
        self._settle_s = settle_s
        self._outgrown: list[str] = []

    def again(self, run: str) -> "Rebuild":
        """The same work under another name, from its beginning."""
        return Rebuild(self._warehouse, run=run, scope=self._scope, ranking=self._ranking, settle_s=self._settle_s)

    async def plan(self) -> tuple[list[Unit], list[UnitDone]]:
        """All units, and what of them an earlier process has done already. Raises UnknownPortfolioError."""
        units = await plan(self._warehouse, self._scope)
        done = {
            name: UnitDone(unit=name, rows=rows, differences=differences, moving=moving, seconds=seconds)
            for name, rows, differences, moving, seconds in await self._warehouse.rows(
                load_sql("read_done"), {"run": self.run_name}
            )
        }
        self._outgrown = sorted(done.keys() - {unit.name for unit in units})
        return units, [done[unit.name] for unit in units if unit.name in done]

    async def work(self, units: Sequence[Unit]) -> AsyncIterator[UnitDone]:
        """Derive and compare unit after unit, as they were planned last. Raises WarehouseError."""
        for name in self._outgrown:
            await self._forget(name)
        for unit in units:
            yield await self._do(unit)

    async def _do(self, unit: Unit) -> UnitDone:
        began = time.perf_counter()
        of = {"run": self.run_name, "unit": unit.name}
        await self._warehouse.command(load_sql(f"forget_{unit.kind}"), of)
        standing, moving, look = 0, 0, 0
        while look < MOST_LOOKS:
            look += 1
            await self._warehouse.command(load_sql(f"derive_{unit.kind}"), of | self._asked(unit) | {"look": look})
            [(standing, moving)] = await self._warehouse.rows(load_sql(f"count_looks_{unit.kind}"), of | {"look": look})
            if not moving:
                break
            await asyncio.sleep(self._settle_s)
        if look > 1:
            for what in ("moving", "earlier"):
                await self._warehouse.command(load_sql(f"drop_{what}_{unit.kind}"), of | {"look": look})
        done = UnitDone(
            unit=unit.name,
            rows=unit.lines,
            differences=standing,
            moving=moving,
            seconds=time.perf_counter() - began,
        )
        await self._remember(done)
        return done

    def _asked(self, unit: Unit) -> dict[str, Any]:
        asked: dict[str, Any] = {"first": unit.first, "last": unit.last}
        if unit.kind == "latest":
            return {"everything": self._scope.everything, "sources": list(unit.sources)}
        if unit.kind == "totals":
            return asked | {"portfolios": list(unit.portfolios)}
        return asked | {
            "first_source": unit.sources[0],
            "last_source": unit.sources[-1],
            "everything": self._scope.everything,
            "sources": [] if self._scope.everything else list(unit.sources),
            "ranking": self._ranking,
        }

    async def _forget(self, name: str) -> None:
        for what in (*KINDS, "done"):  # that it was finished last: cut short, it is forgotten once more
            await self._warehouse.command(load_sql(f"forget_{what}"), {"run": self.run_name, "unit": name})

    async def _remember(self, done: UnitDone) -> None:
        row = {
            "run": self.run_name,
            "unit": done.unit,
            "rows": done.rows,
            "differences": done.differences,
            "moving": done.moving,
            "seconds": done.seconds,
        }
        await self._warehouse.insert_json("rebuild_units", json.dumps(row).encode(), columns=list(row))

    def outcome(self, done: Sequence[UnitDone]) -> Outcome:
        return Outcome(
            run=self.run_name,
            units=len(done),
            rows=sum(one.rows for one in done),
            seconds=sum(one.seconds for one in done),
            differences=sum(one.differences for one in done),
            moving=sum(one.moving for one in done),
        )
