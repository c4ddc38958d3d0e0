"""What the key's portfolio held at some instants, with the names that assets have on this wire."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from holdfast.domain.exact import total
from holdfast.registry.state import counted_sources
from services.api.dialects.bitpanda.symbols import to_symbol, to_ticker
from services.api.held import Held, read_held
from services.api.native.totals.current import excluded_now
from services.api.resources import Resources


class Holding(Held, frozen=True, kw_only=True):
    @property
    def wire_symbol(self) -> str:
        return to_symbol(self.asset or "", self.symbol)

    @property
    def ticker(self) -> str:
        return to_ticker(self.asset or "", self.symbol)


Holdings = dict[datetime, list[Holding]]


async def read_holdings(
    api: Resources, tenant: str, portfolio: str, instants: Sequence[datetime], *, now: datetime
) -> Holdings:
    """By instant. One before any source was seen has no entry: nothing is known of it."""
    members = counted_sources(api.registry, tenant, portfolio)
    excluded = excluded_now(api.registry, tenant, portfolio)
    return await read_held(api, members, instants, Holding, excluded=excluded, now=now)


def total_of(holdings: Sequence[Holding]) -> Decimal:
    """In US dollars, of every line whose value is known: our own total."""
    return total(Decimal(one.value_usd) for one in holdings)
