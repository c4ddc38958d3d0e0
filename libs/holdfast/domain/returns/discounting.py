"""Where payments discount to zero: how often, and between which rates.

    Σ amount / (1 + r)^years = Σ amount · e^(−force · years) = 0        force = ln(1 + r), any number

Amounts whose sign changes once have one solution (Descartes' rule, which holds for any years: Laguerre 1883). For all
others the line is halved, and the halves again, until in each part either the sum cannot be zero or it only rises or
only falls. That is read from its Taylor expansion with a bound for what the expansion leaves out, so that none of this
is a guess: a solution between two points that are tried is not missed.
Source: Moore, Interval Analysis (1966), chapter 7; Jameson, Counting zeros of generalised polynomials (2006).
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_NOISE = 1e-12
"""What rounding may make of a sum, as a share of the sum of its absolute terms; ten times what it does."""
_NARROW = 1e-9
_ORDER = 5
"""Of the expansion's remainder."""


class Payment(NamedTuple):
    """`years` since the first; no amount is 0."""

    years: float
    amount: float


class Stretch(NamedTuple):
    """From one force to another."""

    low: float
    high: float


class _Sum(NamedTuple):
    """What is known of a sum in a stretch: it is within `off` of `middle`, its slope within `slope_off` of `slope`."""

    middle: float
    off: float
    slope: float
    slope_off: float


def present_value(payments: Sequence[Payment], force: float) -> float:
    """As of the first payment for a force above 0, as of the last for one below: so nothing overflows."""
    as_of = 0.0 if force > 0 else payments[-1].years
    return math.fsum(amount * math.exp(force * (as_of - years)) for years, amount in payments)


def solutions(payments: Sequence[Payment]) -> list[Stretch]:
    """Stretches in each of which there is one solution. No more are looked for once there are two.

    What is too narrow to tell one that counts twice from two or from none stands for two. Of payments that all go one
    way there is none.
    """
    behind = [Payment(payments[-1].years - years, amount) for years, amount in reversed(payments)]
    if _sign_changes([amount for _, amount in payments]) == 1:
        return [Stretch(-_reach(behind), _reach(payments))]
    return [*_above_zero(payments), *(Stretch(-high, -low) for low, high in _above_zero(behind))]


def bisected(payments: Sequence[Payment], stretch: Stretch) -> float:
    """The force in the stretch that discounts the payments to zero, to the last digit."""
    low, high = stretch
    rises = present_value(payments, high) > 0
    while low < (middle := (low + high) / 2) < high:
        if (present_value(payments, middle) > 0) == rises:
            high = middle
        else:
            low = middle
    return high


def _reach(payments: Sequence[Payment]) -> float:
    """A force beyond which the first payment outweighs all others together, almost three times."""
    (_, first), (soonest, _), *_ = payments
    others = math.fsum(abs(amount) for _, amount in payments[1:])
    return max(0.0, 1 + math.log(others / abs(first))) / soonest


def _above_zero(payments: Sequence[Payment]) -> list[Stretch]:
    """Those at or above 0: the others are those of the payments seen from behind."""
    found: list[Stretch] = []
    parts = [Stretch(0.0, _reach(payments))]
    while parts and len(found) < 2:
        part = low, high = parts.pop()
        middle = (low + high) / 2
        sum_ = _expanded(payments, part)
        if abs(sum_.middle) > sum_.off:
            continue
        if abs(sum_.slope) > sum_.slope_off:
            # Where two parts meet, both see one number: a solution there is in one of them.
            found += [part] * ((present_value(payments, low) > 0) != (present_value(payments, high) > 0))
        elif high - low < _NARROW * max(1.0, high):
            found += [part] * 2
        else:
            parts += Stretch(low, middle), Stretch(middle, high)
    return found


def _expanded(payments: Sequence[Payment], part: Stretch) -> _Sum:
    """About the middle: c0 + c1·h + c2·h² + …, and no |h| is above half the width."""
    middle, half = (part.low + part.high) / 2, (part.high - part.low) / 2
    terms = [amount * math.exp(-middle * years) for years, amount in payments]
    slopes = [-years * term for (years, _), term in zip(payments, terms, strict=True)]
    noise, slope_noise = (_NOISE * math.fsum(map(abs, of)) for of in (terms, slopes))
    sizes = [_derivative(payments, slopes, order) for order in range(2, _ORDER)]
    sizes.append(math.fsum(abs(amount) * years**_ORDER * math.exp(-part.low * years) for years, amount in payments))
    curve = math.fsum(size * half**order / math.factorial(order) for order, size in enumerate(sizes, 2))
    bend = math.fsum(size * half ** (order - 1) / math.factorial(order - 1) for order, size in enumerate(sizes, 2))
    slope = math.fsum(slopes)
    return _Sum(math.fsum(terms), noise + abs(slope) * half + curve, slope, slope_noise + bend)


def _derivative(payments: Sequence[Payment], slopes: Sequence[float], order: int) -> float:
    """How large it is, from the first one's terms."""
    return abs(math.fsum(slope * years ** (order - 1) for (years, _), slope in zip(payments, slopes, strict=True)))


def _sign_changes(numbers: Sequence[float]) -> int:
    return sum((a > 0) != (b > 0) for a, b in pairwise(numbers))
