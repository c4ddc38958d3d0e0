"""What a block did to an account's coin, in parts: what its transactions sent and brought, what they cost, the rest.

The balance says what the change is, so the parts always add up to it, to the last unit: what the account's own
transactions do not tell (contracts that pay out, withdrawals of validators, rewards of blocks, a fee that no receipt
names) is one part without a transaction.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from holdfast.domain.balances import Block
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.domain.transfers import CoinCause, CoinMovement, Direction
from holdfast.providers.evm.coin_changes import fetch_changes, looked_at
from holdfast.providers.evm.coins import DECIMALS
from holdfast.providers.evm.decoding import to_amount, to_bytes
from holdfast.providers.evm.envelope import Request
from holdfast.providers.evm.failures import StateGoneError
from holdfast.providers.evm.node import Node
from holdfast.providers.evm.pinning import parse_block
from holdfast.providers.evm.transactions import Receipt, Transaction, parse_receipt, parse_transactions
from holdfast.providers.kit.errors import ProviderUnavailableError
from holdfast.providers.kit.replaying import NotRecordedError


class Done(NamedTuple):
    """A transaction, and what became of it."""

    transaction: Transaction
    receipt: Receipt


class Told(NamedTuple):
    """All that moved of the coin behind block `after`."""

    after: int
    movements: tuple[CoinMovement, ...]


async def fetch_movements(
    node: Node, address: str, *, after: int, until: int, most: int, again: bool = False
) -> Told | None:
    """Of the newest `most` blocks in which something moved. None where nothing is known. Raises ProviderError.

    `again`: of blocks that other fetches told of. Of a contract's the first few are left to them: told from the middle
    of a stretch on, half of what passed through would be told.
    """
    looks = looked_at(after, until) if await _is_contract(node, address, until) else []
    if again and looks:
        after = looks[0]
    changes = await fetch_changes(node, address, after=after, until=until, most=most, looks=looks)
    if changes is None:
        return None
    movements: list[CoinMovement] = []
    for start in range(0, len(changes.found), _BLOCKS_AT_ONCE):
        some = changes.found[start : start + _BLOCKS_AT_ONCE]
        blocks = await _fetch_blocks(node, [change.number for change in some], address)
        done = await _fetch_done(node, blocks)
        for change, (block, _) in zip(some, blocks, strict=True):
            movements += to_movements(block, change.delta, done[block.hash], address)
    return Told(changes.after, tuple(movements))


async def _is_contract(node: Node, address: str, block: int) -> bool:
    """Whether there is code: then others may move its coin, and its count of transactions does not tell."""
    try:
        answer = await node.ask(Request("eth_getCode", [address, hex(block)]))
        return bool(to_bytes(node.settle("eth_getCode", answer)))
    except (StateGoneError, NotRecordedError):  # the latter: reading again what was answered before this was asked
        return False


_BLOCK, _RECEIPT = "eth_getBlockByNumber", "eth_getTransactionReceipt"
_BLOCKS_AT_ONCE = 4
"""With all of its transactions one may be a megabyte."""
_Read = tuple[Block, list[Transaction]]


async def _fetch_blocks(node: Node, numbers: Sequence[int], address: str) -> list[_Read]:
    """With the account's transactions."""
    answers = await node.ask_many([Request(_BLOCK, [hex(number), True]) for number in numbers])
    settled = [node.settle(_BLOCK, answer) for answer in answers]
    for number, answer in zip(numbers, settled, strict=True):
        if answer is None:
            raise ProviderUnavailableError(f"{_BLOCK}: the node does not have block {number} (any more)")
    return [(parse_block(answer, node.chain), parse_transactions(answer, address)) for answer in settled]


async def _fetch_done(node: Node, blocks: Sequence[_Read]) -> dict[str, list[Done]]:
    """By the hash of each block."""
    asked = [(block, transaction) for block, transactions in blocks for transaction in transactions]
    answers = await node.ask_many([Request(_RECEIPT, [transaction.hash]) for _, transaction in asked])
    receipts = [node.settle(_RECEIPT, answer) for answer in answers]
    missing = [block for (block, _), receipt in zip(asked, receipts, strict=True) if receipt is None]
    listed = await _fetch_listed(node, missing)
    done: dict[str, list[Done]] = {block.hash: [] for block, _ in blocks}
    for (block, one), receipt in zip(asked, receipts, strict=True):
        done[block.hash].append(Done(one, parse_receipt(receipt or listed.get(one.hash), one, block.hash)))
    return done


async def _fetch_listed(node: Node, blocks: Sequence[Block]) -> dict[str, Any]:
    """All receipts of some blocks, by transaction: nodes find those of the last year by hash, and older ones so."""
    numbers = sorted({block.number for block in blocks})
    answers = await node.ask_many([Request("eth_getBlockReceipts", [hex(number)]) for number in numbers])
    lists = [answer for answer in answers if isinstance(answer, list)]
    entries = [entry for of_block in lists for entry in of_block if isinstance(entry, dict)]
    return {str(entry.get("transactionHash")).lower(): entry for entry in entries}


class _Part(NamedTuple):
    cause: CoinCause
    delta: int
    direction: Direction
    raw: int
    counterparty: str = ""
    tx_hash: str = ""


def to_movements(block: Block, delta: int, done: Sequence[Done], address: str) -> tuple[CoinMovement, ...]:
    """`delta`: what the account's balance changed by in the block."""
    parts = [part for one in done for part in _parts(one, address)]
    rest = delta - sum(part.delta for part in parts)
    if rest:
        parts.append(_Part("other", rest, "in" if rest > 0 else "out", abs(rest)))
    return tuple(_to_movement(part, block, index) for index, part in enumerate(parts))


def _parts(done: Done, address: str) -> Iterator[_Part]:
    """One that failed costs its fee and moves nothing; nor is it known to move anything if it may have failed."""
    transaction, receipt = done
    if transaction.value and receipt.succeeded:
        yield _transferred(transaction, receipt, address)
    if transaction.sender == address and receipt.fee:
        yield _Part("fee", -receipt.fee, "out", receipt.fee, tx_hash=transaction.hash)


def _transferred(transaction: Transaction, receipt: Receipt, address: str) -> _Part:
    value, receiver = transaction.value, transaction.receiver or receipt.created
    if transaction.sender == receiver:
        return _Part("transfer", 0, "self", value, address, transaction.hash)
    if transaction.sender == address:
        return _Part("transfer", -value, "out", value, receiver, transaction.hash)
    return _Part("transfer", value, "in", value, transaction.sender, transaction.hash)


def _to_movement(part: _Part, block: Block, index: int) -> CoinMovement:
    amount = _known_amount(part.raw)
    return CoinMovement(
        cause=part.cause,
        direction=part.direction,
        amount=amount,
        counterparty=part.counterparty,
        block=block,
        tx_hash=part.tx_hash,
        index=index,
        reason="out_of_range" if amount is None else None,
    )


def _known_amount(raw: int) -> Decimal | None:
    """None where it is too large to be stored."""
    amount = to_amount(raw, DECIMALS)
    try:
        cut(amount)
    except OutOfRangeError:
        return None
    return amount
