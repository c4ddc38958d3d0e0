"""What came of a bench: a table to look at, and JSON with the raw figures."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from rich.table import Table
from rich.text import Text

from tests.bench.line import Line
from tests.bench.machine import Machine

_ROOT = str(Path(__file__).parents[2])


class Outcome(Struct, frozen=True, kw_only=True):
    name: str
    seconds: float
    lines: list[Line] = []
    error: str = ""


def to_table(outcome: Outcome) -> Table:
    table = Table(title=f"{outcome.name}, {outcome.seconds:.0f} s", title_justify="left", header_style="bold")
    table.add_column("name", overflow="fold")
    for column in ("value", "unit", "limit", "ratio to limit", "rival", "ratio to rival"):
        table.add_column(column, justify="left" if column == "unit" else "right")
    for line in outcome.lines:
        table.add_row(
            line.name,
            _number(line.value),
            line.unit,
            _other(line.limit, line.limit_name),
            _number(line.ratio_to_limit),
            _other(line.rival, line.rival_name),
            _number(line.ratio_to_rival),
        )
    return table


def write_json(path: Path, machine: Machine, outcomes: Sequence[Outcome], *, quick: bool) -> None:
    """Medians, raw figures and ratios of one run."""
    found = {"quick": quick, "machine": machine, "benches": [_plain(outcome) for outcome in outcomes]}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def _plain(outcome: Outcome) -> dict[str, object]:
    lines = [
        {**msgspec.structs.asdict(line), "ratio_to_limit": line.ratio_to_limit, "ratio_to_rival": line.ratio_to_rival}
        for line in outcome.lines
    ]
    return {"name": outcome.name, "seconds": outcome.seconds, "error": _placeless(outcome.error), "lines": lines}


def _placeless(text: str) -> str:
    """Without the places of this machine."""
    return text.replace(_ROOT, "…").replace(tempfile.gettempdir(), "…")


def _other(value: float | None, name: str) -> Text:
    return Text() if value is None else Text.assemble(_number(value), "\n", (name, "dim"))


def _number(value: float | None) -> str:
    """Three significant digits are all that a noisy machine can vouch for."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
