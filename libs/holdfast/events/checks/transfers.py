"""Transfers of a range of blocks."""

from holdfast.domain.transfers import TokenTransfer
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


def check_transfers(message: TransfersObserved) -> None:
    check_account(message.account)
    check_times(message, "fetched_at")
    check_block("after", message.after)
    check_block("until", message.until)
    check_within("until.number", message.until.number, message.after.number + 1, message.after.number + MAX_BLOCKS)
    if message.until.time < message.after.time:
        raise InvalidMessageError("until.time", "is before after.time")
    last = (0, -1)
    for position, transfer in enumerate(message.transfers):
        at = f"transfers[{position}]"
        _transfer(at, transfer, message)
        if transfer.place <= last:
            raise InvalidMessageError(at, "is not behind the one before it: block number, then log index")
        last = transfer.place
    check_hashes(message.raw)


def _transfer(at: str, transfer: TokenTransfer, message: TransfersObserved) -> None:
    check_asset(f"{at}.asset", transfer.asset)
    check_number(f"{at}.amount", transfer.amount)
    check_block(f"{at}.block", transfer.block)
    check_within(f"{at}.block.number", transfer.block.number, message.after.number + 1, message.until.number)
    check_within(f"{at}.log_index", transfer.log_index, 0, 2**32 - 1)
    check_text(f"{at}.counterparty", transfer.counterparty)
    check_text(f"{at}.tx_hash", transfer.tx_hash)
    if len({transfer.block.chain, message.after.chain, message.until.chain}) > 1:
        raise InvalidMessageError(f"{at}.block.chain", "is another than that of the range")
