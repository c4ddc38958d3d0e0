"""Money-weighted return: the yearly rate that discounts all flows and both values to zero (XIRR).

    Σ −f_i / (1 + r)^(d_i / 365) + V1 / (1 + r)^(d_1 / 365) − V0 = 0        d in whole UTC days, act/365

Solved in double precision by pyxirr. Not every set of flows has a solution, and some have several; then there is no
answer, and it says why.
Source: Microsoft Excel, XIRR; Norstrøm, A Sufficient Condition for a Unique Nonnegative Internal Rate of Return (1972).
"""

import math
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from operator import attrgetter

import pyxirr

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.returns.answers import RateOfReturn, Unavailable, Why
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.refusing import unavailable, unvalued, without_amounts, without_value

_YEAR = 365
_SOLVED = 1e-6
"""What may be left of the equation, as a share of the money in it."""
_SENTENCES = {
    "same_sign": "all money goes one way: no rate discounts it to zero",
    "no_solution": "no rate discounts the flows to zero",
    "several_solutions": "more than one rate discounts the flows to zero",
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
    if payments[0][0] == book.window.end.date():
        return unavailable(book, "money_weighted", "too_short", "less than a day has no yearly rate")
    rate = _solve(payments)
    if isinstance(rate, str):
        return unavailable(book, "money_weighted", rate, _SENTENCES[rate])
    return RateOfReturn(
        method="money_weighted",
        window=book.window,
        currency=book.currency,
        rate=Decimal(repr(rate)),
        annual=True,
        opening=sum((mark.worth or ZERO for mark in book.opening), ZERO),
        closing=sum((mark.worth or ZERO for mark in book.closing), ZERO),
        flows=book.flows,
    )


def _payments(book: Book) -> list[tuple[date, float]]:
    """As the investor sees them, one a day: paid in is negative, paid out and the final value are positive."""
    days: dict[date, Decimal] = {}
    for day, flows in groupby(book.flows, lambda flow: flow.at.date()):
        days[day] = -sum(map(attrgetter("value"), flows), ZERO)
    dated = [(book.window.start or mark.at, -(mark.worth or ZERO)) for mark in book.opening]
    dated += [(book.window.end, mark.worth or ZERO) for mark in book.closing]
    for at, value in dated:
        day = at.date()
        days[day] = days.get(day, ZERO) + value
    return [(day, float(value)) for day, value in sorted(days.items()) if value]


def _solve(payments: list[tuple[date, float]]) -> float | Why:
    """The rate, or the reason why there is none."""
    if len({amount > 0 for _, amount in payments}) == 1:
        return "same_sign"
    days, amounts = zip(*payments, strict=True)
    found = pyxirr.xirr(days, amounts, silent=True)
    if found is None or not math.isfinite(found) or found <= -1:
        return "no_solution"
    years = [((day - days[0]).days / _YEAR, amount) for day, amount in payments]
    if abs(_net_present_value(years, math.log1p(found))) > _SOLVED * sum(abs(amount) for amount in amounts):
        return "no_solution"
    return float(found) if _is_the_only_one(years) else "several_solutions"


def _is_the_only_one(years: list[tuple[float, float]]) -> bool:
    """One change of sign has one solution (Descartes). Else all of 1 + r from e^-9 to e^9 is searched in steps."""
    if _sign_changes([amount for _, amount in years]) == 1:
        return True
    return _sign_changes([_net_present_value(years, step / 8) for step in range(-72, 73)]) <= 1


def _net_present_value(years: list[tuple[float, float]], force: float) -> float:
    """At ln(1 + r) = `force`, as of the middle of the time, so that neither end overflows."""
    middle = years[-1][0] / 2
    return math.fsum(amount * math.exp(max(-700.0, min(700.0, force * (middle - at)))) for at, amount in years)


def _sign_changes(numbers: list[float]) -> int:
    signs = [number > 0 for number in numbers if number]
    return sum(a != b for a, b in pairwise(signs))
