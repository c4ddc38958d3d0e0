"""`make bench [BENCH=name] [QUICK=1]`: measures, prints a table for each bench, writes bench.json.

A bench is a module of this folder with `NAME` and `async def measure(quick) -> list[Line]`. One that
fails is told of and makes the exit code 1; the others still run.
"""

import argparse
import asyncio
import importlib
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from tests.bench.machine import describe
from tests.bench.report import Outcome, to_table, write_json

FOLDER = Path(__file__).parent
_FILE = Path("bench.json")
_LONGEST_S = 1800


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="as `ingest latest`; none means all")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer rounds: a look, not a figure to quote")
    arguments = parser.parse_args()
    try:
        names = _chosen(arguments.names)
    except ValueError as error:
        parser.error(str(error))
    sys.exit(_run(names, quick=arguments.quick, console=Console()))


def benches() -> list[str]:
    """The modules of this folder that are one, found without running any."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if "\nNAME = " in path.read_text(encoding="utf-8"))


def _chosen(wanted: Sequence[str]) -> Sequence[str]:
    known = benches()
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"no bench {', '.join(unknown)}; there are {', '.join(known)}")
    return wanted or known


def _run(names: Iterable[str], *, quick: bool, console: Console) -> int:
    machine = describe()
    outcomes = []
    for name in names:
        console.print(f"{name} …", style="dim")
        outcome = _measured(name, quick=quick)
        outcomes.append(outcome)
        console.print(f"{name} failed: {outcome.error}" if outcome.error else to_table(outcome), markup=False)
        write_json(_FILE, machine, outcomes, quick=quick)  # after each: a long run that is cut short has told something
    return 1 if any(outcome.error for outcome in outcomes) else 0


def _measured(name: str, *, quick: bool) -> Outcome:
    began = time.monotonic()
    try:
        module = importlib.import_module(f"tests.bench.{name}")
        lines = asyncio.run(asyncio.wait_for(module.measure(quick), _LONGEST_S))
    except Exception as error:  # noqa: BLE001 - the others still run
        traceback.print_exc()
        return Outcome(name=name, seconds=time.monotonic() - began, error=f"{type(error).__name__}: {error}")
    return Outcome(name=name, seconds=time.monotonic() - began, lines=lines)


if __name__ == "__main__":
    main()
