"""`holdfast totals`"""

from importlib.resources import files
from typing import Literal

from holdfast.registry.validation import existing_portfolio
from services.cli import connections
from services.cli.output import FAILED, console, fail, print_json, show, text
from services.cli.registry import JsonFlag, PortfolioWord, TenantOption, chosen_tenant, registry

Axis = Literal["asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side"]


async def totals(
    portfolio: PortfolioWord, *, by: Axis = "asset", tenant: TenantOption = None, json: JsonFlag = False
) -> None:
    """What a portfolio is worth now, in USD, and what it consists of.

    Parameters
    ----------
    by
        The axis of the breakdown.
    """
    async with registry() as store:
        state = await store.read()
    owner = chosen_tenant(state, tenant)
    of = {"tenant": owner, "portfolio": portfolio}
    async with connections.warehouse() as warehouse:
        values = await warehouse.query(_question("value"), of)
        parts = await warehouse.query(_question("breakdown"), of | {"axis": by})
    if not values:
        existing_portfolio(state, owner, portfolio)
        fail(f"{portfolio!r} of {owner} has no total yet", code=FAILED, fix="holdfast portfolio show; holdfast watch")
    value = values[0]
    if json:
        print_json({**value, "breakdown": parts})
        return
    console.print(f"[bold]{portfolio}[/] net {text(value['net'])} USD", highlight=False)
    console.print(f"assets {text(value['assets'])}, debt {text(value['debt'])}", highlight=False, style="dim")
    console.print(
        f"{value['lines']} lines, {value['lines_unpriced']} without a value, {value['lines_excluded']} left out; "
        f"as of {text(value['as_of'])}, oldest input {text(value['oldest_input'])}",
        highlight=False,
        style="dim",
    )
    show(
        [{by: part["key"], **part} for part in parts], [by, "assets", "debt", "lines", "lines_unpriced"], as_json=False
    )


def _question(name: str) -> str:
    return (files("services.cli") / f"{name}.sql").read_text(encoding="utf-8")
