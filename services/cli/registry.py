"""How commands open the registry, and what they all need from it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

from cyclopts import Parameter

from holdfast.providers.kit.discovery import discover
from holdfast.registry.commands import Catalogue
from holdfast.registry.errors import RegistryError
from holdfast.registry.state import RegistryState
from holdfast.registry.store import RegistryStore
from holdfast.registry.validation import existing_tenant
from services.cli import connections

TenantOption = Annotated[str | None, Parameter(name="--tenant", help="Whose; may be left out while there is only one.")]
AccountWord = Annotated[str, Parameter(help="CAIP-10, as eip155:1:0x…, or <provider>:<account id>.")]
PortfolioWord = Annotated[str, Parameter(help="Its id, as `holdfast portfolio list` shows it.")]
AssetWord = Annotated[str, Parameter(help="An asset id, as eip155:1/erc20:0x…; `holdfast totals` shows those held.")]
JsonFlag = Annotated[bool, Parameter(name="--json", negative=(), help="JSON for scripts instead of a table.")]


@asynccontextmanager
async def registry() -> AsyncIterator[RegistryStore]:
    async with connections.nats() as connection:
        yield RegistryStore(connection.js, clock=connections.clock, catalogue=catalogue())


def catalogue() -> Catalogue:
    return {name: module.manifest for name, module in discover().items()}


def chosen_tenant(state: RegistryState, named: str | None) -> str:
    """The named tenant, else the only one."""
    if named is not None:
        return existing_tenant(state, named).id
    if len(state.tenants) == 1:
        return next(iter(state.tenants))
    known = ", ".join(sorted(state.tenants)) or "none yet"
    raise RegistryError("tenant", f"which one? There are: {known}", "Name it with --tenant, or holdfast tenant create")


def parse_time(field: str, text: str | None) -> datetime | None:
    """ISO 8601 with a zone."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RegistryError(field, f"{text!r} is not ISO 8601", "Write it as 2026-01-31T00:00:00Z") from None
    if at.tzinfo is None:
        raise RegistryError(field, f"{text!r} has no time zone", "Add one, as 2026-01-31T00:00:00Z")
    return at


def parse_share(field: str, text: str | None) -> Decimal | None:
    """A decimal; whether it is one of those that are allowed is the registry's to say."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise RegistryError(field, f"{text!r} is not a number", "Write it as 0.2, which is a fifth") from None
