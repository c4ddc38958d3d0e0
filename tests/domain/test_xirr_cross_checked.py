"""The money-weighted return against ClickHouse's own function, on random payments at the starts of days."""

import math
import random
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.returns.answers import RateOfReturn, Unavailable, Window
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.warehouse.client import Warehouse
from tests.domain.world_of_one import day, valued_portfolio

CASES = 400
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


async def test_the_rate_is_the_warehouses(warehouse: Warehouse) -> None:
    chance = random.Random(1914)
    cases = [random_case(chance) for _ in range(CASES)]
    compared = 0
    for case, rate in zip(cases, await theirs(warehouse, cases), strict=True):
        answer = ours(case)
        if isinstance(answer, RateOfReturn) and math.isfinite(rate):
            compared += 1
            assert math.isclose(1 + float(answer.rate), 1 + rate, rel_tol=1e-6, abs_tol=1e-9), (case, answer, rate)
    assert compared > CASES / 2


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
