"""Time-weighted return: what the holdings did, whenever money came and went.

    TWR = Π (V_j before the flow / V_{j−1} after the previous flow) − 1

over sub-periods between the instants at which money moved, everything marked to market at each of them. A sub-period
that starts from 0 is skipped. Debt counts with its sign. Not annualised.
Source: GIPS 2020, 2.A.21 ff.; Spaulding, Investment Performance Attribution (2003), chapter 3, the "true" or "exact"
method; Bacon, Practical Portfolio Performance Measurement and Attribution (2008), 2.3.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_DOWN, Context, Decimal

from holdfast.domain.exact import ONE, ZERO, exactly, fitted
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import LineKey, instants
from holdfast.domain.returns.answers import Missing, RateOfReturn, Unavailable
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.refusing import unavailable, unvalued, without_amounts, without_value

# Of a million factors each may lose one unit in the 100th digit: none of it reaches the 36th decimal. Numerators and
# denominators are multiplied apart and divided once, so they may grow to any size on the way.
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
    total = _Total(book.opening)
    opening = total.worth
    try:
        growth, invested = _link(book, total)
    except _NegativeCapitalError:
        return unavailable(book, "time_weighted", "negative_capital", "debt exceeded assets: no rate has a meaning")
    if total.unknown_at_flow:
        return without_value(book, "time_weighted", total.unknown_at_flow)
    if not invested:
        return unavailable(book, "time_weighted", "no_capital", "nothing was invested in the window")
    return RateOfReturn(
        method="time_weighted",
        window=book.window,
        currency=book.currency,
        rate=fitted(growth - ONE),
        annual=False,
        opening=opening,
        closing=sum((mark.worth or ZERO for mark in book.closing), ZERO),
        flows=book.flows,
    )


class _Total:
    """The worth of everything, moved from instant to instant by the lines that have changed."""

    def __init__(self, opening: Iterable[Entry]) -> None:
        self._of: dict[LineKey, Decimal] = {}
        self._unknown: dict[LineKey, Missing] = {}
        self.unknown_at_flow: tuple[Missing, ...] = ()
        self.worth = ZERO
        self.move(opening, before=False)

    def move(self, entries: Iterable[Entry], *, before: bool) -> Decimal:
        """To what the lines of the entries were worth just before, or from then on; returns the worth of all."""
        worth_of, total = self._of, self.worth
        for entry in entries:
            line = entry.source, entry.asset, entry.side
            worth = entry.before if before else entry.worth
            if worth is None:
                self._unknown[line] = Missing(entry.asset, entry.side, entry.at, entry.reason)
                worth = ZERO
            elif self._unknown:
                self._unknown.pop(line, None)
            total += worth - worth_of.get(line, ZERO)
            worth_of[line] = worth
        self.worth = total
        return total

    def note_unknown(self) -> None:
        if self._unknown and not self.unknown_at_flow:
            self.unknown_at_flow = tuple(self._unknown.values())


def _link(book: Book, total: _Total) -> tuple[Decimal, bool]:
    """Π of the sub-periods' growth, and whether any of them had capital."""
    multiply = _LINK.multiply
    above, below, start, invested = ONE, ONE, total.worth, False
    for moved, entries in _instants(book):
        before = total.move(entries, before=True)
        if not moved:
            continue
        total.note_unknown()
        if start:
            if start < 0 or before < 0:
                raise _NegativeCapitalError
            above, below, invested = multiply(above, before), multiply(below, start), True
        start = total.move(entries, before=False)
    return _LINK.divide(above, below), invested


def _instants(book: Book) -> Iterator[tuple[bool, Sequence[Entry]]]:
    """Of the window, and whether money moved; last its end, which closes the last sub-period."""
    start = book.window.start
    for at, moved, entries in instants(book.entries):
        if start is None or at > start:
            yield moved, entries
    yield True, book.closing
