"""Blocks of a chain: numbered by world time, hashed so that a hash leads back to its number."""

import re
from datetime import datetime
from typing import Any

from services.simulator.world.chains import Chain
from services.simulator.world.draws import digest
from services.simulator.world.instants import unix_ms
from services.simulator.world.world import Block, World, block_at, block_numbered

_TAGS = {"latest": 0, "pending": 0, "safe": 32, "finalized": 64}
"""How many blocks behind the newest."""
_NUMBER_BYTES = 8
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,16}")


class UnknownBlockError(Exception):
    """No such block, or not yet."""


class MissingStateError(Exception):
    """A block from before the world began: known by number, its state is pruned."""


class BadBlockError(ValueError):
    """The parameter is no block at all."""


def hash_of(world: World, chain: Chain, number: int) -> str:
    """32 bytes: the number, disguised, then a digest of it."""
    disguise = int.from_bytes(digest(world.seed, f"block/{chain.id}", _NUMBER_BYTES), "big")
    tail = digest(world.seed, f"block/{chain.id}/{number}", 32 - _NUMBER_BYTES)
    return "0x" + (number ^ disguise).to_bytes(_NUMBER_BYTES, "big").hex() + tail.hex()


def find(world: World, chain: Chain, reference: Any, now: datetime) -> Block:
    """By tag, hexadecimal number, or EIP-1898 object.

    Raises UnknownBlockError, MissingStateError, BadBlockError.
    """
    if isinstance(reference, dict):
        if isinstance(by_hash := reference.get("blockHash"), str):
            return find_by_hash(world, chain, by_hash, now)
        reference = reference.get("blockNumber")
    if not isinstance(reference, str):
        raise BadBlockError("invalid argument: block number or tag expected")
    newest = block_at(chain, now).number
    if reference in _TAGS:
        number = max(chain.first_block, newest - _TAGS[reference])
    elif reference == "earliest":
        number = chain.first_block
    else:
        number = _quantity(reference)
    return _existing(chain, number, newest)


def find_by_hash(world: World, chain: Chain, text: str, now: datetime) -> Block:
    """Raises UnknownBlockError for the hash of another chain, or of a block to come."""
    if len(text) != 66:
        raise BadBlockError("invalid argument: hex string has wrong length, want 64 digits for common.Hash")
    disguise = int.from_bytes(digest(world.seed, f"block/{chain.id}", _NUMBER_BYTES), "big")
    number = _quantity(text[: 2 + 2 * _NUMBER_BYTES]) ^ disguise
    if hash_of(world, chain, number) != text.lower():
        raise UnknownBlockError
    return _existing(chain, number, block_at(chain, now).number)


def _existing(chain: Chain, number: int, newest: int) -> Block:
    if number > newest:
        raise UnknownBlockError
    if number < chain.first_block:
        raise MissingStateError
    return block_numbered(chain, number)


def _quantity(text: str) -> int:
    if not _QUANTITY.fullmatch(text):
        raise BadBlockError(f"invalid argument: {text[:80]!r} is no block number, tag or hash")
    return int(text, 16)


def render(world: World, chain: Chain, block: Block) -> dict[str, Any]:
    """As `eth_getBlockByNumber` gives it. It has no transactions: coins move inside of what contracts do."""
    nothing = "0x" + "00" * 32
    return {
        "number": hex(block.number),
        "hash": hash_of(world, chain, block.number),
        "parentHash": hash_of(world, chain, block.number - 1) if block.number else nothing,
        "timestamp": hex(unix_ms(block.time) // 1000),
        "nonce": "0x0000000000000000",
        "difficulty": "0x0",
        "gasLimit": "0x2255100",
        "gasUsed": "0x0",
        "baseFeePerGas": "0x3b9aca00",
        "miner": "0x" + "00" * 20,
        "extraData": "0x",
        "size": "0x220",
        "stateRoot": "0x" + digest(world.seed, f"state/{chain.id}/{block.number}", 32).hex(),
        "transactionsRoot": nothing,
        "receiptsRoot": nothing,
        "transactions": [],
        "uncles": [],
    }
