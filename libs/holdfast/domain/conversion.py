"""From one currency to another, at the number's own instant.

Direct, inverse, or one hop over USD or EUR, in this order; each leg is the newest rate at or before the instant and at
most 5 days old (weekends, holidays). There is no other way: a missing rate is never 1:1.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import EUR, USD
from holdfast.domain.exact import ONE, ZERO, difference, exactly, ratio, share, times, unrounded
from holdfast.domain.quotes import Quote, QuoteHistory
from holdfast.domain.valuation import CURRENCY_PRICE_AGE

HOPS = (USD, EUR)


class Leg(Struct, frozen=True, kw_only=True):
    """One stored rate: so many `quote` for one `base` at `at`; `inverse` if it was used the other way round."""

    base: str
    quote: str
    rate: Decimal
    at: datetime
    inverse: bool = False


class Rate(Struct, frozen=True, kw_only=True):
    """So many units of the target for one of the origin, and how it was found."""

    value: Decimal
    """Cut to scale: to be shown. To be multiplied with, it has lost something; `of` has not."""
    path: tuple[Leg, ...] = ()
    """Empty for a currency into itself."""
    above: Decimal = ONE
    below: Decimal = ONE
    """The rate with every digit is above / below."""

    def of(self, number: Decimal) -> Decimal:
        """The number in the target, multiplied first and cut once: 1,125,000 JPY at 150 are 7500 USD to the last digit.

        Raises OutOfRangeError from 10^40 on.
        """
        return times(number, self.above) if self.below is ONE else share(number, self.above, self.below)

    @exactly
    def of_each(self, numbers: Sequence[Decimal]) -> list[Decimal]:
        """The parts of a sum in the target: together what `of` makes of the sum, each within a unit of what it makes
        of the part. Raises OutOfRangeError.
        """
        parts, so_far, given = [], ZERO, ZERO
        for number in numbers:
            so_far += number
            upto = self.of(so_far)
            parts.append(difference(upto, given))
            given = upto
        return parts

    def is_that_of(self, other: "Rate | None") -> bool:
        """The same factor, however it was found."""
        return other is not None and (self.above, self.below) == (other.above, other.below)

    @property
    def oldest(self) -> datetime | None:
        return min((leg.at for leg in self.path), default=None)


UNCONVERTED = Rate(value=ONE)
"""Of a currency into itself."""


class MissingRate(Struct, frozen=True, kw_only=True):
    """No rate at most 5 days old: the pair and the instant that one would be needed for."""

    base: str
    quote: str
    at: datetime


class Converted(Struct, frozen=True, kw_only=True):
    """`value` is None exactly when a rate is `missing` or the number itself is unknown."""

    value: Decimal | None
    currency: str
    path: tuple[Leg, ...] = ()
    missing: MissingRate | None = None

    @property
    def reliable(self) -> bool:
        return self.missing is None


class RateBook:
    """Stored rates by (base, quote)."""

    __slots__ = ("_age", "_of")

    def __init__(
        self, rates: Mapping[tuple[str, str], Iterable[Quote]] | None = None, *, age: timedelta = CURRENCY_PRICE_AGE
    ) -> None:
        self._of = {pair: QuoteHistory(of) for pair, of in (rates or {}).items()}
        self._age = age

    def find(self, base: str, quote: str, at: datetime) -> Rate | MissingRate:
        if base == quote:
            return UNCONVERTED
        if leg := self._leg(base, quote, at):
            return _rate(leg)
        for hop in HOPS:
            first, second = self._leg(base, hop, at), self._leg(hop, quote, at)
            if first and second:
                return _rate(first, second)
        return MissingRate(base=base, quote=quote, at=at)

    def _leg(self, base: str, quote: str, at: datetime) -> Leg | None:
        if found := self._newest(base, quote, at):
            return Leg(base=base, quote=quote, rate=found.price, at=found.at)
        if found := self._newest(quote, base, at):
            return Leg(base=quote, quote=base, rate=found.price, at=found.at, inverse=True)
        return None

    def _newest(self, base: str, quote: str, at: datetime) -> Quote | None:
        """A rate of 0 or less is none: it could not be turned round."""
        history = self._of.get((base, quote))
        found = history.newest(at, age=self._age) if history else None
        return found if found and found.price > 0 else None


def convert(number: Decimal | None, *, base: str, quote: str, at: datetime, rates: RateBook) -> Converted:
    """The number in `quote`, cut once, with the path and the times of its rates."""
    rate = rates.find(base, quote, at)
    if isinstance(rate, MissingRate):
        return Converted(value=None, currency=quote, missing=rate)
    value = None if number is None else rate.of(number)
    return Converted(value=value, currency=quote, path=rate.path)


def _rate(*legs: Leg) -> Rate:
    above, below = ONE, ONE
    for leg in legs:
        if leg.inverse:
            below = unrounded(below, leg.rate)
        else:
            above = unrounded(above, leg.rate)
    return Rate(value=ratio(above, below), path=legs, above=above, below=below)
