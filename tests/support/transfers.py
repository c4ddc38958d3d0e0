"""Statements of transfers for tests: a chain with a block every 12 seconds, and another fork of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from holdfast.domain.balances import Block
from holdfast.domain.transfers import CoinCause, CoinMovement, CoinMovements, TokenTransfer
from holdfast.events import TransfersObserved

START = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = "eip155:1:0x742d35cc6634c0532925a3b844bc9e7595f0beb5"
COIN = "eip155:1/slip44:60"
TOKEN = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
PEER = "0x00000000219ab540356cbb839cbe05303d7705fa"


def block(number: int, fork: str = "a") -> Block:
    """A block every 12 seconds; on another fork it has another hash."""
    return Block(
        chain="eip155:1",
        number=number,
        hash="0x" + f"{fork}{number:x}".rjust(64, "0"),
        time=START + timedelta(seconds=12 * number),
    )


def transfer(number: int, index: int, amount: str, fork: str = "a") -> TokenTransfer:
    """A negative amount goes out."""
    return TokenTransfer(
        asset=TOKEN,
        direction="out" if Decimal(amount) < 0 else "in",
        amount=abs(Decimal(amount)),
        counterparty=PEER,
        block=block(number, fork),
        tx_hash="0x" + f"{number:x}{index:x}".rjust(64, "0"),
        log_index=index,
    )


def moved(number: int, index: int, amount: str, *, cause: CoinCause = "transfer", fork: str = "a") -> CoinMovement:
    """Of the coin. A negative amount goes out."""
    return CoinMovement(
        cause=cause,
        direction="out" if Decimal(amount) < 0 else "in",
        amount=abs(Decimal(amount)),
        counterparty=PEER if cause == "transfer" else "",
        block=block(number, fork),
        tx_hash="" if cause == "other" else "0x" + f"c{number:x}".rjust(64, "0"),
        index=index,
    )


def coin(after: int, *movements: CoinMovement) -> CoinMovements:
    return CoinMovements(asset=COIN, after=block(after), movements=movements)


def stated(
    after: int,
    until: int,
    fetched_s: int,
    *transfers: TokenTransfer,
    coin: CoinMovements | None = None,
    fork: str = "a",
    tenant: str = "acme",
) -> TransfersObserved:
    return TransfersObserved(
        id=f"{after:010x}{until:010x}{fetched_s:012x}",
        tenant=tenant,
        provider="evm",
        account=ACCOUNT,
        scope="wallet",
        after=block(after),
        until=block(until, fork),
        fetched_at=START + timedelta(seconds=fetched_s),
        job_id="4" * 32,
        transfers=transfers,
        coin=coin,
    )
