"""Ranges of transfers, as they are said and as they are stored: the same content, whenever it was fetched.

A range is complete, so what it does not list any more is gone with the statement before it. Ranges overlap, and of two
that speak of one block the one fetched last holds: a correction follows right behind what it corrects, and before all
that was fetched later.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from holdfast.domain.money import cut
from holdfast.domain.transfers import CoinMovement, TokenTransfer
from holdfast.events import TransfersObserved
from holdfast.warehouse.client import Warehouse
from services.worker.reparsing.keeping import Current, Key, load_sql

_MS = timedelta(milliseconds=1)
_AMOUNT, _CAUSE = 2, 9
"""Among the texts of a transfer."""


async def read_current_transfers(warehouse: Warehouse, keys: Iterable[Key]) -> dict[Key, Current]:
    """Of each range the statement that was fetched last. Raises WarehouseError."""
    rows = await warehouse.query(load_sql("read_current_transfers"), {"keys": sorted(set(keys))})
    coins = {(row["source"], row["event_id"], row["fetched_at"]): row for row in rows if row["of_coin"]}
    return {
        (row["source"], row["until_time"], span_of(row["after_number"], row["until_number"])): _to_current(
            row, coins.get((row["source"], row["event_id"], row["fetched_at"]))
        )
        for row in rows
        if not row["of_coin"]
    }


def span_of(after: int, until: int) -> str:
    """How a range is named: the block before it, and its last."""
    return f"{after}-{until}"


def identity_of(said: TransfersObserved) -> str:
    """A hash of what it says."""
    coin = None
    if said.coin is not None:
        asset = said.coin.asset
        coin = said.coin.after.number, [_texts(asset, one, one.index, one.cause) for one in said.coin.movements]
    tokens = [_texts(one.asset, one, one.log_index, "transfer") for one in said.transfers]
    return _hash(said.after.hash, said.until.hash, tokens, coin)


def moved_in(said: TransfersObserved) -> int:
    return len(said.transfers) + (len(said.coin.movements) if said.coin else 0)


def behind(said: TransfersObserved, corrected: datetime) -> TransfersObserved:
    """Fetched right after what it corrects."""
    return replace(said, fetched_at=corrected + _MS)


def _to_current(tokens: dict[str, Any], coin: dict[str, Any] | None) -> Current:
    of_coin = None if coin is None else (coin["after_number"], _read(coin["moved"]))
    identity = _hash(tokens["after_hash"], tokens["until_hash"], _read(tokens["moved"]), of_coin)
    return Current(
        identity=identity,
        job_id=tokens["job_id"],
        lines=len(tokens["moved"]) + (len(coin["moved"]) if coin else 0),
        fetched_at=tokens["fetched_at"],
    )


def _texts(asset: str, one: TokenTransfer | CoinMovement, index: int, cause: str) -> list[str]:
    amount = "" if one.amount is None else _written(cut(one.amount).value)
    block = str(one.block.number), one.block.hash
    return [asset, one.direction, amount, one.counterparty, *block, one.tx_hash, str(index), one.reason or "", cause]


def _read(moved: Iterable[Iterable[str]]) -> list[list[str]]:
    """What is stored from before coins were told of has no cause: it is of tokens."""
    found = [list(texts) for texts in moved]
    for texts in found:
        texts[_AMOUNT] = texts[_AMOUNT] and _written(Decimal(texts[_AMOUNT]))
        texts[_CAUSE] = texts[_CAUSE] or "transfer"
    return found


def _written(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _hash(*parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
