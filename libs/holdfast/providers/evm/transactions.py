"""Transactions of an account, and what each of them cost: from a block with its transactions, and from their receipts.

    fee = gasUsed · effectiveGasPrice + blobGasUsed · blobGasPrice + l1Fee

`l1Fee` is what chains of the OP stack, and Scroll, charge for the chain below; others count it as gas.

Source: execution-apis, eth_getBlockByNumber and eth_getTransactionReceipt; EIP-1559; EIP-4844; the OP stack's
specification, "L1 cost fees"; Celo's documentation, "fee currencies".
"""

import re
from typing import Any

from msgspec import Struct

from holdfast.providers.evm.decoding import to_quantity
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError

_HASH = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


class Transaction(Struct, frozen=True, kw_only=True):
    """One that names the account as its sender, its receiver or both."""

    hash: str
    sender: str
    receiver: str
    """Empty where it creates a contract."""
    value: int
    """In the coin's smallest unit."""
    gas_price: int | None
    """As offered; the receipt has what was paid."""
    pays_in_token: bool
    """Celo's `feeCurrency`: the fee is none of the coin's."""


class Receipt(Struct, frozen=True, kw_only=True):
    """What became of a transaction."""

    succeeded: bool | None
    """None on chains that did not tell: before Byzantium."""
    fee: int
    """In the coin's smallest unit; 0 where the receipt does not tell."""
    created: str
    """The contract, where it created one."""


def parse_transactions(block: Any, address: str) -> list[Transaction]:
    """Those of the account, in their order. Raises UnexpectedResponseError."""
    entries = block.get("transactions") if isinstance(block, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnexpectedResponseError("eth_getBlockByNumber: a block without its transactions")
    return [_to_transaction(entry) for entry in entries if address in (_lower(entry, "from"), _lower(entry, "to"))]


def _to_transaction(entry: dict[str, Any]) -> Transaction:
    value, receiver = to_quantity(entry.get("value")), entry.get("to")
    known = Transaction(
        hash=_lower(entry, "hash"),
        sender=_lower(entry, "from"),
        receiver=_lower(entry, "to"),
        value=value or 0,
        gas_price=to_quantity(entry.get("gasPrice")),
        pays_in_token=entry.get("feeCurrency") is not None,
    )
    addressed = _ADDRESS.fullmatch(known.sender) and (receiver is None or _ADDRESS.fullmatch(known.receiver))
    if value is None or not _HASH.fullmatch(known.hash) or not addressed:
        raise UnexpectedResponseError(f"eth_getBlockByNumber: not a transaction: {str(entry)[:300]}")
    return known


def parse_receipt(answer: Any, transaction: Transaction, block_hash: str) -> Receipt:
    """Raises UnexpectedResponseError; ProviderUnavailableError where it is of another block, or not there (yet)."""
    if answer is None:
        raise ProviderUnavailableError(f"eth_getTransactionReceipt: the node does not have that of {transaction.hash}")
    fields = answer if isinstance(answer, dict) else {}
    if _lower(fields, "transactionHash") != transaction.hash:
        raise UnexpectedResponseError(f"eth_getTransactionReceipt: not that of {transaction.hash}: {str(answer)[:200]}")
    if _lower(fields, "blockHash") != block_hash:
        raise ProviderUnavailableError(f"transaction {transaction.hash} went into another block while it was read")
    status = to_quantity(fields.get("status"))
    return Receipt(
        succeeded=None if status is None else status == 1,
        fee=0 if transaction.pays_in_token else _fee(fields, transaction),
        created=_lower(fields, "contractAddress"),
    )


def _fee(fields: dict[str, Any], transaction: Transaction) -> int:
    price = to_quantity(fields.get("effectiveGasPrice"))
    gas = _quantity(fields, "gasUsed") * ((transaction.gas_price or 0) if price is None else price)
    return gas + _quantity(fields, "blobGasUsed") * _quantity(fields, "blobGasPrice") + _quantity(fields, "l1Fee")


def _quantity(fields: dict[str, Any], name: str) -> int:
    return to_quantity(fields.get(name)) or 0


def _lower(fields: dict[str, Any], name: str) -> str:
    text = fields.get(name)
    return text.lower() if isinstance(text, str) else ""
