"""Numbers that an upstream writes as text, read exactly or not at all."""

import re
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.balances import Reason
from holdfast.domain.money import LIMIT

# Decimal() itself would take "NaN", "Infinity", "1_000", " 1 " and Arabic digits.
_NUMBER = re.compile(r"-?[0-9]{1,80}(?:\.[0-9]{1,80})?(?:[eE][+-]?[0-9]{1,2})?")


class UnreadableNumberError(ValueError):
    """The text is not a plain decimal number; the message quotes its beginning."""


class Stated(NamedTuple):
    """A number as an upstream stated it, if it can be used; else why not. Both None: nothing was stated."""

    number: Decimal | None
    reason: Reason | None


def to_decimal(text: str) -> Decimal:
    """Raises UnreadableNumberError."""
    if not _NUMBER.fullmatch(text):
        raise UnreadableNumberError(f"{text[:40]!r} is not a number")
    return Decimal(text)


def to_stated(text: str) -> Stated:
    """An amount or a value: empty is unknown, below zero and beyond Decimal(76, 36) are kept out with the reason."""
    if not text:
        return Stated(None, None)
    number = to_decimal(text)
    if number < 0:
        return Stated(None, "negative_amount")
    if number >= LIMIT:
        return Stated(None, "out_of_range")
    return Stated(number, None)
