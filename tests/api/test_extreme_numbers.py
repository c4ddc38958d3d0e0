"""Stored numbers whose products or quotients cannot be: each of those is unavailable with its reason, no failure."""

from decimal import Decimal

import pytest

from holdfast.domain.assets import USD
from holdfast.domain.attribution import attribute
from holdfast.domain.conversion import RateBook
from holdfast.domain.ledger.currency import in_currency
from holdfast.domain.ledger.entries import priced
from holdfast.domain.ledger.statements import AssetSide, Line
from holdfast.domain.line_values import marking
from holdfast.domain.quotes import Quote
from holdfast.domain.returns.answers import Method, Window
from holdfast.domain.returns.book import to_book
from holdfast.domain.returns.methods import METHODS
from services.api.dialects.credmark.holdings import Holding, to_valued
from services.api.native.returns.return_answers import measure
from tests.domain.world_of_one import day, price_book, valued_portfolio

GBP = "iso4217:GBP"
GREAT, SMALL = "1E+39", "1E-36"
ETH: AssetSide = ("eth", "asset")
USDC: AssetSide = ("usdc", "asset")


@pytest.mark.parametrize("method", METHODS)
def test_a_return_that_no_number_can_hold_is_unavailable(method: Method) -> None:
    """What was worth 10^-36 is worth 10^39 a day later: a rate of 10^75."""
    book = valued_portfolio(SMALL, [], GREAT, window=Window(day(0), day(1)))
    [view] = measure(book, [method])
    if method in ("time_weighted", "modified_dietz"):
        assert (view.available, view.reason, view.rate) == (False, "out_of_range", None)


def test_a_line_whose_effects_no_number_can_hold_has_none_and_spoils_no_other() -> None:
    """10^30 at 10^9: with a rate of 1000 for 1, at the old price, 10^42 on the way to 10^33."""
    held = Decimal("1E+30")
    opening = [
        priced(day(0), "s", ETH, delta=Decimal(0), held=held, price=Decimal("1E+9")),
        priced(day(0), "s", USDC, delta=Decimal(0), held=Decimal(5), price=Decimal(1)),
    ]
    closing = [
        priced(day(1), "s", ETH, delta=Decimal(0), held=held, price=Decimal(1)),
        priced(day(1), "s", USDC, delta=Decimal(0), held=Decimal(5), price=Decimal(1)),
    ]
    rates = RateBook({(USD, GBP): [Quote(day(1), Decimal(1000))]})
    closing = in_currency(closing, GBP, rates)
    found = attribute(to_book([], opening=opening, closing=closing, window=Window(day(0), day(1))))
    eth, usdc = found.lines
    assert eth.effects is None
    assert [(one.asset, one.at, one.reason) for one in eth.missing] == [("eth", day(1), "out_of_range")]
    assert usdc.effects is not None
    assert found.total is not None
    assert (usdc.effects.fx, found.total.end, found.complete) == (Decimal(4995), Decimal(5000), False)


def test_a_line_marked_beyond_what_can_be_stored_has_no_value() -> None:
    line = Line("eth", "asset", Decimal(GREAT), Decimal(1), Decimal(GREAT))
    value_of = marking(price_book(eth={1: "100"}))
    assert value_of(line, day(0), day(1)) == (None, "out_of_range")


def test_a_price_beyond_what_can_be_stored_is_0_on_credmarks_wire() -> None:
    shown = to_valued(Holding(address="0x0", amount=Decimal(SMALL), value=Decimal(GREAT)))
    assert (shown.token_price, shown.balance, shown.value) == (Decimal(0), Decimal(SMALL), Decimal(GREAT))
