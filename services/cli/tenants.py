"""`holdfast tenant`"""

from cyclopts import App

from services.cli.output import done, print_json, show
from services.cli.registry import JsonFlag, registry

app = App(name="tenant", help="Who owns keys, accounts and portfolios; nothing crosses tenants.")


@app.command
async def create(tenant: str, *, name: str = "", json: JsonFlag = False) -> None:
    """Add a tenant.

    Parameters
    ----------
    tenant
        Its id: lower-case letters, digits, '-' and '_'.
    name
        What people call it.
    """
    async with registry() as store:
        made = await store.create_tenant(tenant, name=name)
    print_json(made) if json else done(f"tenant {made.id}")


@app.command(name="list")
async def list_tenants(*, json: JsonFlag = False) -> None:
    """All tenants."""
    async with registry() as store:
        state = await store.read()
    rows = [{"id": t.id, "name": t.name, "created_at": t.created_at} for t in state.tenants.values()]
    show(rows, ["id", "name", "created_at"], as_json=json)
