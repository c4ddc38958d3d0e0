"""Lines that have no value whatever a feed says: they are held, and a change of what counts is never a sale."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from holdfast.domain.ledger.entries import Entry, ledger
from holdfast.domain.ledger.membership import Interval, belonging
from holdfast.domain.ledger.statements import Line
from holdfast.domain.returns.answers import CostBasisReturn, RateOfReturn, SimpleReturn, Unavailable, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.cost_basis import cost_bases, cost_basis
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.simple import simple_return
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.domain.world_of_one import day, entries_of, line, price_book, statement

NOT_VALUED = {
    "unreadable": None, "negative_amount": None, "low_liquidity": "10", "excluded": "10", "out_of_range": "10",
}  # fmt: skip
"""By reason: the amount that is stated beside it."""


def fields(entries: Iterable[Entry], *names: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(entry, name) for name in names) for entry in entries]


@pytest.mark.parametrize(("reason", "amount"), NOT_VALUED.items())
def test_a_reading_that_has_no_value_is_no_sale_and_no_purchase(reason: str, amount: str | None) -> None:
    """10 at 1, in doubt while the feed says 1.5, 10 at 1: bought for 10, and nothing was sold or gained."""
    prices = price_book(x={0: "1", 1: "1.5", 2: "1"})
    doubtful = Line("x", "asset", amount and Decimal(amount), reason=reason)  # type: ignore[arg-type]
    told = [
        statement(day(0), line("x", "10", "1")),
        statement(day(1), doubtful),
        statement(day(2), line("x", "10", "1")),
    ]
    entries = ledger(told, prices)
    assert fields(entries, "delta", "held", "value", "worth", "reason") == [
        (10, 10, 10, 10, ""),
        (0, 10, 0, None, reason),
        (0, 10, 0, 10, ""),
    ]
    book = build_book([entries], window=Window(None, day(2)), prices=prices)
    simple, fifo, rate = simple_return(book), cost_basis(book, "fifo", detail=True), time_weighted_return(book)
    assert isinstance(simple, SimpleReturn)
    assert simple.gain == 0
    assert isinstance(fifo, CostBasisReturn)
    assert fifo.realised == fifo.unrealised == 0
    assert not fifo.disposals
    assert isinstance(rate, RateOfReturn)
    assert rate.rate == 0


@pytest.mark.parametrize(("reason", "amount"), NOT_VALUED.items())
def test_while_a_line_is_not_valued_its_worth_is_unknown_whatever_the_feed_says(
    reason: str, amount: str | None
) -> None:
    prices = price_book(x={0: "1", 1: "1.5", 2: "2"})
    doubtful = Line("x", "asset", amount and Decimal(amount), reason=reason)  # type: ignore[arg-type]
    entries = ledger([statement(day(0), line("x", "10", "1")), statement(day(1), doubtful)], prices)
    book = build_book([entries], window=Window(None, day(2)), prices=prices)
    assert fields(book.closing, "held", "worth", "reason") == [(10, None, reason)]
    answers = [
        simple_return(book),
        time_weighted_return(book),
        modified_dietz(book),
        *cost_bases(book, ["fifo"]).values(),
    ]
    assert {isinstance(answer, Unavailable) and answer.reason for answer in answers} == {reason}
    joined = belonging(entries, [Interval(day(1.5))], prices)
    assert fields(joined, "held", "worth", "reason") == [(10, None, reason)], "joining makes no worth known"


def test_a_line_of_which_a_part_is_not_valued_is_worth_an_unknown_amount() -> None:
    """3 of 8 are priced by nobody; all 8 are held, and of one asset on one side."""
    illiquid = Line("x", "asset", Decimal(3), reason="low_liquidity")
    entries = entries_of([statement(day(0), line("x", "5", "1")), statement(day(1), line("x", "5", "1"), illiquid)])
    assert fields(entries, "delta", "held", "value", "worth", "reason") == [
        (5, 5, 5, 5, ""),
        (3, 8, None, None, "low_liquidity"),
    ]


def test_a_worth_that_is_unknown_beside_a_debt_is_no_negative_capital() -> None:
    """10 at 100, a debt of 500 of which 100 are repaid while nobody quotes the 10."""
    told = [
        statement(day(0), line("x", "10", "100"), line("y", "5", "100", "debt")),
        statement(day(2), line("x", "10"), line("y", "4", "100", "debt")),
        statement(day(3), line("x", "10", "100"), line("y", "4", "100", "debt")),
    ]
    answer = time_weighted_return(build_book([entries_of(told)], window=Window(None, day(3)), prices=price_book()))
    assert isinstance(answer, Unavailable)
    assert (answer.reason, [missing.asset for missing in answer.missing]) == ("no_price", ["x"])
