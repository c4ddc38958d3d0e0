"""What a node answered, as exact values. Whatever is not plainly the answer asked for is None, never a guess."""

import re
from decimal import Decimal
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from holdfast.domain.money import EXACT

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_LABEL_LENGTH = 80
_WORD = 32


def to_quantity(answer: Any) -> int | None:
    """A JSON-RPC quantity, `0x1bc16d674ec80000`, as an exact int."""
    return int(answer, 16) if isinstance(answer, str) and _QUANTITY.fullmatch(answer) else None


def to_bytes(answer: Any) -> bytes | None:
    """JSON-RPC data, `0x` and pairs of digits."""
    return bytes.fromhex(answer[2:]) if isinstance(answer, str) and _DATA.fullmatch(answer) else None


def to_uint256(data: bytes | None) -> int | None:
    """One 32-byte word. An empty answer (no contract there) and one of any other length are no number."""
    return int.from_bytes(data, "big") if data is not None and len(data) == _WORD else None


def to_decimals(data: bytes | None) -> int | None:
    """EIP-20's uint8; a word above 255 is none."""
    number = to_uint256(data)
    return number if number is not None and number <= 255 else None


def to_label(data: bytes | None) -> str:
    """A symbol or name: ABI `string`, or the `bytes32` of tokens older than the standard. Empty where unreadable."""
    if not data:
        return ""
    try:
        raw = data.rstrip(b"\0") if len(data) == _WORD else decode(["bytes"], data)[0]
        text = raw.decode()
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return ""
    return "".join(character for character in text if character.isprintable()).strip()[:_LABEL_LENGTH]


def to_aggregate3(data: bytes) -> list[bytes | None] | None:
    """What each call returned, None for one that reverted; None altogether where it is no such answer."""
    try:
        (rows,) = decode(["(bool,bytes)[]"], data)
    except (DecodingError, OverflowError):
        return None
    return [returned if succeeded else None for succeeded, returned in rows]


def to_amount(raw: int, decimals: int) -> Decimal:
    """raw × 10^-decimals, exactly: no digit is rounded, whatever the number of decimals."""
    return EXACT.scaleb(Decimal(raw), -decimals)
