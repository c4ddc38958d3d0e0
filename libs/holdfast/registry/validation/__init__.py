"""Every rule of the registry, in one place. Pure: a state and a wish go in, a record or a RegistryError comes out.

The store calls these on the very state that its compare-and-set is conditioned on, so a rule that
spans records (no cycles, tenants exist) holds under races too.
"""

from holdfast.registry.validation.existing import (
    existing_account,
    existing_key,
    existing_portfolio,
    existing_tenant,
    existing_watch,
)
from holdfast.registry.validation.portfolios import checked_portfolio, removable_account, removable_portfolio
from holdfast.registry.validation.rules import checked_rules
from holdfast.registry.validation.sources import checked_every, checked_sources
from holdfast.registry.validation.tenants import new_key, new_tenant
from holdfast.registry.validation.text import (
    checked_account_id,
    checked_currency,
    checked_label,
    checked_name,
    checked_time,
)
from holdfast.registry.validation.watches import check_room, checked_watch, default_every

__all__ = [
    "check_room",
    "checked_account_id",
    "checked_currency",
    "checked_every",
    "checked_label",
    "checked_name",
    "checked_portfolio",
    "checked_rules",
    "checked_sources",
    "checked_time",
    "checked_watch",
    "default_every",
    "existing_account",
    "existing_key",
    "existing_portfolio",
    "existing_tenant",
    "existing_watch",
    "new_key",
    "new_tenant",
    "removable_account",
    "removable_portfolio",
]
