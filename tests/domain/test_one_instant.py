"""Several movements of one asset in one block are one flow: before it is before the first of them."""

from decimal import Decimal

import pytest

from holdfast.domain.ledger.entries import Transfer, ledger
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, RateOfReturn, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.cost_basis import cost_basis
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.domain.world_of_one import day, line, price_book, statement

PRICES = price_book(eth={0: "1", 1: "2", 2: "2"})


def book() -> Book:
    """10 ETH at 1; at 2 there come 4 and 6 more in one block; a day later 20 are still worth 2."""
    feed = [Transfer(day(1), "s", "eth", "asset", Decimal(amount), f"0x{amount}") for amount in (4, 6)]
    told = [statement(day(0), line("eth", "10")), statement(day(2), line("eth", "20"))]
    return build_book([ledger(told, PRICES, feed)], window=Window(None, day(2)), prices=PRICES)


def test_a_time_weighted_return_values_what_was_held_before_the_first_of_them() -> None:
    answer = time_weighted_return(book())
    assert isinstance(answer, RateOfReturn)
    assert answer.rate == 1


@pytest.mark.parametrize("method", ["average_cost", "fifo", "lifo", "hifo"])
def test_they_open_one_lot(method: CostMethod) -> None:
    answer = cost_basis(book(), method, detail=True)
    assert isinstance(answer, CostBasisReturn)
    assert (answer.cost, answer.unrealised) == (Decimal(30), Decimal(10))
    assert len(answer.lots) == (1 if method == "average_cost" else 2)
