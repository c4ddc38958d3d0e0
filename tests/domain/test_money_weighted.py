"""Whether there is a rate, and whether it is the only one: payments built from the rates that solve them."""

import math
import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from holdfast.domain.returns.answers import RateOfReturn, Unavailable, Window
from holdfast.domain.returns.money_weighted import money_weighted_return
from tests.domain.world_of_one import day, valued_portfolio

WORLDS = 200
Polynomial = list[Fraction]
"""Payments of one year after the other, as the investor sees them: Σ p_k / (1 + r)^k."""


def answer_to(payments: Iterable[tuple[float, Decimal | str]]) -> RateOfReturn | Unavailable:
    """Payments by day, as the investor sees them: what is paid in is negative. Nothing is left at the end."""
    paid = [(day(at), "0", str(-Decimal(amount))) for at, amount in payments]
    return money_weighted_return(valued_portfolio(None, paid, "0", window=Window(None, paid[-1][0])))


def yearly(payments: Polynomial) -> RateOfReturn | Unavailable:
    """Every one of them is a decimal."""
    return answer_to((365 * year, Decimal(one.numerator) / one.denominator) for year, one in enumerate(payments) if one)


def multiplied(a: Polynomial, b: Polynomial) -> Polynomial:
    found = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            found[i + j] += x * y
    return found


def solved_by(rates: Sequence[Fraction]) -> Polynomial:
    """−1000 · Π (1 − (1 + r) z), where z = 1 / (1 + rate)."""
    payments = [Fraction(-1000)]
    for rate in rates:
        payments = multiplied(payments, [Fraction(1), -(1 + rate)])
    return payments


def solved_by_none(chance: random.Random) -> Polynomial:
    """(1 − cz)² + d²z², which no z makes zero."""
    c, d = Fraction(chance.randint(-200, 200), 100), Fraction(chance.randint(5, 100), 100)
    return [Fraction(1), -2 * c, c * c + d * d]


def random_rates(chance: random.Random, count: int) -> list[Fraction]:
    """From −90 % to +400 %, two of them often next to each other."""
    rates = [Fraction(chance.randint(-90, 400), 100)]
    while len(rates) < count:
        near = rates[-1] + Fraction(chance.randint(1, 15), 100)
        rates.append(near if chance.random() < 0.5 else Fraction(chance.randint(-90, 400), 100))
    return rates


def refused(answer: RateOfReturn | Unavailable) -> str:
    assert isinstance(answer, Unavailable), answer
    return answer.reason


@pytest.mark.parametrize(
    "rates", [("0.02", "0.10"), ("0.05", "0.15"), ("0.14", "0.2"), ("0.01", "0.1"), ("-0.5", "-0.45"), ("0", "0.03")]
)
def test_two_rates_that_lie_close_together_are_none(rates: tuple[str, str]) -> None:
    assert refused(yearly(solved_by([Fraction(rate) for rate in rates]))) == "several_solutions"


def test_a_rate_that_counts_twice_is_none() -> None:
    """A cent more or less, and there were two of them or none."""
    assert refused(yearly(solved_by([Fraction("0.05")] * 2))) == "several_solutions"


def test_payments_that_several_rates_solve_have_no_answer() -> None:
    chance = random.Random(1955)
    for _ in range(WORLDS):
        rates = random_rates(chance, chance.randint(2, 4))
        payments = solved_by(rates)
        if chance.random() < 0.5:
            payments = multiplied(payments, solved_by_none(chance))
        assert refused(yearly(payments)) == "several_solutions", rates


def test_payments_that_one_rate_solves_have_it() -> None:
    chance = random.Random(1972)
    for _ in range(WORLDS):
        (rate,) = random_rates(chance, 1)
        payments = solved_by([rate])
        for _ in range(chance.randint(0, 2)):
            payments = multiplied(payments, solved_by_none(chance))
        answer = yearly(payments)
        assert isinstance(answer, RateOfReturn), (rate, answer)
        assert math.isclose(1 + answer.rate, 1 + rate, rel_tol=1e-6), (rate, answer.rate)


