"""Time-weighted return: what the holdings did, whenever money came and went.

    TWR = Π (V_j before the flow / V_{j−1} after the previous flow) − 1

over sub-periods between the instants at which money moved, everything marked to market at each of them. A sub-period
that starts from 0 is skipped. Debt counts with its sign. Not annualised.
Source: GIPS 2020, 2.A.21 ff.; Spaulding, Investment Performance Attribution (2003), chapter 3, the "true" or "exact"
method; Bacon, Practical Portfolio Performance Measurement and Attribution (2008), 2.3.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, ROUND_DOWN, Context, Decimal, localcontext
from itertools import chain
from operator import attrgetter

from holdfast.domain.exact import ONE, ZERO, exactly, fitted
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.returns.answers import RateOfReturn, Unavailable
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.refusing import (
    unavailable,
    unknown_at_flow,
    unvalued,
    without_amounts,
    without_value,
)

# Of a million factors each may lose one unit in the 100th digit: none of it reaches the 36th decimal. Numerators and
# denominators are multiplied apart and divided once, so they may grow to any size on the way. Sums of stored numbers
# have fewer digits than that, and stay exact.
_LINK = Context(prec=100, rounding=ROUND_DOWN, Emax=MAX_EMAX, Emin=MIN_EMIN)


class _NegativeCapitalError(ArithmeticError):
    pass


@exactly
def time_weighted_return(book: Book) -> RateOfReturn | Unavailable:
    """Needs the worth of every line at every flow, not only the flow's own price."""
    if refusal := without_amounts(book, "time_weighted"):
        return refusal
    if missing := (*book.missing, *unvalued(book.opening), *unvalued(book.closing)):
        return without_value(book, "time_weighted", missing)
    opening, closing = _worth(book.opening), _worth(book.closing)
    entries = _in_window(book)
    if not book.knows_worths and (unknown := unknown_at_flow(entries)):
        return without_value(book, "time_weighted", unknown)
    try:
        growth, invested = _linked(_sub_periods(book.opening, entries, closing, book.repriced))
    except _NegativeCapitalError:
        return unavailable(book, "time_weighted", "negative_capital", "debt exceeded assets: no rate has a meaning")
    if not invested:
        return unavailable(book, "time_weighted", "no_capital", "nothing was invested in the window")
    return RateOfReturn(
        method="time_weighted",
        window=book.window,
        currency=book.currency,
        rate=fitted(growth - ONE),
        annual=False,
        opening=opening,
        closing=closing,
        flows=book.flows,
    )


def _worth(marks: Iterable[Entry]) -> Decimal:
    return sum((mark.worth or ZERO for mark in marks), ZERO)


def _in_window(book: Book) -> Sequence[Entry]:
    start = book.window.start
    return book.entries[bisect_right(book.entries, start, key=attrgetter("at")) :] if start else book.entries


def _sub_periods(
    opening: Iterable[Entry], entries: Iterable[Entry], closing: Decimal, repriced: Mapping[datetime, Decimal]
) -> Iterator[tuple[Decimal, Decimal]]:
    """(worth after a flow, worth before the next one) of everything, from the start of the window to its end.

    A worth that is unknown counts as 0: it is known at every flow, and matters nowhere else. What moved from one source
    to another is worth before the flow already what it is worth there: that is no flow.
    """
    # Each in a list of its own, so that a line is looked up once for what it was worth and what it is.
    last_worth = {(mark.source, mark.asset, mark.side): [mark.worth or ZERO] for mark in opening}
    before = after = start = sum(chain.from_iterable(last_worth.values()), ZERO)
    now, moved = None, False
    for entry in entries:
        at, line = entry.at, (entry.source, entry.asset, entry.side)
        if at != now:
            if moved:
                yield start, before
                start = after
            now, moved, before = at, False, after
            if repriced:  # Mostly it is empty, and hashing a million instants takes a third of a second.
                before += repriced.get(at, ZERO)
        last = last_worth.get(line)
        if last is None:
            last = last_worth[line] = [ZERO]
        was = ZERO if entry.before is None else entry.before
        worth = ZERO if entry.worth is None else entry.worth
        gained = was - last[0]
        before += gained
        after += gained if worth is was else worth - last[0]
        last[0] = worth
        if entry.delta:
            moved = True
    if moved:
        yield start, before
        start = after
    yield start, closing


def _linked(sub_periods: Iterable[tuple[Decimal, Decimal]]) -> tuple[Decimal, bool]:
    """Π of the sub-periods' growth, and whether any of them had capital."""
    above = below = ONE
    invested = False
    with localcontext(_LINK):
        for start, before in sub_periods:
            if start:
                if start < ZERO or before < ZERO:
                    raise _NegativeCapitalError
                above *= before
                below *= start
                invested = True
        return above / below, invested
