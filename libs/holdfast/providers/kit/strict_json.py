"""JSON from strangers: exact numbers, bounded depth and digits, and nothing ambiguous.

Integers become `int` and all other numbers `Decimal`, never float. Refused: NaN and Infinity, numbers
that no amount could be (1e400, 5,000 digits), nesting deeper than any real answer, duplicate keys (which
of two amounts is meant?), half a surrogate pair, and text that is not UTF-8.
"""

import json
import re
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

from msgspec import Struct

# The closing quote is optional: an unclosed string is then read once, not once from each of its quotes.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class MalformedJsonError(ValueError):
    """The text is not JSON that can be trusted; the message says why, without the text."""


class JsonLimits(Struct, frozen=True, kw_only=True):
    depth: int = 64
    digits: int = 120
    """Of one number. A uint256 has 78."""
    exponent: int = 100
    """Of one number, up or down."""


_LIMITS = JsonLimits()


def decode(body: bytes, limits: JsonLimits = _LIMITS) -> object:
    """Raises MalformedJsonError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedJsonError(f"not UTF-8 at byte {error.start}") from error
    _refuse_depth(text, limits.depth)
    try:
        value = _decoder(limits).decode(text)
    except json.JSONDecodeError as error:
        raise MalformedJsonError(f"not JSON: {error.msg} at character {error.pos}") from error
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


@cache
def _decoder(limits: JsonLimits) -> json.JSONDecoder:
    def to_int(text: str) -> int:
        _refuse_digits(text, limits)
        return int(text)

    def to_decimal(text: str) -> Decimal:
        _refuse_digits(text, limits)
        number = Decimal(text)
        if abs(number.adjusted()) > limits.exponent:
            raise MalformedJsonError(f"a number with an exponent beyond {limits.exponent}")
        return number

    return json.JSONDecoder(
        parse_int=to_int, parse_float=to_decimal, parse_constant=_refuse_constant, object_pairs_hook=_to_object
    )


def _refuse_digits(text: str, limits: JsonLimits) -> None:
    if len(text) > limits.digits:
        raise MalformedJsonError(f"a number of {len(text)} characters")


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not JSON")


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedJsonError("an object that names a key twice")
    return value


def _refuse_depth(text: str, limit: int) -> None:
    depth = 0
    for bracket in re.finditer(r"[\[{\]}]", _STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > limit:
            raise MalformedJsonError(f"nested deeper than {limit}")


def _refuse_lone_surrogates(value: object) -> None:
    """It could be neither stored nor sent on: UTF-8 has no spelling for it."""
    if isinstance(value, str):
        if _LONE_SURROGATE.search(value):
            raise MalformedJsonError("a text with half a surrogate pair")
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_lone_surrogates(key)
            _refuse_lone_surrogates(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_lone_surrogates(item)
