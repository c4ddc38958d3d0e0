"""A ledger in another currency: each number at the rate of its own instant, as every other number is converted.

What is known in dollars takes the rate with all its digits and is cut once. Of the marks of one instant those of a
side add up to what their sum is in the currency, to the last digit: a return closes with the value that a total has
(but for what a feed of transfers told since the last statement).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from msgspec.structs import replace

from holdfast.domain.assets import USD
from holdfast.domain.conversion import MissingRate, Rate, RateBook
from holdfast.domain.exact import ZERO, difference, exactly
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.money import OutOfRangeError


@exactly
def in_currency(entries: Sequence[Entry], currency: str, rates: RateBook) -> Sequence[Entry]:
    """The same entries with their values in `currency`; where no rate is found they are unknown, as `no_rate`."""
    if currency == USD:
        return entries
    known: dict[datetime, Rate | MissingRate] = {}
    converted = []
    for entry in entries:
        rate = known.get(entry.at)
        if rate is None:
            rate = known[entry.at] = rates.find(USD, currency, entry.at)
        converted.append(_unknown(entry, "no_rate") if isinstance(rate, MissingRate) else _converted(entry, rate))
    return converted


@exactly
def marks_in_currency(marks: Iterable[Entry], currency: str, rates: RateBook) -> list[Entry]:
    """Marks of one instant, so that those of a side are together their sum in dollars, converted once."""
    if currency == USD:
        return list(marks)
    in_order = sorted(marks, key=attrgetter("side", "asset", "source"))
    pairs = zip(in_order, in_currency(in_order, currency, rates), strict=True)
    return [part for _, side in groupby(pairs, lambda pair: pair[0].side) for part in _parts(list(side))]


def _parts(pairs: Sequence[tuple[Entry, Entry]]) -> list[Entry]:
    """What is unknown adds nothing. A sum beyond what can be stated has no parts: then each is converted alone."""
    alone, rate = [mark for _, mark in pairs], pairs[0][1].rate
    if rate is None:
        return alone
    try:
        parts = rate.of_each([ZERO if mark.worth is None or usd.worth is None else usd.worth for usd, mark in pairs])
    except OutOfRangeError:
        return alone
    return [
        mark if mark.worth is None else replace(mark, before=part, worth=part)
        for mark, part in zip(alone, parts, strict=True)
    ]


def _converted(entry: Entry, rate: Rate) -> Entry:
    try:
        before, value, worth = (number and rate.of(number) for number in (entry.before, entry.value, entry.worth))
    except OutOfRangeError:
        return replace(_unknown(entry, "out_of_range"), rate=rate)
    return replace(entry, before=before, value=value, worth=worth, rate=rate)


def _unknown(entry: Entry, reason: str) -> Entry:
    """Of nothing it is surely 0."""
    was = difference(entry.held, entry.delta)
    before, value, worth = (None if amount else ZERO for amount in (was, entry.delta, entry.held))
    return replace(entry, before=before, value=value, worth=worth, rate=None, reason=entry.reason or reason)
