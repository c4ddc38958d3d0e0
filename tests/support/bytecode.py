"""EVM contracts for tests, assembled here: tokens of every kind, and a Multicall3 of our own.

`assemble` takes opcode names, ints (the shortest PUSH that holds them), `label:` (a place to jump
to), `@label` (pushes where it is), `.label` (a place in the data, no jump) and bytes (as they are).
"""

from collections.abc import Mapping
from typing import TypeAlias

Item: TypeAlias = str | int | bytes

_OPCODES = {
    "STOP": 0x00, "ADD": 0x01, "SUB": 0x03, "LT": 0x10, "EQ": 0x14, "ISZERO": 0x15, "AND": 0x16, "NOT": 0x19,
    "SHL": 0x1B, "SHR": 0x1C, "KECCAK256": 0x20, "CALLDATALOAD": 0x35, "CALLDATACOPY": 0x37, "CODECOPY": 0x39,
    "RETURNDATASIZE": 0x3D, "RETURNDATACOPY": 0x3E, "POP": 0x50, "MLOAD": 0x51, "MSTORE": 0x52, "SLOAD": 0x54,
    "JUMP": 0x56, "JUMPI": 0x57, "GAS": 0x5A, "DUP1": 0x80, "RETURN": 0xF3, "STATICCALL": 0xFA, "REVERT": 0xFD,
    "INVALID": 0xFE, "CALLER": 0x33, "SSTORE": 0x55, "SWAP1": 0x90, "LOG3": 0xA3, "LOG4": 0xA4,
}  # fmt: skip
_PUSH1, _PUSH2, _JUMPDEST = 0x60, 0x61, 0x5B

BALANCE_OF, DECIMALS, SYMBOL, NAME = 0x70A08231, 0x313CE567, 0x95D89B41, 0x06FDDE03
TRANSFER = 0xA9059CBB
"""`transfer(address,uint256)`"""
TRANSFERRED = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
"""The event `Transfer(address,address,uint256)`"""


