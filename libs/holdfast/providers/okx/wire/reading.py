"""Both generations of OKX's JSON, read as one.

The two differ in a few names (chainId and chainIndex, networkBalanceVoList and networkBalanceList) and
in whether a number is text. A reader that knows both needs no setting to understand an answer. null,
"" and "--" stand for "no value" and are left to the field's default; so one Struct fits all.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_NOTHING: tuple[object, ...] = (None, "", "--")
_V6_NAMES = {
    "chainId": "chainIndex",
    "networkChainId": "chainIndex",
    "networkBalanceVoList": "networkBalanceList",
}


class ShapeError(ValueError):
    """The JSON has not the shape that OKX documents; the message names the place."""


def to_struct(value: object, kind: type[T]) -> T:
    """A Struct of this package from decoded JSON of either generation. Raises ShapeError."""
    try:
        return msgspec.convert(_tidy(value), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from error


def _tidy(value: object) -> object:
    """v6 names, numbers as text (exact, as OKX means them), and no key without a value."""
    if isinstance(value, dict):
        return {_V6_NAMES.get(key, key): _tidy(item) for key, item in value.items() if item not in _NOTHING}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
