"""What moved, asset by asset: what the methods need of it before they differ."""

from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter

from holdfast.domain.exact import ZERO
from holdfast.domain.returns.answers import Movement


def total_value(movements: Iterable[Movement]) -> Decimal:
    """Of movements whose values are all known. Runs under `@exactly`."""
    return sum(map(attrgetter("value"), movements), ZERO)
