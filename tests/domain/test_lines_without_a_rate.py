"""A line that was stated in a currency without a rate into dollars is worth an unknown amount, as in every total.

What its source said counts until a newer price does: the price that a feed had quoted before would be another claim.
"""

from decimal import Decimal

from holdfast.domain.ledger.entries import Entry, Transfer, ledger
from holdfast.domain.ledger.membership import Interval, belonging
from holdfast.domain.ledger.statements import Line
from holdfast.domain.line_values import marking
from holdfast.domain.refusals import Refusals, Spell
from holdfast.domain.returns.answers import SimpleReturn, Unavailable, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.simple import simple_return
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.domain.world_of_one import day, line, price_book, statement

EUR = "iso4217:EUR"
IN_EUROS = Line("x", "asset", Decimal(10), reason="no_price", waits_for=EUR)
PRICES = price_book(x={0: "2", 1.5: "3"})


def told(entry: Entry) -> tuple[object, ...]:
    return entry.held, entry.price, entry.value, entry.worth, entry.reason


def test_the_asset_s_own_feed_does_not_value_what_was_stated_in_euros() -> None:
    (entry,) = ledger([statement(day(0.5), IN_EUROS)], PRICES)
    assert told(entry) == (10, None, None, None, "no_price")
    book = build_book([[entry]], window=Window(None, day(1)), prices=PRICES)
    answer = simple_return(book)
    assert isinstance(answer, Unavailable)
    assert [(one.asset, one.at, one.reason) for one in answer.missing] == [
        ("x", day(0.5), "no_price"),
        ("x", day(1), "no_price"),
    ]


def test_a_newer_quote_marks_it_and_an_older_one_does_not() -> None:
    """2 was quoted before the statement, 3 a day behind it: 10 are 30 then, and unknown until then."""
    entries = ledger([statement(day(0.5), IN_EUROS)], PRICES)
    for at, worth in ((0.5, None), (0.9, None), (1.5, 30), (2, 30)):
        book = build_book([entries], window=Window(None, day(at)), prices=PRICES)
        assert [mark.worth for mark in book.closing] == [worth], at
        value, _ = marking(PRICES)(IN_EUROS, day(0.5), day(at))
        assert value == worth, at
        joined = belonging(entries, [Interval(day(at))], PRICES)
        assert [mark.worth for mark in joined] == [worth], at


def test_it_is_marked_at_the_flows_of_others_by_the_same_rule() -> None:
    """30 from 1.6 on, and 10 of y come at 1.7; x is quoted at 4 from 1.8 on, so 40 are 50 at the end."""
    prices = price_book(x={0: "2", 1.5: "3", 1.8: "4"}, y={1.7: "1"})
    other = [statement(day(0), source="t"), statement(day(1.7), line("y", "10", "1"), source="t")]
    entries = [ledger([statement(day(0.5), IN_EUROS)], prices), ledger(other, prices)]
    book = build_book(entries, window=Window(day(1.6), day(1.9)), prices=prices)
    gain, rate = simple_return(book), time_weighted_return(book)
    assert isinstance(gain, SimpleReturn)
    assert (gain.gain, gain.closing) == (10, 50)
    assert not isinstance(rate, Unavailable)
    assert rate.rate == Decimal("0.25")


def test_a_part_in_euros_makes_the_whole_unknown() -> None:
    """10 priced at 2 beside 10 in euros, whichever of the two names comes first: the total lacks a line as well."""
    for name in ("x", "a", "zz"):
        dear = Line(name, "asset", Decimal(10), Decimal(2), Decimal(20))
        unquoted = Line(name, "asset", Decimal(1), reason="no_price", waits_for=name)
        in_euros = IN_EUROS._replace(asset=name)
        prices = price_book(**{name: {0: "2"}})
        (entry,) = ledger([statement(day(0.5), dear, unquoted, in_euros)], prices)
        assert (entry.worth, entry.waits_for) == (None, EUR)


def test_a_transfer_at_the_very_statement_does_not_value_it_either() -> None:
    moved = Transfer(day(0.5), "s", "x", "asset", Decimal(10), "0xa")
    entries = ledger([statement(day(0)), statement(day(0.5), IN_EUROS)], PRICES, [moved])
    assert [told(entry) for entry in entries] == [(10, None, None, None, "no_price")]


def test_a_transfer_behind_the_statement_has_what_a_mark_has() -> None:
    """10 in euros at 0.5; 1 comes at 0.7, while the feed says what it said before, and 1 at 1.6 at 3, quoted at 1.5."""
    moved = [Transfer(day(at), "s", "x", "asset", Decimal(1), "0xa") for at in (0.7, 1.6)]
    later = statement(day(2), IN_EUROS._replace(amount=Decimal(12)))
    entries = ledger([statement(day(0.5), IN_EUROS), later], PRICES, moved)
    assert [(entry.at, entry.held, entry.price, entry.value) for entry in entries] == [
        (day(0.5), 10, None, None),
        (day(0.7), 11, None, None),
        (day(1.6), 12, 3, 3),
        (day(2), 12, None, 0),
    ]
    book = build_book([entries], window=Window(None, day(0.9)), prices=PRICES)
    assert [mark.worth for mark in book.closing] == [None]


def test_a_stated_price_serves_transfers_until_a_newer_one_is_quoted() -> None:
    """5 was stated at 0.5, behind the feed's 2; 3 was quoted at 1.5. A day later there is neither."""
    moved = [Transfer(day(at), "s", "x", "asset", Decimal(1), "0xa") for at in (0.7, 1.5, 2.6)]
    told = [statement(day(0.5), line("x", "10", "5")), statement(day(3), line("x", "13", "5"))]
    entries = ledger(told, PRICES, moved)
    assert [(entry.price, entry.before, entry.worth) for entry in entries] == [
        (5, 0, 50),
        (5, 50, 55),
        (3, 33, 36),
        (None, None, None),
        (5, 65, 65),
    ]


def test_the_reason_is_the_currency_s() -> None:
    refused = Refusals({EUR: [Spell(day(0.4), day(0.6))]})
    prices = type(PRICES)({"x": PRICES.of("x").quotes}, refused)
    (entry,) = ledger([statement(day(0.5), IN_EUROS)], prices)
    assert entry.reason == "rate_limited"
    asset_refused = type(PRICES)({"x": PRICES.of("x").quotes}, Refusals({"x": [Spell(day(0.4), day(0.6))]}))
    (entry,) = ledger([statement(day(0.5), IN_EUROS)], asset_refused)
    assert entry.reason == "no_price"
