"""New tenants and their keys."""

from holdfast.events.subjects import PUBLIC
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import ApiKey, Tenant
from holdfast.registry.state import RegistryState
from holdfast.registry.validation.existing import existing_portfolio, existing_tenant
from holdfast.registry.validation.text import checked_label, checked_name


def new_tenant(state: RegistryState, tenant: Tenant) -> Tenant:
    checked_name("tenant", tenant.id)
    checked_label("name", tenant.name)
    if tenant.id == PUBLIC:
        raise RegistryError("tenant", f"{PUBLIC!r} is the tenant of market data", "Choose another name")
    if tenant.id in state.tenants:
        raise RegistryError("tenant", f"{tenant.id!r} exists already", "Choose another name")
    return tenant


def new_key(state: RegistryState, key: ApiKey) -> ApiKey:
    existing_tenant(state, key.tenant)
    checked_label("label", key.label)
    if key.portfolio is not None:
        existing_portfolio(state, key.tenant, key.portfolio)
    return key
