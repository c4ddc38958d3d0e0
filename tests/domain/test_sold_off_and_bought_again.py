"""What was sold before nothing was held is told with its cost, and has no part in what is left."""

from decimal import Decimal

import pytest

from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, Disposal, Lot, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.cost_basis import cost_basis
from tests.domain.world_of_one import day, entries_of, line, price_book, statement

PRICES = price_book(eth={0: "10", 1: "12", 2: "20", 3: "30"})
TOLD = [
    statement(day(0), line("eth", "1")),
    statement(day(1)),
    statement(day(2), line("eth", "2")),
    statement(day(3), line("eth", "1")),
]
FIRST = Disposal("eth", "asset", day(1), Decimal(1), proceeds=Decimal(12), cost=Decimal(10))
SECOND = Disposal("eth", "asset", day(3), Decimal(1), proceeds=Decimal(30), cost=Decimal(20))

methods = pytest.mark.parametrize("method", ["average_cost", "fifo", "lifo", "hifo"])


def measured(method: CostMethod, start: float | None) -> CostBasisReturn:
    window = Window(None if start is None else day(start), day(3))
    answer = cost_basis(build_book([entries_of(TOLD, PRICES)], window=window, prices=PRICES), method, detail=True)
    assert isinstance(answer, CostBasisReturn)
    assert answer.lots == (Lot("eth", "asset", day(2), Decimal(1), cost=Decimal(20)),)
    assert (answer.cost, answer.unrealised, answer.unrealised_opening) == (20, 10, 0)
    return answer


@methods
@pytest.mark.parametrize("start", [None, 0.5])
def test_both_disposals_are_told_where_the_window_begins_before_the_first(
    method: CostMethod, start: float | None
) -> None:
    answer = measured(method, start)
    assert answer.disposals == (FIRST, SECOND)
    assert (answer.realised, answer.gain) == (12, 22)


@methods
@pytest.mark.parametrize("start", [1, 1.5, 2.5])
def test_only_the_second_is_told_where_it_begins_behind_the_first(method: CostMethod, start: float) -> None:
    answer = measured(method, start)
    assert answer.disposals == (SECOND,)
    assert (answer.realised, answer.gain) == (10, 20)
