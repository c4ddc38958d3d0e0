"""Modified Dietz: the gain over the average capital, each flow weighted with the part of the window it was there.

    R = (V1 − V0 − F) / (V0 + Σ w_i · F_i)        w_i = (end − t_i) / (end − start)

to the millisecond, not annualised. From the beginning, the window starts with the first flow.
Source: Dietz, Pension Funds: Measuring Investment Performance (1966); GIPS 2020; Spaulding (2003), chapter 3.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from holdfast.domain.exact import ZERO, exactly, ratio
from holdfast.domain.returns.answers import RateOfReturn, Unavailable
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.refusing import unavailable, unvalued, without_amounts, without_value


@exactly
def modified_dietz(book: Book) -> RateOfReturn | Unavailable:
    if refusal := without_amounts(book, "modified_dietz"):
        return refusal
    if missing := (*book.missing, *unvalued(book.opening), *unvalued(book.closing)):
        return without_value(book, "modified_dietz", missing)
    opening = sum((mark.worth or ZERO for mark in book.opening), ZERO)
    closing = sum((mark.worth or ZERO for mark in book.closing), ZERO)
    start = book.window.start or (book.flows[0].at if book.flows else book.window.end)
    length = _milliseconds(book.window.end - start)
    capital = opening * length + _weighted(book, book.window.end)
    if not capital:
        return unavailable(book, "modified_dietz", "no_capital", "nothing was invested for any time of the window")
    if capital < 0:
        return unavailable(book, "modified_dietz", "negative_capital", "the average capital is below zero")
    gain = closing - opening - sum((of.invested for of in book.in_window.values()), ZERO)
    return RateOfReturn(
        method="modified_dietz",
        window=book.window,
        currency=book.currency,
        rate=ratio(gain * length, capital),
        annual=False,
        opening=opening,
        closing=closing,
        flows=book.flows,
    )


def _weighted(book: Book, end: datetime) -> Decimal:
    """Σ of each flow times the milliseconds it was there: the average is divided once, at the very end."""
    return sum((flow.value * _milliseconds(end - flow.at) for flow in book.flows), ZERO)


def _milliseconds(time: timedelta) -> int:
    """Whole ones, rounded down. Dividing by one of them takes twice as long, and there are as many as flows."""
    return (time.days * 86_400 + time.seconds) * 1000 + time.microseconds // 1000
