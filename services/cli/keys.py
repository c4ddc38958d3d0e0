"""`holdfast key`"""

from cyclopts import App

from holdfast.registry.errors import RegistryError
from holdfast.registry.keys import derive_credentials
from services.cli import connections
from services.cli.output import console, done, print_json, show
from services.cli.registry import JsonFlag, TenantOption, chosen_tenant, registry

app = App(name="key", help="Keys of the API.")


@app.command
async def create(
    *, tenant: TenantOption = None, portfolio: str | None = None, label: str = "", json: JsonFlag = False
) -> None:
    """Make a key. It is shown now and never again.

    Parameters
    ----------
    portfolio
        Bind it to one portfolio, as a key for a dialect must be.
    label
        What it is for.
    """
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        key, presented = await store.create_key(owner, portfolio=portfolio, label=label)
    if json:
        print_json({"id": key.id, "tenant": key.tenant, "portfolio": key.portfolio, "key": presented.reveal()})
        return
    console.print(presented.reveal(), highlight=False, soft_wrap=True)
    done(f"key {key.id} of {key.tenant}" + (f", bound to {key.portfolio}" if key.portfolio else ""))


@app.command
async def revoke(key: str, *, tenant: TenantOption = None) -> None:
    """Make a key useless, for good.

    Parameters
    ----------
    key
        Its id, as `holdfast key list` shows it.
    """
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        await store.revoke_key(owner, key)
    done(f"key {key} is revoked")


@app.command(name="list")
async def list_keys(*, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """The keys of a tenant, or of all; never their secrets."""
    async with registry() as store:
        state = await store.read()
    rows = [
        {
            "id": key.id,
            "tenant": key.tenant,
            "portfolio": key.portfolio,
            "label": key.label,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        for key in state.keys.values()
        if tenant in (None, key.tenant)
    ]
    show(rows, ["id", "tenant", "portfolio", "label", "created_at", "revoked_at"], as_json=json)


@app.command
async def dialect(key: str, dialect: str, *, json: JsonFlag = False) -> None:
    """What a client that signs its requests is configured with, derived from the deployment's master key.

    Parameters
    ----------
    key
        The key's id, as `holdfast key list` shows it.
    dialect
        The system whose client it is, of those that sign: docs/dialects.md.
    """
    async with registry() as store:
        found = (await store.read()).keys.get(key)
    if found is None or found.revoked_at is not None:
        raise RegistryError("key", f"there is no live key {key[:80]!r}", "List them: holdfast key list")
    master_key = connections.configuration().secret("api.master_key")
    derived = derive_credentials(master_key, key, dialect=dialect)
    shown = {"key": derived.key, "secret": derived.secret.reveal(), "passphrase": derived.passphrase.reveal()}
    if json:
        print_json(shown)
        return
    for name, text in shown.items():
        console.print(f"{name:11}{text}", highlight=False, soft_wrap=True)
