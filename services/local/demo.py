"""The demo: what the simulator says is to be followed, put into the registry, and the providers' settings for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.store import RegistryStore

SHOWN_TENANT = "demo"
"""The tenant whose key is shown; the world has others, to show that they stay apart."""


def provider_variables(world: Mapping[str, Any]) -> dict[str, str]:
    """The world's `providers` as environment variables of a worker."""
    return dict(_variables("HOLDFAST_PROVIDERS", world["providers"]))


async def seed(store: RegistryStore, world: Mapping[str, Any], *, has_key: bool) -> str | None:
    """Register the world; what is there already stays. Returns a new key for the shown tenant, unless it has one."""
    state = await store.read()
    for tenant in world["tenants"]:
        if tenant["id"] not in state.tenants:
            await store.create_tenant(tenant["id"], name=tenant["name"])
    for account in world["accounts"]:
        choices = [SourceChoice(**source) for source in account["sources"]]
        await store.add_account(account["tenant"], account["account"], sources=choices, label=account["label"])
    for portfolio in world["portfolios"]:
        await store.put_portfolio(
            portfolio["tenant"],
            portfolio["id"],
            name=portfolio["name"],
            base_currency=portfolio["base_currency"],
            members=[Member(**member) for member in portfolio["members"]],
        )
    for watch in world["watches"]:
        await store.put_watch(**watch)
    if has_key:
        return None
    _, presented = await store.create_key(SHOWN_TENANT, label="demo")
    return presented.reveal()


def _variables(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _variables(f"{prefix}__{name.upper()}", item)
    else:
        yield prefix, str(value)
