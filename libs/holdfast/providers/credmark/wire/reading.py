"""Credmark's JSON into Structs and back.

Numbers arrive as IEEE doubles printed in full, and are read as exactly what was printed. We write every digit that we
have: a JSON number has no limit, and a client that reads doubles rounds as it always did.
"""

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from holdfast.domain.money import plain

T = TypeVar("T", bound=msgspec.Struct)

_NUMBERS = frozenset({"balance", "value", "tokenPrice", "return", "totalReturn"})
"""Keys that may come as a whole number and as any other: `0` and `0.5` are the same kind of thing there."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ShapeError(ValueError):
    """The JSON has not the shape that Credmark documents; the message names the place."""


def to_struct(value: object, kind: type[T]) -> T:
    """A Struct of this package from decoded JSON. Raises ShapeError."""
    try:
        return msgspec.convert(_with_decimals(value), kind, builtin_types=(Decimal,))
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from error


def to_json(value: msgspec.Struct) -> bytes:
    """The body of an answer: decimals as JSON numbers, digit for digit."""
    return _ENCODER.encode(_plain_numbers(msgspec.to_builtins(value, builtin_types=(Decimal,))))


def _with_decimals(value: object) -> object:
    if isinstance(value, dict):
        return {key: _item(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_decimals(item) for item in value]
    return value


def _item(key: str, item: object) -> object:
    if key in _NUMBERS and isinstance(item, int) and not isinstance(item, bool):
        return Decimal(item)
    return _with_decimals(item)


def _plain_numbers(value: Any) -> Any:
    """No trailing zeros; an exponent only far below one, as a double is printed."""
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_numbers(item) for item in value]
    return Decimal(plain(value)) if isinstance(value, Decimal) else value
