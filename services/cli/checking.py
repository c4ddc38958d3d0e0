"""`holdfast checks`"""

from importlib.resources import files

from holdfast.registry.validation import existing_portfolio
from services.cli import connections
from services.cli.output import console, print_json, show
from services.cli.registry import JsonFlag, PortfolioWord, TenantOption, chosen_tenant, registry


async def checks(portfolio: PortfolioWord, *, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """Our numbers against what providers say, providers against each other, and the newest jumps of the total."""
    async with registry() as store:
        state = await store.read()
    owner = chosen_tenant(state, tenant)
    of = {"tenant": owner, "portfolio": portfolio}
    async with connections.warehouse() as warehouse:
        found = await warehouse.query(_question("checks"), of)
        jumps = await warehouse.query(_question("jumps"), of)
    if not found and not jumps:
        existing_portfolio(state, owner, portfolio)
    if json:
        print_json({"checks": found, "jumps": jumps})
        return
    columns = ["source", "against", "verdict", "reason", "ours", "theirs", "difference", "asset", "at"]
    show(found, columns, as_json=False, empty="nothing to hold against each other yet")
    console.print("[bold]jumps[/]")
    show(jumps, ["bucket", "net_before", "net", "asset", "cause", "price_source"], as_json=False, empty="none")


def _question(name: str) -> str:
    return (files("services.cli") / f"{name}.sql").read_text(encoding="utf-8")
