"""Just enough of Solidity's ABI: words, strings, and Multicall3's aggregate3 both ways.

By hand, because a general decoder takes milliseconds for a call of a hundred tokens, and this server
must never be what a benchmark measures.
Source: Solidity ABI specification; https://github.com/mds1/multicall3.
"""

from collections.abc import Iterable
from typing import NamedTuple

WORD = 32


class AbiError(ValueError):
    """Call data that no compiler would have made."""


class InnerCall(NamedTuple):
    to: str
    allow_failure: bool
    data: bytes


class Returned(NamedTuple):
    success: bool
    data: bytes


def word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


def encode_string(text: str) -> bytes:
    raw = text.encode()
    return word(WORD) + word(len(raw)) + _padded(raw)


def encode_bytes32(text: str) -> bytes:
    return text.encode().ljust(WORD, b"\0")


def encode_revert(reason: str) -> bytes:
    """`Error(string)`, as `require` gives it."""
    return bytes.fromhex("08c379a0") + encode_string(reason)


def decode_aggregate3(data: bytes) -> list[InnerCall]:
    """The argument `(address target, bool allowFailure, bytes callData)[]`. Raises AbiError."""
    start = _number(data, 0)
    count = _number(data, start)
    heads = start + WORD
    if count * 5 * WORD > len(data):
        raise AbiError(f"{count} calls do not fit into {len(data)} bytes")
    return [_inner_call(data, heads + _number(data, heads + place * WORD)) for place in range(count)]


def _inner_call(data: bytes, at: int) -> InnerCall:
    length_at = at + _number(data, at + 2 * WORD)
    end = length_at + WORD + _number(data, length_at)
    if end > len(data):
        raise AbiError("call data ends inside an argument")
    return InnerCall(
        to="0x" + data[at + 12 : at + WORD].hex(),
        allow_failure=_number(data, at + WORD) != 0,
        data=data[length_at + WORD : end],
    )


def encode_aggregate3(results: Iterable[Returned]) -> bytes:
    """The result `(bool success, bytes returnData)[]`."""
    tails = [word(int(success)) + word(2 * WORD) + word(len(data)) + _padded(data) for success, data in results]
    heads, offset = [], len(tails) * WORD
    for tail in tails:
        heads.append(word(offset))
        offset += len(tail)
    return b"".join((word(WORD), word(len(tails)), *heads, *tails))


def _number(data: bytes, at: int) -> int:
    """Offsets and lengths beyond the data are refused here, before anyone counts up to them."""
    number = int.from_bytes(data[at : at + WORD], "big")
    if at + WORD > len(data) or number > len(data):
        raise AbiError(f"the word at byte {at} is missing, or points outside the data")
    return number


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % WORD)
