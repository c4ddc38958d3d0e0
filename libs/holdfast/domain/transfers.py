"""Transfers: what a chain's own logs say came in and went out of an account, block by block.

A range of blocks is a complete statement, as a snapshot is: a transfer that it does not list is not in those blocks.
So a later statement about a block supersedes an earlier one, and what a reorganisation undid is gone.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from holdfast.domain.balances import Block

Direction = Literal["in", "out", "self"]
"""`self`: from the account to itself; nothing moves."""

TransferReason = Literal["unreadable", "out_of_range"]
"""Why an amount is unknown: the token does not tell its decimals, or Decimal(76, 36) cannot hold it."""


class TokenTransfer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One transfer of a token, as the account sees it."""

    asset: str
    """CAIP-19."""
    direction: Direction
    amount: Decimal | None
    """Not negative, in whole units of the token."""
    counterparty: str
    """The other address, as it is compared."""
    block: Block
    tx_hash: str
    log_index: int
    """In the block: with its number, the transfer's place in the chain."""
    reason: TransferReason | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.block.number, self.log_index


class TransferRange(Struct, frozen=True, kw_only=True):
    """What a provider hands over: all transfers of an account behind one block, up to another."""

    account: str
    scope: str
    after: Block
    """Not in the range: its state is what the first transfer changes."""
    until: Block
    """In the range."""
    fetched_at: datetime
    transfers: tuple[TokenTransfer, ...]
    """In the order of the chain."""
    raw: tuple[str, ...] = ()
    """SHA-256 of each response body that this was read from."""

    @property
    def observed_at(self) -> datetime:
        return self.until.time
