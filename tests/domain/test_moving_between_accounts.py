"""What moves between two accounts at one instant is no flow and no sale, whatever each of them is quoted at."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, RateOfReturn, SimpleReturn, Unavailable, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.cost_basis import cost_basis, cost_basis_by_asset
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.simple import simple_return
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.domain.test_against_the_oracle import COST_METHODS
from tests.domain.world_of_one import day, entries_of, line, statement
from tests.domain.worlds import exact, thoroughly, to_book, worlds
from tests.support import oracle_ledger
from tests.support import oracle_returns as oracle
from tests.support.oracle_receipts import apart


def moved(
    left: str, came: str, *, at: str | None = "1.01", out_at: str | None = "1", also: tuple[str, str] | None = None
) -> Book:
    """A has 20 at 1; a day later it has `left`, and B `came`, each at its own quote."""
    a = [statement(day(0), line("x", "20", "1"), source="a"), statement(day(1), line("x", left, out_at), source="a")]
    b = [
        statement(day(0), source="b"),
        statement(day(1), line("x", came, at), *([line(*also, "1")] if also else []), source="b"),
    ]
    return build_book([entries_of(a), entries_of(b)], window=Window(None, day(1)), prices=PriceBook())


def rate(book: Book) -> Decimal:
    answer = time_weighted_return(book)
    assert isinstance(answer, RateOfReturn)
    return answer.rate


@pytest.mark.parametrize("method", COST_METHODS)
def test_a_move_to_another_quote_realises_nothing(method: CostMethod) -> None:
    """10 at 1 and 10 at 1.01 have cost 20: the 0.10 are unrealised."""
    book = moved("10", "10")
    answer = cost_basis(book, method, detail=True)
    assert isinstance(answer, CostBasisReturn)
    assert (answer.realised, answer.unrealised, answer.gain) == (0, Decimal("0.1"), Decimal("0.1"))
    assert answer.disposals == ()
    assert [flow.value for flow in book.flows] == [20]
    assert rate(book) == Decimal("0.005")  # 20.10 / 20 − 1


def test_the_same_move_is_no_flow_where_a_price_is_unknown() -> None:
    for book in (moved("10", "10", at=None), moved("10", "10", out_at=None)):
        assert not book.missing
        assert [flow.value for flow in book.flows] == [20]


@pytest.mark.parametrize("method", COST_METHODS)
def test_a_fee_on_the_way_is_all_that_is_sold(method: CostMethod) -> None:
    """10 left at 1 and 9 arrived at 1.01: one is gone, for the 1 that it was quoted at where it left."""
    book = moved("10", "9")
    answer = cost_basis(book, method, detail=True)
    assert isinstance(answer, CostBasisReturn)
    assert [(one.quantity, one.proceeds, one.gain) for one in answer.disposals] == [(1, 1, 0)]
    assert [flow.value for flow in book.flows] == [20, -1]
    assert answer.gain == Decimal("0.09")
    assert rate(book) == Decimal("0.0045")  # 20.09 / 20 − 1


def test_what_arrives_on_top_came_at_the_price_of_where_it_is() -> None:
    book = moved("10", "30", at="1.5")
    assert [flow.value for flow in book.flows] == [20, 30]
    assert rate(book) == Decimal("0.25")  # before the 30: 10 · 1 + 10 · 1.5


def test_another_asset_at_the_instant_is_a_flow_of_its_own() -> None:
    book = moved("10", "10", also=("y", "5"))
    assert [flow.value for flow in book.flows] == [20, 5]
    assert rate(book) == Decimal("0.005")


def test_units_of_unknown_price_that_are_left_over_are_missing() -> None:
    assert [one.asset for one in moved("10", "11", at=None).missing] == ["x"]
    assert not moved("10", "11", out_at=None).missing


def at_once(world: oracle_ledger.World) -> oracle_ledger.World:
    """The same, but everything is stated at noon: most of what moves meets something else."""
    for snaps in world.sources.values():
        for snap in snaps:
            snap.at += 720 - snap.at % oracle_ledger.DAY
            snap.fetched += oracle_ledger.DAY
    return world


@thoroughly
@given(world=worlds())
def test_in_worlds_in_which_all_moves_at_once_returns_are_the_oracles(world: oracle_ledger.World) -> None:
    book = to_book(at_once(world))
    told = apart(world)
    seen = oracle_ledger.members(told)
    simple, expected = simple_return(book), oracle.simple(told, seen, None)
    assert isinstance(simple, Unavailable) if expected is None else isinstance(simple, SimpleReturn)
    assert expected is None or Fraction(simple.gain) == expected  # type: ignore[union-attr]
    for method in COST_METHODS:
        for key, answer in cost_basis_by_asset(book, method).items():
            if isinstance(answer, CostBasisReturn):
                assert (Fraction(answer.realised), Fraction(answer.cost)) == oracle.realised(seen, key, method)


@thoroughly
@given(world=worlds())
def test_in_worlds_in_which_all_moves_at_once_rates_are_the_oracles(world: oracle_ledger.World) -> None:
    told = apart(at_once(world))
    seen = oracle_ledger.members(told)
    measured = (
        (time_weighted_return(to_book(world)), oracle.time_weighted(told, seen, None)),
        (modified_dietz(to_book(world, start=0)), oracle.dietz(told, seen, 0)),
    )
    for answer, expected in measured:
        if isinstance(expected, str):
            assert isinstance(answer, Unavailable)
        else:
            assert isinstance(answer, RateOfReturn)
            assert answer.rate == exact(oracle_ledger.cut(expected))
