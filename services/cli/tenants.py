"""`holdfast tenant`"""

import hashlib
import secrets
import sys
from typing import Annotated

from cyclopts import App, Parameter

from holdfast.registry.validation import existing_tenant
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.tenancy import to_grants, to_statements, user_of
from services.cli.connections import configuration
from services.cli.output import done, print_json, show
from services.cli.registry import JsonFlag, registry

GrantsOnly = Annotated[
    bool,
    Parameter(negative=(), help="After an upgrade: what there is to read anew; user and password stay as they are."),
]

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


@app.command
async def access(tenant: str, *, grants_only: GrantsOnly = False) -> None:
    """Print what gives a tenant an analyst of its own on a ClickHouse server; pipe it to clickhouse-client.

    The statements go to standard output, the new password to standard error, once. The embedded engine needs
    none of it: there it is the setting embedded.tenant_analysts.

    Parameters
    ----------
    tenant
        Its id, as `holdfast tenant list` shows it.
    """
    async with registry() as store:
        existing_tenant(await store.read(), tenant)
    database = configuration().section("clickhouse", ClickHouseSettings).database
    if grants_only:
        _print(to_grants(database, tenant))
        return
    password = secrets.token_urlsafe(24)
    digest = hashlib.sha256(password.encode()).hexdigest()
    _print(to_statements(database, tenant, password_sha256=digest))
    sys.stderr.write(f"{user_of(tenant)}: {password}\n")


def _print(statements: list[str]) -> None:
    for statement in statements:
        sys.stdout.write(f"{statement};\n")
