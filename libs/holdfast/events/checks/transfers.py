"""Transfers of a range of blocks."""

from collections.abc import Sequence
from itertools import pairwise

from holdfast.domain.balances import Block
from holdfast.domain.transfers import CoinMovement, CoinMovements, TokenTransfer
from holdfast.events.checks.fields import (
    InvalidMessageError,
    check_account,
    check_asset,
    check_block,
    check_hashes,
    check_number,
    check_text,
    check_times,
    check_within,
)
from holdfast.events.transfers import TransfersObserved

MAX_BLOCKS = 50_000_000
"""Of one range of transfers: half a year of the fastest chains."""
_MOST_INDEX = 2**32 - 1


def check_transfers(message: TransfersObserved) -> None:
    check_account(message.account)
    check_times(message, "fetched_at")
    check_block("after", message.after)
    check_block("until", message.until)
    check_within("until.number", message.until.number, message.after.number + 1, message.after.number + MAX_BLOCKS)
    if message.until.time < message.after.time:
        raise InvalidMessageError("until.time", "is before after.time")
    for position, transfer in enumerate(message.transfers):
        _transfer(f"transfers[{position}]", transfer, message)
    _check_order("transfers", [transfer.place for transfer in message.transfers])
    if message.coin is not None:
        _coin(message.coin, message)
    check_hashes(message.raw)


def _check_order(field: str, places: Sequence[tuple[int, int]]) -> None:
    for position, (before, this) in enumerate(pairwise(((0, -1), *places))):
        if this <= before:
            raise InvalidMessageError(f"{field}[{position}]", "is not behind the one before it: block, then index")


def _transfer(at: str, transfer: TokenTransfer, message: TransfersObserved) -> None:
    check_asset(f"{at}.asset", transfer.asset)
    check_number(f"{at}.amount", transfer.amount)
    _check_block(f"{at}.block", transfer.block, message.after, message)
    check_within(f"{at}.log_index", transfer.log_index, 0, _MOST_INDEX)
    check_text(f"{at}.counterparty", transfer.counterparty)
    check_text(f"{at}.tx_hash", transfer.tx_hash)


def _coin(coin: CoinMovements, message: TransfersObserved) -> None:
    check_asset("coin.asset", coin.asset)
    check_block("coin.after", coin.after)
    check_within("coin.after.number", coin.after.number, message.after.number, message.until.number - 1)
    if coin.after.chain != message.until.chain:
        raise InvalidMessageError("coin.after.chain", "is another than that of the range")
    for position, movement in enumerate(coin.movements):
        _movement(f"coin.movements[{position}]", movement, coin.after, message)
    _check_order("coin.movements", [movement.place for movement in coin.movements])


def _movement(at: str, movement: CoinMovement, after: Block, message: TransfersObserved) -> None:
    check_number(f"{at}.amount", movement.amount)
    _check_block(f"{at}.block", movement.block, after, message)
    check_within(f"{at}.index", movement.index, 0, _MOST_INDEX)
    if movement.counterparty:
        check_text(f"{at}.counterparty", movement.counterparty)
    if movement.tx_hash or movement.cause != "other":
        check_text(f"{at}.tx_hash", movement.tx_hash)


def _check_block(field: str, block: Block, after: Block, message: TransfersObserved) -> None:
    check_block(field, block)
    check_within(f"{field}.number", block.number, after.number + 1, message.until.number)
    if len({block.chain, message.after.chain, message.until.chain}) > 1:
        raise InvalidMessageError(f"{field}.chain", "is another than that of the range")
