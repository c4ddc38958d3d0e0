"""How commands speak: a table for a person, JSON for a script, one clear line when something is wrong."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.domain.money import plain

_PIPE_COLUMNS = 1000


class PipedConsole(Console):
    """Of a pipe no line is broken, and it ends quietly when nobody reads any more, as under `| head`."""

    def __init__(self) -> None:
        super().__init__()
        if not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = _PIPE_COLUMNS

    def on_broken_pipe(self) -> None:
        os._exit(0)


console = PipedConsole()
errors = Console(stderr=True)

FAILED, USAGE, UNAVAILABLE, CONFIGURATION = 1, 2, 69, 78
"""Exit codes, as sysexits.h has them: unequal or refused, wrong words, a server that is away, bad settings."""


def show(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str = "nothing yet"
) -> None:
    """Rows as a table of `columns`, or all of each row as a JSON array."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print(empty, style="dim")
        return
    table = Table(header_style="bold")
    for column in columns:
        numeric = any(isinstance(row.get(column), int | Decimal) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not markup: a token may be called [/].
        table.add_row(*(Text(text(row.get(column))) for column in columns))
    console.print(table)


def print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value, enc_hook=_encode).decode() + "\n")


def text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return ", ".join(text(item) for item in value)
    return str(value)


def done(message: str) -> None:
    console.print("[green]✓[/]", Text(message), highlight=False, soft_wrap=True)


def fail(message: str, *, code: int = FAILED, fix: str = "") -> NoReturn:
    errors.print("[red]holdfast:[/]", Text(message), highlight=False, soft_wrap=True)
    if fix:
        errors.print(Text(f"  fix: {fix}"), highlight=False, soft_wrap=True)
    sys.exit(code)


def lines(items: Iterable[str]) -> str:
    return "\n".join(items)


def _encode(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    return str(value)
