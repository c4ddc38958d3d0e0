"""The five answers of the portfolio API. `blockTimestamp` is Unix seconds; accounts are echoed as they were asked for.

A number that is null is unknown; Credmark itself writes 0 there (`is_unpriced`).
"""

from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType, field


class Position(Struct, frozen=True, kw_only=True, rename="camel"):
    token_address: str
    """Lower case; the chain's coin is 0xeeee…eeee."""
    balance: Decimal | None
    """Scaled by the token's decimals. Worked out from transfers, so it may even be below zero."""


class ValuedPosition(Struct, frozen=True, kw_only=True, rename="camel"):
    token_address: str
    token_price: Decimal | None
    balance: Decimal | None
    value: Decimal | None


class TokenReturn(Struct, frozen=True, kw_only=True, rename="camel"):
    token_address: str
    balance: Decimal | None
    value: Decimal | None
    return_: Decimal | None = field(name="return")
    """Realised and unrealised together."""


class Positions(Struct, frozen=True, kw_only=True, rename="camel"):
    chain_id: int
    block_number: int
    block_timestamp: int
    accounts: tuple[str, ...]
    positions: tuple[Position, ...]


class Value(Struct, frozen=True, kw_only=True, rename="camel"):
    chain_id: int
    block_number: int
    block_timestamp: int
    accounts: tuple[str, ...]
    quote_address: str
    value: Decimal | None
    positions: tuple[ValuedPosition, ...] | UnsetType = UNSET
    """Absent unless they were asked for, whatever the SDK's model says."""


class Returns(Struct, frozen=True, kw_only=True, rename="camel"):
    chain_id: int
    block_number: int
    block_timestamp: int
    accounts: tuple[str, ...]
    quote_address: str
    total_return: Decimal | None
    returns: tuple[TokenReturn, ...]
    """Every token ever held, also at balance 0."""


class PositionsPoint(Struct, frozen=True, kw_only=True, rename="camel"):
    block_number: int
    block_timestamp: int
    positions: tuple[Position, ...]


class ValuePoint(Struct, frozen=True, kw_only=True, rename="camel"):
    block_number: int
    block_timestamp: int
    value: Decimal | None
    positions: tuple[ValuedPosition, ...] | UnsetType = UNSET


class PositionsHistory(Struct, frozen=True, kw_only=True, rename="camel"):
    """Oldest first. Start and end are those asked for: the first point may be later than the start."""

    chain_id: int
    start_block_number: int
    end_block_number: int
    start_timestamp: int
    end_timestamp: int
    accounts: tuple[str, ...]
    data: tuple[PositionsPoint, ...]


class ValueHistory(Struct, frozen=True, kw_only=True, rename="camel"):
    chain_id: int
    start_block_number: int
    end_block_number: int
    start_timestamp: int
    end_timestamp: int
    accounts: tuple[str, ...]
    quote_address: str
    data: tuple[ValuePoint, ...]


def is_unpriced(balance: Decimal | None, value: Decimal | None) -> bool:
    """A balance without a price is shown with the value 0, which no balance is worth otherwise."""
    return value is None or (value == 0 and bool(balance))
