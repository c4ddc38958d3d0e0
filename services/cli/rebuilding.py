"""`holdfast rebuild`"""

import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast.rebuild import (
    OtherScopeError,
    Outcome,
    Rebuild,
    Scope,
    UnitDone,
    UnknownPortfolioError,
    check_scope,
    name_run,
    read_findings,
    swap,
)
from holdfast.registry.errors import RegistryError
from holdfast.settings.shared import PriceSettings
from holdfast.warehouse.client import Warehouse
from services.cli import connections
from services.cli.output import FAILED, console, done, errors, print_json, show
from services.cli.registry import JsonFlag

Portfolios = Annotated[
    tuple[str, ...],
    Parameter(name="--portfolio", negative=(), help="As acme/family; may be repeated. Everything if left out."),
]
Swap = Annotated[bool, Parameter(negative=(), help="Put what was derived in the place of what differs.")]
Resume = Annotated[
    str | None, Parameter(help="The name of a run that was cut short, to go on with it, for the same portfolios.")
]


async def rebuild(
    *, portfolio: Portfolios = (), swap: Swap = False, resume: Resume = None, json: JsonFlag = False
) -> None:
    """Derive every value and every total again from what was observed, and compare: there must be no difference.

    Exit code 1 where there is one that was not put right. May run beside everything else.
    """
    scope = _scope(portfolio)
    name = _resumed(resume, scope) if resume else name_run(scope, datetime.now(UTC))
    async with connections.warehouse() as warehouse:
        work = Rebuild(warehouse, run=name, scope=scope, ranking=_ranking())
        outcome = await _run(work, quiet=json, resumed=resume is not None)
        findings = await read_findings(warehouse, name) if outcome.differences else []
        repaired = await _repair(warehouse, work, outcome.differences if swap else 0, quiet=json)
    if json:
        print_json({**msgspec.structs.asdict(outcome), "repaired": repaired, "findings": findings})
    else:
        show([msgspec.structs.asdict(one) for one in findings], _COLUMNS, as_json=False, empty="")
        _tell(outcome, repaired)
    if outcome.differences > repaired:
        sys.exit(FAILED)


_COLUMNS = ["kind", "of", "stored", "derived", "detail"]


async def _run(work: Rebuild, *, quiet: bool, resumed: bool = False) -> Outcome:
    try:
        units, before = await work.plan()
    except UnknownPortfolioError as error:
        raise RegistryError("portfolio", str(error), "holdfast portfolio list shows those that there are") from error
    if resumed and not before:
        told = f"nothing is kept of a run {work.run_name[:80]!r}"
        raise RegistryError("resume", told, "Write its name as it was shown, or leave --resume out to begin one")
    finished = {one.unit for one in before}
    outcomes: list[UnitDone] = list(before)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} lines"),
        TimeRemainingColumn(),
        console=errors,
        disable=quiet,
    ) as progress:
        task = progress.add_task(f"rebuild {work.run_name}", total=sum(unit.lines for unit in units))
        progress.advance(task, sum(one.rows for one in before))
        async for one in work.work([unit for unit in units if unit.name not in finished]):
            outcomes.append(one)
            progress.advance(task, one.rows)
    return work.outcome(outcomes)


async def _repair(warehouse: Warehouse, work: Rebuild, before: int, *, quiet: bool) -> int:
    """How many of the differences of before are gone after the swap: all is derived once more to know."""
    if not before:
        return 0
    await swap(warehouse, work.run_name)
    again = work.again(f"{work.run_name}-swapped")
    return before - (await _run(again, quiet=quiet)).differences


def _tell(outcome: Outcome, repaired: int) -> None:
    rate = outcome.rows / outcome.seconds if outcome.seconds else 0
    done(f"run {outcome.run}: {outcome.rows:,} lines derived in {outcome.seconds:.1f} s ({rate:,.0f} a second)")
    if outcome.moving:
        console.print(f"{outcome.moving} rows changed while they were looked at: run it again for them", style="yellow")
    if not outcome.differences:
        done("no difference")
    elif repaired == outcome.differences:
        done(f"{repaired} differences put right")
    else:
        left = outcome.differences - repaired
        errors.print(f"[red]{left} differences[/]; holdfast rebuild --swap puts them right", highlight=False)


def _scope(portfolios: tuple[str, ...]) -> Scope:
    keys = []
    for text in portfolios:
        tenant, separator, portfolio = text.partition("/")
        if not separator:
            raise RegistryError("portfolio", f"{text!r} names no tenant", "Write it as acme/family")
        keys.append((tenant, portfolio))
    return Scope(portfolios=tuple(keys))


def _resumed(run: str, scope: Scope) -> str:
    try:
        check_scope(run, scope)
    except OtherScopeError as error:
        raise RegistryError("resume", str(error), "Name the portfolios that it began with, or begin another") from error
    return run


def _ranking() -> tuple[str, ...]:
    return connections.configuration().section("prices", PriceSettings).ranking
