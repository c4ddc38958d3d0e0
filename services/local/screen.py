"""What a person sees while the stack starts and runs: progress, then addresses and live totals.

On a terminal the table is redrawn in place; into a pipe each state is one line, and the table is
printed once. Nothing is cut: what does not fit is folded, and an address or a key that does not fit
the frame is printed without one, as a line that can be copied.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_BESIDE = 16
"""Columns of a frame and of a fact's name."""
_WITH_NAMES = 100
"""Columns from which on names have room beside the figures."""
_PIPE_COLUMNS = 132
"""Of what is no window."""


class PortfolioLine(Struct, frozen=True, kw_only=True):
    """A portfolio as the API tells it. Amounts are text, as the API gave them; None is unknown."""

    id: str
    name: str
    net: str | None
    assets: str | None
    debt: str | None
    unpriced: int
    as_of: str | None


class Screen:
    """Shows states. Use as a context manager; `running` switches from progress to the table."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or wide_console()
        self._states: dict[str, str] = {}
        self._facts: Mapping[str, str] = {}
        self._portfolios: Sequence[PortfolioLine] = ()
        self._up = False
        self._live = Live(console=self._console, refresh_per_second=8, get_renderable=self._render, transient=False)

    def __enter__(self) -> "Screen":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def report(self, process: str, state: str) -> None:
        self._states[process] = state
        if not self._console.is_terminal:
            self._console.print(f"{process}: {state}", highlight=False, markup=False)

    def running(self, facts: Mapping[str, str], portfolios: Sequence[PortfolioLine]) -> None:
        first, self._up = not self._up, True
        self._facts, self._portfolios = facts, portfolios
        if first and not self._framed():
            for name, text in facts.items():
                line = Text.assemble((f"{name:<12}", "bold"), text)
                self._console.print(line, highlight=False, soft_wrap=True)
        if first and not self._console.is_terminal:
            self._console.print(self._table())

    def revalued(self, portfolios: Sequence[PortfolioLine]) -> None:
        self._portfolios = portfolios

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        return self._table() if self._up else self._progress()

    def _progress(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        for name, state in self._states.items():
            mark: RenderableType = Text("✓", style="green") if state in ("ready", "done") else Spinner("dots")
            grid.add_row(mark, name, Text(state, style="dim"))
        return Panel(grid, title="Holdfast is starting", title_align="left", border_style="blue")

    def _table(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self._framed():
            parts.append(Panel(self._grid(), title="Holdfast is running", title_align="left", border_style="green"))
        if self._portfolios:
            parts.append(self._totals())
        troubled = {name: state for name, state in self._states.items() if state not in ("ready", "done")}
        return Group(*parts, *(Text(f"{name}: {state}", style="yellow") for name, state in troubled.items()))

    def _grid(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        for name, text in self._facts.items():
            grid.add_row(Text(name, style="bold"), Text(text))
        return grid

    def _framed(self) -> bool:
        """Whether the facts fit a frame with none of them broken."""
        return all(_BESIDE + len(text) <= self._console.width for text in self._facts.values())

    def _totals(self) -> Table:
        totals = Table(header_style="bold", expand=False)
        named = self._console.width >= _WITH_NAMES
        for column in ("portfolio", "name") if named else ("portfolio",):
            totals.add_column(column, overflow="fold")
        for column in ("net USD", "assets", "debt", "unpriced lines" if named else "unpriced", "as of"):
            totals.add_column(column, justify="right", overflow="fold")
        for line in self._portfolios:
            totals.add_row(
                line.id, *([Text(line.name)] if named else []), _money(line.net), _money(line.assets),
                _money(line.debt), str(line.unpriced), _age(line.as_of),
            )  # fmt: skip
        return totals


def wide_console() -> Console:
    """One that breaks no figure where its lines go into a pipe."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_COLUMNS
    return console


def _money(text: str | None) -> str:
    """Two decimals for the eye; the API and SQL have all of them."""
    if text is None:
        return "unknown"
    whole, _, fraction = text.partition(".")
    return f"{int(whole):,}.{(fraction + '00')[:2]}"


def _age(as_of: str | None) -> str:
    if as_of is None:
        return "never"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(as_of)).total_seconds()
    for unit, length, most in (("s", 1, 600), ("min", 60, 7200), ("h", 3600, 172_800)):
        if abs(seconds) < most:
            return f"{seconds / length:.0f} {unit} ago"
    return as_of[:10]
