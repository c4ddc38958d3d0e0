"""Cash: dollars are worth their amount, and a price of any other currency serves over a long weekend."""

from datetime import timedelta
from decimal import Decimal

import pytest

from holdfast.domain.ledger.marks import marked
from holdfast.domain.ledger.marks_at_flows import with_marks_at_flows
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.valuation import FeedPrice, Stated, Worth, priced_by, worth_as_stated, worth_with
from tests.domain.world_of_one import day, entries_of, line, statement

USD, GBP, ETH = "iso4217:USD", "iso4217:GBP", "eip155:1/slip44:60"


def held(asset: str | None, amount: str | None, **more: str) -> Stated:
    stated = {name: Decimal(number) for name, number in more.items()}
    return Stated(
        asset=asset, amount=None if amount is None else Decimal(amount), currency=USD,
        price=stated.get("price"), value=stated.get("value"),
    )  # fmt: skip


def test_dollars_are_worth_their_amount_without_anybody_quoting_them() -> None:
    cash = held(USD, "250.10")
    assert priced_by(cash) == ""
    assert worth_as_stated(cash, provider="bank", observed_at=day(0)) == Worth(
        price_usd=Decimal(1), value_usd=Decimal("250.10"), price_source="definition", price_at=day(0)
    )


def test_what_the_provider_stated_of_dollars_comes_first() -> None:
    worth = worth_as_stated(held(USD, "100", value="99.5"), provider="bank", observed_at=day(0))
    assert (worth.value_usd, worth.price_source) == (Decimal("99.5"), "bank")


def test_dollars_of_an_unknown_amount_are_worth_an_unknown_amount() -> None:
    assert worth_as_stated(held(USD, None), provider="bank", observed_at=day(0)) == Worth(reason="no_price")


@pytest.mark.parametrize(
    ("asset", "hours", "reason"),
    [(GBP, 25, ""), (GBP, 120, ""), (GBP, 121, "stale"), (ETH, 24, ""), (ETH, 25, "stale")],
)
def test_a_currency_that_is_held_is_priced_over_a_long_weekend(asset: str, hours: int, reason: str) -> None:
    price = FeedPrice(price=Decimal("1.3"), source="ecb-cross", at=day(0), version=1)
    worth = worth_with(held(asset, "10"), price, observed_at=day(0) + timedelta(hours=hours))
    assert (worth.reason, worth.value_usd) == (reason, None if reason else Decimal(13))
    book = PriceBook({asset: [Quote(day(0), Decimal("1.3"))]})
    assert (book.newest(asset, day(0) + timedelta(hours=hours)) is None) == bool(reason)


def test_cash_between_statements_is_marked_as_cash() -> None:
    """Pounds keep the price that they were stated with for 5 days, dollars are dollars for ever."""
    entries = entries_of([statement(day(0), line(USD, "70", "1"), line(GBP, "10", "1.3"))])
    for number, pounds in ((5, (Decimal(13), "")), (6, (None, "no_price"))):
        marks = [marked(entry, day(number), PriceBook()) for entry in entries]
        assert {mark.asset: (mark.worth, mark.reason) for mark in marks} == {USD: (Decimal(70), ""), GBP: pounds}


def test_a_walk_through_time_marks_cash_as_a_single_look_does() -> None:
    """Dollars that were stated at 0.99 are so for 5 days, and dollars then; other money moves every day."""
    cash = entries_of([statement(day(0), line(USD, "100", "0.99"), source="bank")])
    moving = entries_of(statement(day(number), line("coin", str(number), "1")) for number in range(1, 9))
    walked = [entry for entry in with_marks_at_flows(cash + moving, PriceBook()).entries if entry.asset == USD]
    assert [(entry.at, entry.worth) for entry in walked] == [(day(0), Decimal(99)), (day(6), Decimal(100))]
