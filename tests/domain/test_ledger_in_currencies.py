"""A ledger in another currency says what every other conversion says, to the last digit, or nothing."""

from decimal import Decimal

from holdfast.domain.assets import EUR, USD
from holdfast.domain.attribution import attribute
from holdfast.domain.conversion import Rate, RateBook
from holdfast.domain.exact import total
from holdfast.domain.ledger.currency import in_currency
from holdfast.domain.quotes import Quote
from holdfast.domain.returns.answers import SimpleReturn, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.simple import simple_return
from tests.domain.world_of_one import day, entries_of, line, price_book, statement

GBP = "iso4217:GBP"
TOLD = [
    statement(day(0), line("btc", "0.1", "30000.01"), line("eth", "1", "2000.01"), line("sol", "3", "77.77")),
    statement(day(1), line("btc", "0.1", "30000.01"), line("eth", "2", "2000.01"), line("sol", "3", "77.77")),
]
INVERSE = RateBook({(GBP, USD): [Quote(day(0), Decimal("1.0837")), Quote(day(1), Decimal("1.0911"))]})
CROSSED = RateBook({(EUR, USD): [Quote(day(0), Decimal("1.0837"))], (EUR, GBP): [Quote(day(0), Decimal("0.8599"))]})


def book_in_pounds(rates: RateBook, *, start: int | None = None) -> Book:
    window = Window(None if start is None else day(start), day(1))
    return build_book([entries_of(TOLD)], window=window, prices=price_book(), rates=rates, currency=GBP)


def test_a_flow_is_its_dollars_at_the_whole_rate_cut_once() -> None:
    for rates in (INVERSE, CROSSED):
        flows = {(e.at, e.asset): e for e in book_in_pounds(rates).entries if e.delta}
        rate = rates.find(USD, GBP, day(1))
        assert isinstance(rate, Rate)
        assert flows[day(1), "eth"].value == rate.of(Decimal("2000.01")) != Decimal("2000.01") * rate.value
        assert flows[day(1), "eth"].rate == rate


def test_a_return_opens_and_closes_with_what_the_total_is_worth() -> None:
    """3000.001 + 4000.02 + 233.31 dollars in all, and 2000.01 less the day before."""
    for rates in (INVERSE, CROSSED):
        book = book_in_pounds(rates, start=0)
        answer, effects = simple_return(book), attribute(book).total
        opening, closing = rates.find(USD, GBP, day(0)), rates.find(USD, GBP, day(1))
        assert isinstance(answer, SimpleReturn)
        assert effects
        assert isinstance(opening, Rate)
        assert isinstance(closing, Rate)
        assert answer.opening == effects.start == opening.of(Decimal("5233.321"))
        assert answer.closing == effects.end == closing.of(Decimal("7233.331"))
        parts = [effects.start, effects.price, effects.flows, effects.fx, effects.rounding]
        assert total(parts) == effects.end


def test_without_a_rate_an_entry_has_none_and_never_one_for_one() -> None:
    [entry] = in_currency(entries_of([statement(day(0), line("eth", "1"))]), GBP, RateBook())
    assert (entry.rate, entry.value, entry.worth, entry.reason) == (None, None, None, "no_price")
    [entry] = in_currency(entries_of([statement(day(0), line("eth", "1", "75"))]), GBP, RateBook())
    assert (entry.rate, entry.before, entry.value, entry.reason) == (None, 0, None, "no_rate")
