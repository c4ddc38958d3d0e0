"""Lots and disposals of everything in a book: each names its asset and side, and all are in order of time."""

import pytest

from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.cost_basis import cost_basis
from tests.domain.world_of_one import day, entries_of, line, price_book, statement

TOLD = [
    statement(day(0), line("b", "1")),
    statement(day(1), line("b", "1"), line("a", "2"), line("a", "3", side="debt")),
    statement(day(2), line("b", "2"), line("a", "2"), line("a", "3", side="debt")),
    statement(day(3), line("b", "2"), line("a", "1"), line("a", "3", side="debt")),
    statement(day(4), line("b", "1"), line("a", "1"), line("a", "2", side="debt")),
]
PRICES = price_book(a=dict.fromkeys(range(5), "1"), b=dict.fromkeys(range(5), "10"))


def everything(method: CostMethod) -> CostBasisReturn:
    book = build_book([entries_of(TOLD, PRICES)], window=Window(None, day(4)), prices=PRICES)
    answer = cost_basis(book, method, detail=True)
    assert isinstance(answer, CostBasisReturn)
    return answer


@pytest.mark.parametrize("method", ["average_cost", "fifo", "lifo", "hifo"])
def test_what_left_is_told_in_order_of_time(method: CostMethod) -> None:
    assert [(one.at, one.asset, one.side, one.quantity) for one in everything(method).disposals] == [
        (day(3), "a", "asset", 1),
        (day(4), "a", "debt", -1),
        (day(4), "b", "asset", 1),
    ]


def test_what_is_left_is_told_in_order_of_opening() -> None:
    assert [(lot.opened_at, lot.asset, lot.side, lot.quantity) for lot in everything("lifo").lots] == [
        (day(0), "b", "asset", 1),
        (day(1), "a", "asset", 1),
        (day(1), "a", "debt", -2),
    ]
    assert [(lot.opened_at, lot.asset) for lot in everything("fifo").lots] == [
        (day(1), "a"),
        (day(1), "a"),
        (day(2), "b"),
    ]
    assert [(lot.opened_at, lot.quantity) for lot in everything("average_cost").lots] == [
        (day(0), 1),
        (day(1), 1),
        (day(1), -2),
    ]