def assemble(*items: Item) -> bytes:
    code, places, uses = bytearray(), {}, []
    for item in items:
        if isinstance(item, bytes):
            code += item
        elif isinstance(item, int):
            digits = item.to_bytes(max(1, (item.bit_length() + 7) // 8), "big")
            code += bytes([_PUSH1 + len(digits) - 1]) + digits
        elif item.endswith(":"):
            places[item[:-1]] = len(code)
            code.append(_JUMPDEST)
        elif item.startswith("."):
            places[item[1:]] = len(code)
        elif item.startswith("@"):
            uses.append((len(code) + 1, item[1:]))
            code += bytes([_PUSH2, 0, 0])
        else:
            code.append(_OPCODES[item])
    for at, label in uses:
        code[at : at + 2] = places[label].to_bytes(2, "big")
    return bytes(code)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def text(value: str) -> bytes:
    """An ABI `string`."""
    raw = value.encode()
    return word(32) + word(len(raw)) + raw.ljust((len(raw) + 31) // 32 * 32, b"\0")


REVERT = (0, 0, "REVERT")
BURN_ALL_GAS = ("spin:", "@spin", "JUMP")
STORED_BALANCE = (
    4,
    "CALLDATALOAD",
    0,
    "MSTORE",
    0,
    32,
    "MSTORE",
    64,
    0,
    "KECCAK256",
    "SLOAD",
    0,
    "MSTORE",
    32,
    0,
    "RETURN",
)
"""Solidity's `mapping(address => uint256)` in slot 0."""


_SLOT = (0, 32, "MSTORE", 64, 0, "KECCAK256")
"""Of the mapping in slot 0, by the word at 0."""
MOVE = (
    "CALLER", 0, "MSTORE", *_SLOT, "DUP1", "SLOAD", 36, "CALLDATALOAD", "SWAP1", "SUB", "SWAP1", "SSTORE",
    4, "CALLDATALOAD", 0, "MSTORE", *_SLOT, "DUP1", "SLOAD", 36, "CALLDATALOAD", "ADD", "SWAP1", "SSTORE",
    36, "CALLDATALOAD", 0, "MSTORE",
    4, "CALLDATALOAD", "CALLER", b"\x7f" + TRANSFERRED, 32, 0, "LOG3",
    1, 0, "MSTORE", 32, 0, "RETURN",
)  # fmt: skip
"""ERC-20's `transfer`, without a look at whether the sender has enough."""
HAND_OVER = (
    36, "CALLDATALOAD", 4, "CALLDATALOAD", "CALLER", b"\x7f" + TRANSFERRED, 0, 0, "LOG4",
    1, 0, "MSTORE", 32, 0, "RETURN",
)  # fmt: skip
"""ERC-721's event: the number of the token is a fourth topic."""


def contract(answers: Mapping[int, bytes | tuple[Item, ...]]) -> bytes:
    """Code that answers each selector with fixed bytes, or runs a piece of code. Any other selector reverts."""
    head: list[Item] = [0, "CALLDATALOAD", 0xE0, "SHR"]
    bodies: list[Item] = []
    data: list[Item] = []
    for selector, answer in answers.items():
        head += ["DUP1", selector, "EQ", f"@f{selector}", "JUMPI"]
        bodies.append(f"f{selector}:")
        if isinstance(answer, bytes):
            bodies += [len(answer), f"@d{selector}", 0, "CODECOPY", len(answer), 0, "RETURN"]
            data += [f".d{selector}", answer]
        else:
            bodies += answer
    return assemble(*head, *REVERT, *bodies, "STOP", *data)


def token(
    *,
    decimals: int | None,
    symbol: bytes = text("TOK"),
    name: bytes = text("Token"),
    balance: bytes | tuple[Item, ...] = STORED_BALANCE,
    transfer: tuple[Item, ...] = MOVE,
) -> bytes:
    answers: dict[int, bytes | tuple[Item, ...]] = {BALANCE_OF: balance, SYMBOL: symbol, NAME: name, TRANSFER: transfer}
    return contract(answers if decimals is None else {**answers, DECIMALS: word(decimals)})


# Where the loop below keeps its variables; the answer is built from _OUT on.
_I, _COUNT, _BASE, _TAIL, _TUPLE, _DATA, _OK, _OUT = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0x100


def _load(variable: int) -> tuple[Item, ...]:
    return (variable, "MLOAD")


def _store(variable: int) -> tuple[Item, ...]:
    return (variable, "MSTORE")


MULTICALL3 = assemble(
    # base = where the array's elements start; count = its length
    4, "CALLDATALOAD", 0x24, "ADD", *_store(_BASE),
    0x20, *_load(_BASE), "SUB", "CALLDATALOAD", *_store(_COUNT),
    # the answer: offset of the array, its length, one offset per result, then the results from `tail` on
    0x20, *_store(_OUT), *_load(_COUNT), *_store(_OUT + 0x20),
    *_load(_COUNT), 5, "SHL", _OUT + 0x40, "ADD", *_store(_TAIL),
    "next:", *_load(_COUNT), *_load(_I), "LT", "ISZERO", "@done", "JUMPI",
    # tuple = (target, allowFailure, offset of its data)
    *_load(_I), 5, "SHL", *_load(_BASE), "ADD", "CALLDATALOAD", *_load(_BASE), "ADD", *_store(_TUPLE),
    0x40, *_load(_TUPLE), "ADD", "CALLDATALOAD", *_load(_TUPLE), "ADD", *_store(_DATA),
    # call it with its data, copied to `tail` for the moment
    *_load(_DATA), "CALLDATALOAD", 0x20, *_load(_DATA), "ADD", *_load(_TAIL), "CALLDATACOPY",
    0, 0, *_load(_DATA), "CALLDATALOAD", *_load(_TAIL), *_load(_TUPLE), "CALLDATALOAD", "GAS", "STATICCALL",
    *_store(_OK),
    # a failure that was not allowed fails all
    *_load(_OK), "ISZERO", 0x20, *_load(_TUPLE), "ADD", "CALLDATALOAD", "ISZERO", "AND", "@fail", "JUMPI",
    # offset of this result, counted from the first offset
    _OUT + 0x40, *_load(_TAIL), "SUB", *_load(_I), 5, "SHL", _OUT + 0x40, "ADD", "MSTORE",
    # (success, offset 0x40, length, data, zeros)
    *_load(_OK), *_load(_TAIL), "MSTORE",
    0x40, 0x20, *_load(_TAIL), "ADD", "MSTORE",
    "RETURNDATASIZE", 0x40, *_load(_TAIL), "ADD", "MSTORE",
    "RETURNDATASIZE", 0, 0x60, *_load(_TAIL), "ADD", "RETURNDATACOPY",
    0, "RETURNDATASIZE", 0x60, "ADD", *_load(_TAIL), "ADD", "MSTORE",
    31, "NOT", 31, "RETURNDATASIZE", "ADD", "AND", 0x60, "ADD", *_load(_TAIL), "ADD", *_store(_TAIL),
    1, *_load(_I), "ADD", *_store(_I), "@next", "JUMP",
    "fail:", 0, 0, "REVERT",
    "done:", _OUT, *_load(_TAIL), "SUB", _OUT, "RETURN",
)  # fmt: skip
"""Runtime code with Multicall3's `aggregate3`; it does nothing else, and does not look at the selector."""
