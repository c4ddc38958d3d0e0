"""Decoded JSON to Structs, or an error that names the place."""

from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class ShapeError(ValueError):
    """The JSON has not the shape that the upstream documents; the message names the place."""


def to_struct(value: object, kind: type[T]) -> T:
    """Raises ShapeError. Fields that the Struct does not know are left out: the upstream may grow."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from error