def test_payments_that_no_rate_solves_have_no_answer() -> None:
    chance = random.Random(1930)
    for _ in range(WORLDS):
        payments = [Fraction(-1000)]
        for _ in range(chance.randint(1, 3)):
            payments = multiplied(payments, solved_by_none(chance))
        one_way = len({one > 0 for one in payments if one}) == 1
        assert refused(yearly(payments)) == ("same_sign" if one_way else "no_solution"), payments


def test_a_loss_of_nearly_everything_has_its_rate() -> None:
    """One change of sign has one solution: none of these is without."""
    flows = [(day(3), "0", "119.4"), (day(1880), "0", "6437.93")]
    answer = money_weighted_return(valued_portfolio(None, flows, "0.29", window=Window(None, day(2800))))
    assert isinstance(answer, RateOfReturn)
    assert round(answer.rate, 5) == Decimal("-0.98114")


@pytest.mark.parametrize("days", [1, 30, 365, 3650])
@pytest.mark.parametrize("left", ["0.000001", "0.01", "999", "1000", "1001", "1e5"])
def test_one_payment_and_what_is_left_of_it_have_one_rate(days: int, left: str) -> None:
    """(left / 1000)^(365 / days) − 1; more digits than a number has, and it is out of range."""
    answer = answer_to([(0, "-1000"), (days, left)])
    force = math.log(float(left) / 1000) * 365 / days
    if force > 40 * math.log(10):
        assert refused(answer) == "out_of_range"
        return
    assert isinstance(answer, RateOfReturn)
    assert math.isclose(answer.rate, math.expm1(force), rel_tol=1e-9, abs_tol=1e-12)
    assert answer.rate > -1


def test_money_that_goes_in_and_comes_out_by_turns_has_the_rate_that_pyxirr_cannot_find() -> None:
    """Random amounts, paid in first and all out behind: one change of sign. The sum is bisected here for itself."""
    chance = random.Random(1964)
    for _ in range(WORLDS):
        days = sorted(chance.sample(range(2500), chance.randint(2, 7)))
        paid = [Decimal(-chance.randint(100, 10**6)) / 100 for _ in days[1:]]
        left = Decimal(max(1, int(-sum(paid) * 100 * Decimal(10) ** chance.randint(-5, 2)))) / 100
        payments = list(zip(days, [*paid, left], strict=True))
        answer = answer_to(payments)
        force = bisected([(at / 365, float(amount)) for at, amount in payments])
        if force > 40 * math.log(10):
            assert refused(answer) == "out_of_range", payments
            continue
        assert isinstance(answer, RateOfReturn), (payments, answer)
        assert math.isclose(answer.rate, math.expm1(force), rel_tol=1e-6, abs_tol=1e-9), payments


def bisected(payments: Sequence[tuple[float, float]]) -> float:
    """Where Σ amount · e^(−force · years), seen from the end, goes from above zero to below."""
    end = payments[-1][0]
    low, high = -30000.0, 30000.0
    for _ in range(100):
        middle = (low + high) / 2
        largest = max(middle * (end - at) for at, _ in payments)
        above = math.fsum(amount * math.exp(middle * (end - at) - largest) for at, amount in payments) > 0
        low, high = (middle, high) if above else (low, middle)
    return low


@pytest.mark.parametrize(("minutes", "available"), [(2, False), (24 * 60 - 1, False), (24 * 60, True)])
def test_less_than_a_day_has_no_yearly_rate_wherever_midnight_falls(minutes: int, *, available: bool) -> None:
    start = day(1) - timedelta(minutes=1)
    window = Window(start, start + timedelta(minutes=minutes))
    for opening, flows in (("100", []), (None, [(start, "0", "100")])):
        within = window if opening else window._replace(start=None)
        answer = money_weighted_return(valued_portfolio(opening, flows, "101", window=within))
        assert isinstance(answer, RateOfReturn) is available
        assert available or refused(answer) == "too_short"


def test_money_that_came_two_minutes_before_the_end_of_a_month_has_no_yearly_rate() -> None:
    window = Window(day(0), day(30) + timedelta(minutes=1))
    flows = [(day(30) - timedelta(minutes=1), "0", "100")]
    assert refused(money_weighted_return(valued_portfolio(None, flows, "101", window=window))) == "too_short"
