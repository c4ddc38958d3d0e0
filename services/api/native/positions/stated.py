"""A line as its source stated it, valued, with the verdict whether it counts."""

from msgspec import Struct

from services.api.vocabulary import Money, Time


class StatedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a counted source's statement. Unknown is null, never 0."""

    source: str
    line: int
    account: str
    provider: str
    scope: str
    asset: str | None
    symbol: str
    asset_type: str
    asset_class: str
    chain: str | None
    platform: str
    position: str
    kind: str
    side: str
    """`asset` or `debt`; amounts and values are never negative."""
    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    price_source: str | None
    price_at: Time | None
    reason: str | None
    """Why the amount or the value is unknown, or why the line does not count."""
    counted: bool
    """Whether it is part of the total."""
    truncated: bool
    observed_at: Time
