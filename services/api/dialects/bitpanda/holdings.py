"""What the key's portfolio held at some instants."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.exact import total
from holdfast.registry.state import counted_sources
from services.api.dialects.bitpanda.symbols import to_symbol, to_ticker
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)


class Holding(Struct, frozen=True, kw_only=True):
    """One asset at one instant, all counted lines of it, debt subtracted."""

    at: Time
    asset: str | None
    """Null: lines that state a value alone."""
    lines: int
    symbol: str
    asset_type: str
    chain: str | None
    amount: Money | None
    """Null where one of its lines has none."""
    unvalued: int
    """How many of its lines have no value."""
    value_usd: Money
    """Of those that have one."""
    price_at: Time | None
    observed_at: Time

    @property
    def wire_symbol(self) -> str:
        return to_symbol(self.asset or "", self.symbol)

    @property
    def ticker(self) -> str:
        return to_ticker(self.asset or "", self.symbol)

    @property
    def dollars(self) -> Decimal | None:
        """Null unless every line of it has a value."""
        return None if self.unvalued else Decimal(self.value_usd)


Holdings = dict[datetime, list[Holding]]


async def read_holdings(
    api: Resources, tenant: str, portfolio: str, instants: Sequence[datetime], *, now: datetime
) -> Holdings:
    """By instant. One before any source was seen has no entry: nothing is known of it."""
    members = [
        (member.source.id, member.valid_from or _BEGINNING, member.valid_to or _END)
        for member in counted_sources(api.registry, tenant, portfolio)
    ]
    if not members:
        return {}
    params = {
        "members": members,
        "sources": sorted({source for source, _, _ in members}),
        "instants": list(instants),
        "history": any(instant < now for instant in instants),
    }
    held: Holdings = {}
    for row in await read(api.warehouse, load_sql(__file__, "holdings"), params, Holding):
        held.setdefault(row.at, []).append(row)
    return held


def total_of(holdings: Sequence[Holding]) -> Decimal:
    """In US dollars, of every line whose value is known: our own total."""
    return total(Decimal(one.value_usd) for one in holdings)
