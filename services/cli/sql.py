"""`holdfast sql`"""

import sys

from services.cli import connections
from services.cli.output import console, show
from services.cli.registry import JsonFlag


async def sql(query: str, *, json: JsonFlag = False, format: str | None = None) -> None:  # noqa: A002
    """Ask ClickHouse, read-only. The views that are made for it are in docs/sql.md.

    Parameters
    ----------
    query
        One SELECT.
    format
        A ClickHouse format, as CSVWithNames: its bytes go to standard output as they are.
    """
    async with connections.warehouse() as warehouse:
        if format is not None:
            sys.stdout.buffer.write(await warehouse.read_bytes(query, format=format, settings=_READ_ONLY))
            return
        rows = await warehouse.query(query, settings=_READ_ONLY)
    show(rows, list(rows[0]) if rows else [], as_json=json, empty="no rows")
    if not json:
        console.print(f"{len(rows)} rows", style="dim")


_READ_ONLY = {"readonly": 1}
