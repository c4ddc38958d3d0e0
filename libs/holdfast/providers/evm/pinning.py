"""The one block that a snapshot is read at.

Calls name it by hash (EIP-1898), so that a reorganisation, or a second node behind the same
address, cannot mix two histories into one snapshot. A node that only takes numbers is read by
number, and the block's hash is looked at again afterwards.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from holdfast.domain.balances import Block
from holdfast.providers.evm.decoding import to_quantity
from holdfast.providers.evm.envelope import Answer, Request
from holdfast.providers.evm.failures import RpcFailure, is_block_form_refused
from holdfast.providers.evm.node import Node
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError

_HASH = re.compile(r"0x[0-9a-f]{64}")
_FAR_FUTURE = 253_402_300_800
"""Year 10000, where datetime ends."""


class Pin(Struct, frozen=True, kw_only=True):
    block: Block
    by_hash: bool = True

    @property
    def reference(self) -> Any:
        """The block parameter of `eth_call` and `eth_getBalance`."""
        if self.by_hash:
            return {"blockHash": self.block.hash, "requireCanonical": True}
        return hex(self.block.number)


async def fetch_block(node: Node, *, confirmation_blocks: int) -> Block:
    """The newest block but `confirmation_blocks`. Raises ProviderError."""
    newest = await _fetch(node, "latest")
    if confirmation_blocks == 0:
        return newest
    return await _fetch(node, hex(max(0, newest.number - confirmation_blocks)))


async def fetch_numbered(node: Node, number: int) -> Block:
    """Raises ProviderError."""
    return await _fetch(node, hex(number))


async def fetch_numbers(node: Node, numbers: Sequence[int]) -> dict[int, Block]:
    """The blocks of these numbers, asked for together. Raises ProviderError."""
    answers = await node.ask_many([_request(hex(number)) for number in numbers])
    return {number: _settled(node, hex(number), answer) for number, answer in zip(numbers, answers, strict=True)}


async def fetch_coins(node: Node, block: Block, address: str) -> tuple[Pin, int]:
    """The native balance in its smallest unit, and the form of block reference that the node took for it."""
    pin = Pin(block=block)
    answer = await _ask_balance(node, pin, address)
    if isinstance(answer, RpcFailure) and is_block_form_refused(answer):
        pin = Pin(block=block, by_hash=False)
        answer = await _ask_balance(node, pin, address)
    amount = to_quantity(node.settle("eth_getBalance", answer))
    if amount is None:
        raise UnexpectedResponseError(f"eth_getBalance: not a quantity: {str(answer)[:80]}")
    return pin, amount


async def check_unmoved(node: Node, pin: Pin) -> None:
    """Raises ProviderUnavailableError when the block read by number is no longer the same one."""
    if pin.by_hash:
        return
    now = await _fetch(node, hex(pin.block.number))
    if now.hash != pin.block.hash:
        raise ProviderUnavailableError(
            f"block {pin.block.number} of {pin.block.chain} was reorganised while it was read; "
            "a greater confirmation_blocks makes this rare"
        )


async def _ask_balance(node: Node, pin: Pin, address: str) -> Answer:
    return await node.ask(Request("eth_getBalance", [address, pin.reference]))


async def _fetch(node: Node, which: str) -> Block:
    return _settled(node, which, await node.ask(_request(which)))


def _request(which: str) -> Request:
    return Request("eth_getBlockByNumber", [which, False])


def _settled(node: Node, which: str, answer: Answer) -> Block:
    answer = node.settle("eth_getBlockByNumber", answer)
    if answer is None:
        raise ProviderUnavailableError(f"eth_getBlockByNumber: the node does not have block {which} (yet)")
    return parse_block(answer, node.chain)


def parse_block(answer: Any, chain: str) -> Block:
    """Raises UnexpectedResponseError naming the field that is not as it must be."""
    fields = answer if isinstance(answer, dict) else {}
    number, seconds = to_quantity(fields.get("number")), to_quantity(fields.get("timestamp"))
    block_hash = str(fields.get("hash")).lower()
    if number is None or number >= 2**63:
        raise UnexpectedResponseError(f"a block without a number: {str(fields.get('number'))[:80]}")
    if not _HASH.fullmatch(block_hash):
        raise UnexpectedResponseError(f"block {number} without a hash: {block_hash[:80]}")
    if seconds is None or seconds >= _FAR_FUTURE:
        raise UnexpectedResponseError(f"block {number} without a timestamp: {str(fields.get('timestamp'))[:80]}")
    return Block(chain=chain, number=number, hash=block_hash, time=datetime.fromtimestamp(seconds, UTC))
