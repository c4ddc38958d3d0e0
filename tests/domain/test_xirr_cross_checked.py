"""The money-weighted return against ClickHouse's own function, on random payments at the starts of days.

Both are held to what is counted here: at how many rates the payments are worth nothing, by Rolle's theorem (between two
zeros of a sum lies one of its derivative, which has a term less).
"""

import math
import random
from collections import Counter
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from holdfast.domain.returns.answers import RateOfReturn, Unavailable, Window
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.warehouse.client import Warehouse
from tests.domain.world_of_one import day, valued_portfolio

CASES = 400
FAR = 365 * 60.0
"""Of ln(1 + rate): the payments are a day apart or more, and none is 10^26 times another."""
THEIRS = """
SELECT financialInternalRateOfReturnExtended(one.1, one.2)
FROM (SELECT arrayJoin(arrayZip({amounts:Array(Array(Float64))}, {dates:Array(Array(Date))})) AS one)
"""
"""Rates per year, act/365; not a number where it finds none."""


class Case(NamedTuple):
    """What was paid in (+) and taken out (−), and what is left at the end."""

    flows: list[tuple[datetime, Decimal]]
    end: datetime
    left: Decimal


def random_case(chance: random.Random) -> Case:
    """The first flow comes in; some go out, and the end may be a gain or a loss, or nothing."""
    days = sorted(chance.sample(range(1500), chance.randint(2, 12)))
    amounts = [Decimal(chance.randint(100, 10**7)) / 100 for _ in days[1:]]
    signed = [amounts[0], *(one if chance.random() < 0.6 else -one for one in amounts[1:])]
    left = Decimal(chance.choice((0, chance.randint(1, 10**8)))) / 100
    return Case([(day(at), amount) for at, amount in zip(days, signed, strict=False)], day(days[-1]), left)


def ours(case: Case) -> RateOfReturn | Unavailable:
    flows = [(at, "0", str(amount)) for at, amount in case.flows]
    return money_weighted_return(valued_portfolio(None, flows, str(case.left), window=Window(None, case.end)))


async def theirs(warehouse: Warehouse, cases: list[Case]) -> list[float]:
    """Payments as the investor sees them: what is paid in is negative."""
    asked = {
        "amounts": [[*(float(-amount) for _, amount in case.flows), float(case.left)] for case in cases],
        "dates": [[*(f"{at:%Y-%m-%d}" for at, _ in case.flows), f"{case.end:%Y-%m-%d}"] for case in cases],
    }
    return [rate for (rate,) in await warehouse.rows(THEIRS, asked)]


def as_paid(case: Case) -> list[tuple[float, float]]:
    """(years, amount) as the investor sees it; what is paid on one day is one payment."""
    days: dict[datetime, Decimal] = {}
    for at, amount in (*((at, -amount) for at, amount in case.flows), (case.end, case.left)):
        days[at] = days.get(at, Decimal(0)) + amount
    first = min(days)
    return [((at - first).days / 365, float(amount)) for at, amount in days.items() if amount]


def above_zero(terms: list[tuple[float, float]], force: float) -> bool:
    """Σ amount · e^(−force · years), each as a share of the largest."""
    powers = [math.log(abs(amount)) - force * years for years, amount in terms]
    largest = max(powers)
    shares = (math.copysign(math.exp(p - largest), one) for p, (_, one) in zip(powers, terms, strict=True))
    return math.fsum(shares) > 0


def zeros(terms: list[tuple[float, float]]) -> list[float]:
    """Every ln(1 + rate) at which the sum changes its sign."""
    if len(terms) < 2:
        return []
    first = terms[0][0]
    turns = zeros([(years - first, -(years - first) * amount) for years, amount in terms[1:]])
    ends = [-FAR, *turns, FAR]
    return [
        _between(terms, low, high) for low, high in pairwise(ends) if above_zero(terms, low) != above_zero(terms, high)
    ]


def _between(terms: list[tuple[float, float]], low: float, high: float) -> float:
    above = above_zero(terms, low)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if above_zero(terms, middle) == above else (low, middle)
    return low


def reason_of(forces: list[float], case: Case) -> str | None:
    if len(forces) > 1:
        return "several_solutions"
    if forces:
        return "out_of_range" if forces[0] > 40 * math.log(10) else None
    return "same_sign" if len({amount > 0 for _, amount in as_paid(case)}) == 1 else "no_solution"


async def test_the_rate_is_the_warehouses_and_where_there_is_none_neither_has_one(warehouse: Warehouse) -> None:
    """Of several the warehouse finds one, and it fails to find some; what it finds is one of those that there are."""
    chance = random.Random(1914)
    cases = [random_case(chance) for _ in range(CASES)]
    seen = Counter[str | None]()
    for case, rate in zip(cases, await theirs(warehouse, cases), strict=True):
        answer, forces = ours(case), zeros(as_paid(case))
        reason = answer.reason if isinstance(answer, Unavailable) else None
        assert reason == reason_of(forces, case), (case, answer, forces, rate)
        seen[reason] += 1
        if isinstance(answer, RateOfReturn):
            assert math.isclose(1 + float(answer.rate), math.exp(forces[0]), rel_tol=1e-6, abs_tol=1e-9), case
        if math.isfinite(rate):
            near = (force for force in forces if force < 700)
            assert any(math.isclose(1 + rate, math.exp(force), rel_tol=1e-6, abs_tol=1e-9) for force in near), case
    assert seen[None] > CASES / 2
    assert min(seen["several_solutions"], seen["no_solution"]) > CASES / 100, seen


async def test_where_all_money_goes_one_way_neither_has_a_rate(warehouse: Warehouse) -> None:
    chance = random.Random(1926)
    cases = [case._replace(left=Decimal(0)) for case in (random_case(chance) for _ in range(CASES))]
    one_way = [case for case in cases if all(amount > 0 for _, amount in case.flows)]
    assert len(one_way) > CASES / 20
    for case, rate in zip(one_way, await theirs(warehouse, one_way), strict=True):
        answer = ours(case)
        assert isinstance(answer, Unavailable)
        assert answer.reason == "same_sign"
        assert math.isnan(rate)
