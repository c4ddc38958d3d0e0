"""Contract calls as bytes: ERC-20 reads, and Multicall3's aggregate3 around many of them.

Source: EIP-20; Multicall3 (https://github.com/mds1/multicall3).
"""

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import encode
from msgspec import Struct

MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"
"""The same address on every chain that has it."""

# The first four bytes of the keccak of each signature.
BALANCE_OF = bytes.fromhex("70a08231")  # balanceOf(address)
DECIMALS = bytes.fromhex("313ce567")  # decimals()
SYMBOL = bytes.fromhex("95d89b41")  # symbol()
NAME = bytes.fromhex("06fdde03")  # name()
AGGREGATE3 = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])


class Call(Struct, frozen=True, kw_only=True):
    """A read of one contract."""

    to: str
    data: bytes


def balance_of(token: str, owner: str) -> Call:
    return Call(to=token, data=BALANCE_OF + encode(["address"], [owner]))


def metadata_of(token: str) -> tuple[Call, Call, Call]:
    """decimals(), symbol() and name(), in this order."""
    return (
        Call(to=token, data=DECIMALS),
        Call(to=token, data=SYMBOL),
        Call(to=token, data=NAME),
    )


def aggregate3(calls: Sequence[Call]) -> Call:
    """All of `calls` in one; each may fail alone."""
    rows = [(call.to, True, call.data) for call in calls]
    return Call(to=MULTICALL3, data=AGGREGATE3 + encode(["(address,bool,bytes)[]"], [rows]))


def to_params(call: Call, block: Any) -> list[Any]:
    """The parameters of `eth_call`, at a block number or an EIP-1898 block reference."""
    return [{"to": call.to, "data": "0x" + call.data.hex()}, block]
