"""What a command refers to must be there, and be the tenant's own."""

from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Account, ApiKey, Portfolio, Tenant, Watch
from holdfast.registry.state import RegistryState


def existing_tenant(state: RegistryState, tenant: str) -> Tenant:
    if (record := state.tenants.get(tenant)) is None:
        raise RegistryError("tenant", f"there is no tenant {tenant[:80]!r}", "Create it first: holdfast tenant create")
    return record


def existing_portfolio(state: RegistryState, tenant: str, portfolio: str, *, field: str = "portfolio") -> Portfolio:
    if (record := state.portfolios.get((tenant, portfolio))) is None:
        fix = "Create it first: holdfast portfolio create"
        raise RegistryError(field, f"tenant {tenant!r} has no portfolio {portfolio[:80]!r}", fix)
    return record


def existing_account(state: RegistryState, tenant: str, account: str, *, field: str = "account") -> Account:
    if (record := state.accounts.get((tenant, account))) is None:
        fix = "Add it first: holdfast account add"
        raise RegistryError(field, f"tenant {tenant!r} has no account {account[:120]!r}", fix)
    return record


def existing_key(state: RegistryState, tenant: str, key_id: str) -> ApiKey:
    key = state.keys.get(key_id)
    if key is None or key.tenant != tenant:
        raise RegistryError("key", f"tenant {tenant!r} has no key {key_id[:80]!r}", "List them: holdfast key list")
    return key


def existing_watch(state: RegistryState, identity: tuple[str, str, str, str, str]) -> Watch:
    """By (tenant, provider, feed, target, scope)."""
    if (watch := state.watches.get(identity)) is None:
        raise RegistryError("watch", f"{'/'.join(identity)[:200]!r} is not watched", "Check its spelling")
    return watch
