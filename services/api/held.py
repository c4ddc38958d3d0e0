"""What sources held at some instants, asset by asset: what dialects that show holdings at an instant render."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct

from holdfast.registry.state import PortfolioSource
from holdfast.warehouse.rows import stored_time
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)


class Held(Struct, frozen=True, kw_only=True):
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
    def dollars(self) -> Decimal | None:
        """Null unless every line of it has a value."""
        return None if self.unvalued else Decimal(self.value_usd)


HeldT = TypeVar("HeldT", bound=Held)


async def read_held(
    api: Resources,
    members: Sequence[PortfolioSource],
    instants: Sequence[datetime],
    kind: type[HeldT],
    *,
    excluded: Iterable[str],
    now: datetime,
) -> dict[datetime, list[HeldT]]:
    """By instant. One before any source was seen has no entry: nothing is known of it. Once all had left one is empty.

    `excluded`: assets that the rules leave out. Like a receipt, such an asset may have a row, without lines.
    """
    spans = [
        (member.source.id, stored_time(member.valid_from or _BEGINNING), stored_time(member.valid_to or _END))
        for member in members
    ]
    held: dict[datetime, list[HeldT]] = {at: [] for at in instants if _have_left(members, at)}
    if not spans or not instants:
        return held
    params: dict[str, Any] = {
        "members": spans,
        "sources": sorted({source for source, _, _ in spans}),
        "instants": [stored_time(instant) for instant in instants],
        "excluded": sorted(excluded),
        "history": any(instant < now for instant in instants),
        "now": stored_time(now),
    }
    for row in await read(api.warehouse, load_sql(__file__, "held"), params, kind):
        held.setdefault(row.at, []).append(row)
    return held


def _have_left(members: Iterable[PortfolioSource], at: datetime) -> bool:
    """Whether all that had come by then had left: what has left is zero, not unknown."""
    came = [member for member in members if member.valid_from is None or member.valid_from <= at]
    return bool(came) and all(member.valid_to is not None and member.valid_to <= at for member in came)
