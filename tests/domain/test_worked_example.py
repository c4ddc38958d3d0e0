"""The worked example of the semantics, to the last digit."""

from decimal import Decimal

import pytest

from holdfast.domain.attribution import attribute
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, RateOfReturn, SimpleReturn, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.cost_basis import cost_basis, cost_basis_by_asset
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.simple import simple_return, simple_returns_by_asset
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.domain.world_of_one import DAY_0, day, entries_of, line, price_book, statement

PRICES = price_book(
    eth={0: "2000", 1: "2200", 2: "1800", 3: "2500"},
    usdc={0: "1", 1: "1", 2: "0.9990", 3: "1"},
)
STATEMENTS = (
    statement(day(0), line("eth", "1.5")),
    statement(day(1), line("eth", "2"), line("usdc", "100")),
    statement(day(2), line("eth", "0.5"), line("usdc", "2700")),
    statement(day(3), line("usdc", "2700")),
)
ETH, USDC = ("eth", "asset"), ("usdc", "asset")


def book(*, start: int | None = None) -> Book:
    window = Window(None if start is None else day(start), day(3))
    return build_book([entries_of(STATEMENTS, PRICES)], window=window, prices=PRICES)


def test_flows_are_those_of_the_table() -> None:
    values = {asset: [e.value for e in book().entries if e.asset == asset] for asset in ("eth", "usdc")}
    assert values["eth"] == [Decimal(3000), Decimal(1100), Decimal(-2700), Decimal(-1250)]
    assert values["usdc"] == [Decimal(100), Decimal("2597.4"), Decimal(0)]


def test_portfolio_flows_are_those_of_the_text() -> None:
    assert [flow.value for flow in book().flows] == [Decimal(3000), Decimal(1200), Decimal("-102.6"), Decimal(-1250)]


def test_simple_returns_list_every_asset_ever_held() -> None:
    answers = simple_returns_by_asset(book())
    eth, usdc = answers[ETH], answers[USDC]
    assert isinstance(eth, SimpleReturn)
    assert isinstance(usdc, SimpleReturn)
    assert (eth.held, eth.closing, eth.invested, eth.gain) == (0, 0, 150, -150)
    assert (usdc.held, usdc.closing, usdc.invested, usdc.gain) == (2700, 2700, Decimal("2697.4"), Decimal("2.6"))
    total = simple_return(book())
    assert isinstance(total, SimpleReturn)
    assert total.gain == Decimal("-147.4")


@pytest.mark.parametrize(
    ("method", "realised"),
    [("average_cost", [-375, 225]), ("fifo", [-300, 150]), ("lifo", [-400, 250]), ("hifo", [-400, 250])],
)
def test_realised_gains_by_method(method: CostMethod, realised: list[int]) -> None:
    answers = cost_basis_by_asset(book(), method, detail=True)
    eth, usdc = answers[ETH], answers[USDC]
    assert isinstance(eth, CostBasisReturn)
    assert isinstance(usdc, CostBasisReturn)
    assert [(d.at, d.gain) for d in eth.disposals] == [(day(2), realised[0]), (day(3), realised[1])]
    assert (eth.realised, eth.unrealised, eth.lots) == (-150, 0, ())
    assert (usdc.realised, usdc.unrealised) == (0, Decimal("2.6"))
    total = cost_basis(book(), method, detail=True)
    assert isinstance(total, CostBasisReturn)
    assert total.gain == Decimal("-147.4")
    assert total.disposals == eth.disposals
    assert total.lots == usdc.lots


@pytest.mark.parametrize("start", [None, 0])
def test_time_weighted_return_to_the_last_digit(start: int | None) -> None:
    """(3300/3000)·(3699.9/4500)·(3950/3597.3) − 1, cut at the 36th decimal: worked out with integers here."""
    above, below = 3300 * 36999 * 39500, 3000 * 45000 * 35973
    units = (above - below) * 10**36
    expected = Decimal(f"-0.{units * -1 // below:036d}")
    answer = time_weighted_return(book(start=start))
    assert isinstance(answer, RateOfReturn)
    assert answer.rate == expected
    assert str(answer.rate).startswith("-0.006905456870430600728324")


def test_modified_dietz_weights_each_flow_by_its_time() -> None:
    """From day 0, V0 = 3000: gain 2700 − 3000 − (1200 − 102.6 − 1250); capital 3000 + 1200·2/3 − 102.6/3."""
    answer = modified_dietz(book(start=0))
    assert isinstance(answer, RateOfReturn)
    gain, capital = Decimal("-147.4"), Decimal("3765.8")
    assert abs(answer.rate - gain / capital) < Decimal("1e-27")


def test_the_change_of_value_is_explained_exactly() -> None:
    """From day 1 (4500) to day 3 (2700): ETH 2·(1800−2200) + 0.5·(2500−1800), USDC 100·(−0.001) + 2700·0.001."""
    answer = attribute(book(start=1))
    total = answer.total
    assert total
    assert (total.start, total.end, total.fx, total.rounding) == (4500, 2700, 0, 0)
    assert total.price == Decimal(-450) + Decimal("2.6")
    assert total.flows == Decimal("-102.6") - 1250
    assert answer.complete


def test_a_window_counts_only_its_own_flows() -> None:
    """From day 1: V0 = 4500, flows −102.6 and −1250, V1 = 2700."""
    answer = simple_return(book(start=1))
    assert isinstance(answer, SimpleReturn)
    assert answer.gain == Decimal("-447.4")
    for method in ("average_cost", "fifo", "lifo", "hifo"):
        by_cost = cost_basis(book(start=1), method)
        assert isinstance(by_cost, CostBasisReturn)
        assert by_cost.gain == Decimal("-447.4")
        assert by_cost.unrealised_opening == 300


def test_the_first_day_has_begun() -> None:
    assert book().entries[0].at == DAY_0
