"""Exact numbers: amounts, prices and values are `Decimal(76, 36)`.

40 integer digits and 36 decimals; what lies below is cut (ROUND_DOWN, as ClickHouse does) and
what lies above is refused, because the engine would wrap it silently.
"""

from decimal import ROUND_DOWN, Clamped, Context, Decimal, InvalidOperation, Overflow
from typing import NamedTuple

SCALE = 36
LIMIT = Decimal(10) ** 40
_STEP = Decimal(1).scaleb(-SCALE)

# Wide enough for the full product of two 76-digit numbers: nothing is rounded before the one cut.
EXACT = Context(prec=160, rounding=ROUND_DOWN, traps=[InvalidOperation, Overflow, Clamped])


class OutOfRangeError(ValueError):
    """A number that `Decimal(76, 36)` cannot hold: not finite, or 10^40 and more."""


class Cut(NamedTuple):
    value: Decimal
    truncated: bool


def cut(number: Decimal) -> Cut:
    """Bring a number to the stored scale. Raises OutOfRangeError; never rounds up, never wraps."""
    if not number.is_finite() or abs(number) >= LIMIT:
        raise OutOfRangeError(f"{str(number)[:60]} is outside Decimal(76, 36)")
    if -number.as_tuple().exponent <= SCALE:  # type: ignore[operator]
        return Cut(number, truncated=False)
    kept = number.quantize(_STEP, context=EXACT)
    return Cut(kept, truncated=kept != number)


def product(a: Decimal, b: Decimal) -> Cut:
    """a × b, cut once."""
    return cut(EXACT.multiply(a, b))


def plain(number: Decimal) -> str:
    """Digits without an exponent and without trailing zeros: `Decimal("1E+2")` is "100"."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
