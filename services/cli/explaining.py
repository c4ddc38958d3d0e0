"""`holdfast explain`"""

from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from holdfast.domain.money import plain
from holdfast.registry.validation import existing_portfolio
from services.cli import connections
from services.cli.output import FAILED, console, fail, print_json, text
from services.cli.registry import JsonFlag, PortfolioWord, TenantOption, chosen_tenant, parse_time, registry

At = Annotated[str | None, Parameter(help="An instant (ISO 8601 with its zone) of the past; now if it is left out.")]

Row = dict[str, Any]


async def explain(
    portfolio: PortfolioWord, *, at: At = None, tenant: TenantOption = None, top: int = 20, json: JsonFlag = False
) -> None:
    """What a portfolio's total is made of, and where each line of it is from, down to what upstream said.

    Parameters
    ----------
    top
        Lines that are shown of each snapshot, the greatest first; with --json there are all.
    """
    async with registry() as store:
        state = await store.read()
    owner = chosen_tenant(state, tenant)
    instant = parse_time("at", at) or connections.clock.now()
    point, rows, bodies = await _read(owner, portfolio, instant)
    if point is None:
        existing_portfolio(state, owner, portfolio)
        fail(
            f"{portfolio!r} of {owner} has no total at {text(instant)}",
            code=FAILED,
            fix="holdfast totals shows the newest; holdfast portfolio list names what there is",
        )
    if json:
        print_json({"point": point, "lines": rows, "responses": bodies})
        return
    _show(portfolio, point, rows, bodies, top=top)


async def _read(tenant: str, portfolio: str, at: datetime) -> tuple[Row | None, list[Row], list[Row]]:
    of = {"tenant": tenant, "portfolio": portfolio, "at": at}
    async with connections.warehouse() as warehouse:
        points = await warehouse.query(_question("explained_point"), of)
        rows = await warehouse.query(_question("explained_lines"), of)
        named = {
            "hashes": sorted({sha256 for row in rows for sha256 in row["raw"]}),
            "jobs": sorted({row["job_id"] for row in rows}),
        }
        bodies = await warehouse.query(_question("explained_bodies"), {"tenant": tenant} | named)
    return points[0] if points else None, rows, bodies


def _show(portfolio: str, point: Row, rows: list[Row], bodies: list[Row], *, top: int) -> None:
    verdict = "the lines below sum up to it exactly" if point["adds_up"] else "[red]the lines do not sum up to it[/]"
    console.print(f"[bold]{portfolio}[/] net {text(point['net'])} USD at {text(point['valued_at'])}", highlight=False)
    console.print(
        f"assets {text(point['assets'])}, debt {text(point['debt'])}; {verdict}", highlight=False, style="dim"
    )
    for key in dict.fromkeys((row["source"], row["snapshot_id"]) for row in rows):
        mine = [row for row in rows if (row["source"], row["snapshot_id"]) == key]
        console.print(_to_tree(mine, bodies, top=top), highlight=False)


def _to_tree(rows: list[Row], bodies: list[Row], *, top: int) -> Tree:
    """One snapshot: its lines, and below them the event and the fetch that brought it first, with its bodies."""
    first = rows[0]
    tree = Tree(f"[bold]{first['provider']}[/]/{first['scope']} of {first['account']}")
    tree.add(_to_table(rows, top=top))
    origin = tree.add(f"snapshot {first['snapshot_id']}, observed {text(first['observed_at'])}")
    origin.add(f"event {first['stream_seq']} of EVENTS, recorded {text(first['recorded_at'])}")
    fetch = origin.add(f"job {first['job_id']}{_fetch(first)}")
    named = {body["sha256"]: body for body in bodies}
    heard = {body["sha256"]: body for body in bodies if body["job_id"] == first["job_id"]}
    for sha256 in [sha256 for sha256 in first["raw"] if sha256 in heard] or first["raw"]:
        fetch.add(Text(_body(sha256, heard.get(sha256) or named.get(sha256))))
    if first["fetched_at"] > first["first_fetched_at"]:
        origin.add(f"said again until {text(first['fetched_at'])}")
    return tree


def _to_table(rows: list[Row], *, top: int) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in ("asset", "kind", "amount", "USD", "priced by"):
        table.add_column(name, justify="right" if name in ("amount", "USD") else "left", overflow="fold")
    shown = sorted(rows, key=lambda row: -(row["value_usd"] or 0))[:top]
    for row in shown:
        table.add_row(
            Text(row["symbol"] or text(row["asset"])),
            row["kind"] if row["side"] == "asset" else f"{row['kind']} (debt)",
            text(row["amount"]),
            text(row["value_usd"]) if row["counted"] else f"({text(row['value_usd'])})",
            Text(_price(row)),
        )
    if len(rows) > len(shown):
        table.add_row(f"… {len(rows) - len(shown)} more", "", "", "", "")
    return table


def _price(row: Row) -> str:
    if not row["counted"] or row["value_usd"] is None:
        return str(row["reason"] or "")
    if row["feed_price"] is None:
        return f"{row['price_source']} itself"
    return (
        f"{row['price_source']}: {plain(row['feed_price'])} at {text(row['price_at'])}, event {row['price_event_id']}"
    )


def _fetch(row: Row) -> str:
    if row["fetch_started_at"] is None:
        return ", of which no record is kept"
    return f", fetched {text(row['fetch_started_at'])} in {row['fetch_requests']} requests"


def _body(sha256: str, body: Row | None) -> str:
    if body is None:
        return f"sha256 {sha256}, kept no longer"
    return f"sha256 {sha256}, {body['size_bytes']} bytes of {body['request_method']} {body['request_url']}"


def _question(name: str) -> str:
    return (files("services.cli") / f"{name}.sql").read_text(encoding="utf-8")
