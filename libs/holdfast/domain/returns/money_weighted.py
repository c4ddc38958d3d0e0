"""Money-weighted return: the yearly rate that discounts all flows and both values to zero (XIRR).

    Σ −f_i / (1 + r)^(d_i / 365) + V1 / (1 + r)^(d_1 / 365) − V0 = 0        d in whole UTC days, act/365

Solved in double precision by pyxirr, and where it does not find the solution, by bisection. Not every set of flows has
one, and some have several (`discounting`); then there is no answer, and it says why.
Source: Microsoft Excel, XIRR; Lorie and Savage, Three Problems in Rationing Capital (1955).
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from operator import attrgetter
from typing import NamedTuple

import pyxirr

from holdfast.domain.exact import ONE, ZERO, exactly
from holdfast.domain.money import LIMIT
from holdfast.domain.returns.answers import CashFlow, RateOfReturn, Unavailable, Why
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.discounting import Payment, bisected, present_value, solutions
from holdfast.domain.returns.refusing import unavailable, unvalued, without_amounts, without_value

_DOUBLE = Context(prec=17)
_DAY = timedelta(days=1)
_YEAR = 365
_SOLVED = 1e-9
"""How far a rate may be from where the sum of the discounted payments changes its sign, in ln(1 + r)."""
_LARGEST = math.log(LIMIT)
"""ln(1 + r) from which on the rate has more digits than are stored."""
_SENTENCES = {
    "same_sign": "all money goes one way: no rate discounts it to zero",
    "no_solution": "no rate discounts the flows to zero",
    "several_solutions": "more than one rate discounts the flows to zero, or one that counts twice",
    "out_of_range": "the yearly rate has more than 40 digits",
}


@exactly
def money_weighted_return(book: Book) -> RateOfReturn | Unavailable:
    if refusal := without_amounts(book, "money_weighted"):
        return refusal
    if missing := (*book.missing, *unvalued(book.opening), *unvalued(book.closing)):
        return without_value(book, "money_weighted", missing)
    payments = _payments(book)
    if not payments:
        return unavailable(book, "money_weighted", "no_capital", "nothing was invested in the window")
    if book.window.end - payments[0].at < _DAY:
        return unavailable(book, "money_weighted", "too_short", "less than a day has no yearly rate")
    rate = _solve(payments)
    if isinstance(rate, str):
        return unavailable(book, "money_weighted", rate, _SENTENCES[rate])
    return RateOfReturn(
        method="money_weighted",
        window=book.window,
        currency=book.currency,
        rate=rate,
        annual=True,
        opening=sum((mark.worth or ZERO for mark in book.opening), ZERO),
        closing=sum((mark.worth or ZERO for mark in book.closing), ZERO),
        flows=book.flows,
    )


class _Paid(NamedTuple):
    """As the investor sees it: paid in is negative, paid out and the final value are positive."""

    at: datetime
    value: Decimal


def _payments(book: Book) -> list[_Paid]:
    """One a day, at the first instant of the day at which there was any; none of them is 0."""
    days: dict[date, _Paid] = {}
    opened = [_Paid(book.window.start or mark.at, -mark.worth) for mark in book.opening if mark.worth]
    closed = [_Paid(book.window.end, mark.worth) for mark in book.closing if mark.worth]
    for at, value in (*opened, *_by_day(book.flows), *closed):
        first = days.setdefault(at.date(), _Paid(at, ZERO))
        days[at.date()] = _Paid(first.at, first.value + value)
    return [paid for paid in days.values() if paid.value]


def _by_day(flows: Sequence[CashFlow]) -> Iterator[_Paid]:
    """In order of time. A day's are added up at once: one by one they took longer than all that follows."""
    first = 0
    while first < len(flows):
        at = flows[first].at
        midnight = datetime.combine(at.date() + _DAY, time(), at.tzinfo)
        until = bisect_left(flows, midnight, first, key=attrgetter("at"))
        yield _Paid(at, -sum([flow.value for flow in flows[first:until]], ZERO))
        first = until


def _solve(paid: Sequence[_Paid]) -> Decimal | Why:
    """The rate, or the reason why there is none."""
    first = paid[0].at.date()
    payments = [Payment((at.date() - first).days / _YEAR, float(value)) for at, value in paid]
    if len({payment.amount > 0 for payment in payments}) == 1:
        return "same_sign"
    found = solutions(payments)
    if len(found) != 1:
        return "several_solutions" if found else "no_solution"
    rate = _found(paid, payments)
    return _rate(bisected(payments, found[0])) if rate is None else rate


def _found(paid: Sequence[_Paid], payments: Sequence[Payment]) -> Decimal | None:
    """By pyxirr, if it is one."""
    rate = pyxirr.xirr([at.date() for at, _ in paid], [amount for _, amount in payments], silent=True)
    if rate is None or not -1 < rate < float(LIMIT):
        return None
    force = math.log1p(rate)
    near = _SOLVED * max(1.0, abs(force))
    below, above = (present_value(payments, at) > 0 for at in (force - near, force + near))
    return None if below == above else Decimal(repr(rate))


def _rate(force: float) -> Decimal | Why:
    """Never −1: what is left of a loss is as precise as a gain."""
    return _DOUBLE.exp(Decimal(force)) - ONE if force < _LARGEST else "out_of_range"
