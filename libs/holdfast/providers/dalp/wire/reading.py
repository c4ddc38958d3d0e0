"""DALP's JSON into Structs and back.

A number is a Decimal or an int, never text, where DALP writes a JSON number; a key that is null is as good as absent,
as the types of DALP's own examples say. Unknown keys are left alone: the API grows.
"""

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from holdfast.domain.money import plain

T = TypeVar("T", bound=msgspec.Struct)

_NUMBERS = frozenset({"totalValueInBaseCurrency", "percentage"})
"""Keys whose JSON number is money or a share: 1000 and 1000.00 are the same there."""
_NAMES = {"balance": "value"}
"""What DALP's own examples call a row's amount, and its reference `value`."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ShapeError(ValueError):
    """The JSON has not the shape that DALP documents; the message names the place."""


def to_struct(value: object, kind: type[T]) -> T:
    """A Struct of this package from decoded JSON. Raises ShapeError."""
    try:
        return msgspec.convert(_tidy(value), kind, builtin_types=(Decimal,))
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from error


def to_json(value: msgspec.Struct) -> bytes:
    """The body of an answer: decimals as plain JSON numbers, digit for digit."""
    return _ENCODER.encode(_plain(value))


def _tidy(value: object) -> object:
    if isinstance(value, dict):
        return {_NAMES.get(key, key): _item(key, item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return value


def _item(key: str, item: object) -> object:
    if key in _NUMBERS and isinstance(item, int) and not isinstance(item, bool):
        return Decimal(item)
    return _tidy(item)


def _plain(value: Any) -> Any:
    """No exponents and no trailing zeros: 1000, as the documentation writes it, not 1E+3 or 1000.00."""
    builtins = msgspec.to_builtins(value, builtin_types=(Decimal,))
    return _plain_numbers(builtins)


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_numbers(item) for item in value]
    return Decimal(plain(value)) if isinstance(value, Decimal) else value
