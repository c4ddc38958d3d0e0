"""Whether two numbers of the same thing agree, and whether one number moved further than it may unseen. Pure."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from holdfast.domain.exact import ZERO, difference, ratio
from holdfast.domain.money import OutOfRangeError

Verdict = Literal["within", "outside", "unknown"]
ONE_CENT = Decimal("0.01")
MOST_ALLOWED = 1_000_000
_FINEST = Decimal("1E-36")


class Judgement(Struct, frozen=True, kw_only=True):
    """`difference` and `ratio` are None where one of the two numbers is unknown."""

    verdict: Verdict
    reason: str = ""
    """Why nothing can be said; empty unless unknown."""
    difference: Decimal | None = None
    """The first less the second."""
    ratio: Decimal | None = None
    """Of the greater one, by size, or of what they are a part of; 0 where both are 0."""


def judge(
    ours: Decimal | None, theirs: Decimal | None, *, tolerance: Decimal, doubt: str = "", of: Decimal | None = None
) -> Judgement:
    """Compare two sums. They agree when they differ by no more than `tolerance` of the greater one, or by a cent.

    `of`: what they are a part of, if that is greater still, as the money behind two gains.
    `doubt`: why a difference would prove nothing, as `unpriced`. It is the reason where they differ or one is unknown;
    sums that agree in spite of it agree.
    """
    if ours is None or theirs is None:
        return Judgement(verdict="unknown", reason=doubt)
    apart = difference(ours, theirs)
    greater = max(abs(ours), abs(theirs), of or ZERO)
    of_greater = ratio(abs(apart), greater) if greater else ZERO
    if abs(apart) <= ONE_CENT or of_greater <= tolerance:
        return Judgement(verdict="within", difference=apart, ratio=of_greater)
    verdict: Verdict = "unknown" if doubt else "outside"
    return Judgement(verdict=verdict, reason=doubt, difference=apart, ratio=of_greater)


def check_allowed(share: Decimal) -> None:
    """Whether a number may be moved by such a share unseen; 0 looks at none. Raises ValueError."""
    if not (share.is_finite() and 0 <= share <= MOST_ALLOWED and (share == 0 or share >= _FINEST)):
        raise ValueError(f"must be between 0 and {MOST_ALLOWED}, as 0.2 for a fifth")


def moved(before: Decimal, now: Decimal) -> Decimal | None:
    """How far a number moved, as a share of what it was. None beyond measure: from 0, or from next to nothing."""
    try:
        return ratio(abs(difference(now, before)), abs(before)) if before else None
    except OutOfRangeError:
        return None


def moved_further(one: tuple[Decimal, Decimal], other: tuple[Decimal, Decimal]) -> bool:
    """Whether the first pair (before, now) moved further than the second, as a share. Beyond measure is furthest."""
    here, there = moved(*one), moved(*other)
    return there is not None and (here is None or here > there)


def has_jumped(before: Decimal, now: Decimal, *, allowed: Decimal) -> bool:
    """Whether it moved further than `allowed`, a share of what it was, and by more than a dollar.

    From 0 on, any move of more than a dollar is one.
    """
    if abs(difference(now, before)) <= 1:
        return False
    share = moved(before, now)
    return share is None or share > allowed
