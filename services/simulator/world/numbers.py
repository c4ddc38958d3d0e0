"""Numbers as text, and the arithmetic that the truth is computed with: written anew here, not imported.

A truth that used the arithmetic of what it checks would agree with its mistakes.
"""

from decimal import ROUND_DOWN, Context, Decimal

EXACT = Context(prec=160, rounding=ROUND_DOWN)
"""Wide enough for any product of two numbers of this world: only `cut` ever drops a digit."""

STORED_DECIMALS = 36


def product(a: Decimal, b: Decimal, decimals: int = STORED_DECIMALS) -> Decimal:
    """a × b, the digits below `decimals` dropped."""
    return cut(EXACT.multiply(a, b), decimals)


def cut(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), context=EXACT)


def total(numbers: list[Decimal]) -> Decimal:
    """Their exact sum."""
    result = Decimal(0)
    for number in numbers:
        result = EXACT.add(result, number)
    return result


def plain(number: Decimal) -> str:
    """Digits without an exponent and without trailing zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
