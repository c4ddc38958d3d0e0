"""Transfers: what a chain itself says came in and went out of an account, block by block.

A range of blocks is a complete statement, as a snapshot is: a transfer that it does not list is not in those blocks.
So a later statement about a block supersedes an earlier one, and what a reorganisation undid is gone. Tokens are told
by the chain's logs. Its own coin moves without a log: it is told by the balances of its blocks, and by the transactions
that changed them. A node may know the one and not the other, so each has a range of its own.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

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


CoinCause = Literal["transfer", "fee", "other"]
"""What a transaction of the account sent or brought; what its own transactions cost; and what none of its transactions
tells: contracts that pay out, withdrawals of validators, rewards of blocks."""


class CoinMovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of what a block changed an account's balance of the coin by; together they are the change, exactly."""

    cause: CoinCause
    direction: Direction
    amount: Decimal | None
    """Not negative, in whole coins."""
    counterparty: str = ""
    """The other address of a transfer, as it is compared; of a fee and of what no transaction tells nobody."""
    block: Block
    tx_hash: str = ""
    """Empty for what no transaction of the account tells."""
    index: int
    """Among those of the block."""
    reason: TransferReason | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.block.number, self.index


class CoinMovements(Struct, frozen=True, kw_only=True):
    """All that moved of the coin, behind a block and up to the end of the range that this is a part of."""

    asset: str
    """CAIP-19."""
    after: Block
    """In the range, or where it begins: a node may hold the state of fewer blocks than it has logs of."""
    movements: tuple[CoinMovement, ...]
    """In the order of the chain."""

    def cut_at(self, block: Block) -> "tuple[CoinMovements | None, CoinMovements]":
        """Up to a block of the range, None where nothing is known before it; and behind it."""
        if block.number <= self.after.number:
            return None, self
        first = tuple(movement for movement in self.movements if movement.block.number <= block.number)
        rest = self.movements[len(first) :]
        return replace(self, movements=first), replace(self, after=block, movements=rest)


class TransferRange(Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    coin: CoinMovements | None = None
    """Of the chain's own coin; None: not known, which is not that nothing moved."""
    raw: tuple[str, ...] = ()
    """SHA-256 of each response body that this was read from."""

    @property
    def observed_at(self) -> datetime:
        return self.until.time
