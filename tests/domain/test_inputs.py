"""What is known of a return's inputs: a line that has no flow, and may have no entry either, is never passed over."""

from decimal import Decimal

from holdfast.domain.attribution import attribute
from holdfast.domain.ledger.statements import Line, Statement, to_coverage, to_holdings
from holdfast.domain.returns.answers import Unavailable, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.inputs import Inputs, inputs_of
from holdfast.domain.returns.methods import METHODS, measure
from tests.domain.world_of_one import ZERO, day, entries_of, line, price_book, statement

ETH = line("eth", "1", "2000")


def unread(asset: str | None) -> Line:
    return Line(asset, "asset", None, reason="unreadable")


def value_only(asset: str | None) -> Line:
    return Line(asset, "asset", None, None, Decimal(25), reason="value_only")


def inputs(*statements: Statement) -> Inputs:
    """At the last of the statements; the coverage is that of the last as well."""
    last, entries = statements[-1], entries_of(statements)
    window = Window(None, last.at)
    book = build_book([entries], window=window, prices=price_book(), coverage=[to_coverage(last)])
    return inputs_of(book, [last.at], left_out={})


def counts(found: Inputs) -> tuple[int, int, dict[str, int]]:
    return found.lines, found.lines_unpriced, dict(found.reasons)


def coverage_of(*lines: Line) -> tuple[int, int, int]:
    found = to_coverage(statement(day(0), *lines))
    return found.lines_without_amount, sum(found.lines_unread.values()), found.lines_value_only


def test_lines_that_are_unreadable_are_counted_one_by_one_whatever_their_assets() -> None:
    assert coverage_of(ETH, unread("eth"), unread("eth")) == (2, 2, 0)
    assert coverage_of(unread(None), unread("token")) == (2, 2, 0)
    assert coverage_of(value_only(None), value_only("eth"), unread("eth")) == (3, 1, 2)
    out_of_range = Line("token", "asset", None, reason="out_of_range")
    assert coverage_of(out_of_range) == (1, 1, 0), "it is held on as one that was unreadable"
    assert coverage_of(Line(None, "asset", Decimal(3), None, Decimal(9))) == (1, 0, 1), "so much of nothing known"


def test_a_line_that_was_never_readable_is_one_of_the_inputs() -> None:
    assert counts(inputs(statement(day(0), ETH, unread("token")))) == (2, 1, {"unreadable": 1})
    assert counts(inputs(statement(day(0), ETH, unread(None)))) == (2, 1, {"unreadable": 1})


def test_a_value_without_an_amount_is_one_of_the_inputs() -> None:
    assert counts(inputs(statement(day(0), ETH, value_only(None)))) == (2, 1, {"value_only": 1})


def test_a_value_beside_an_amount_of_0_has_no_amount() -> None:
    """In the total it counts, and nothing of it can have moved: 7 of the 8 have no flows."""
    empty, worthless = Line("gbp", "asset", ZERO, None, Decimal(7)), Line("gbp", "asset", ZERO, Decimal(2), ZERO)
    told = statement(day(0), line("eur", "1", "1"), empty)
    assert (to_coverage(told).covered, to_coverage(told).gross) == (1, 8)
    assert counts(inputs(told)) == (2, 1, {"value_only": 1})
    assert list(to_holdings(told)) == [("eur", "asset")]
    assert coverage_of(ETH, worthless) == coverage_of(ETH, Line("gbp", "asset", ZERO)) == (0, 0, 0)


def test_nothing_is_measured_or_attributed_of_a_value_beside_an_amount_of_0() -> None:
    told = [statement(day(at), line("eur", "1", "1"), Line("gbp", "asset", ZERO, None, Decimal(5))) for at in (0, 1)]
    coverage = [to_coverage(told[-1])]
    window = Window(None, day(1))
    book = build_book([entries_of(told)], window=window, prices=price_book(), coverage=coverage)
    answers = measure(book, METHODS)
    assert {(type(answer), getattr(answer, "reason", "")) for answer in answers} == {(Unavailable, "value_only")}
    assert not attribute(book).complete


def test_what_stands_beside_a_value_of_nothing_keeps_its_own_price() -> None:
    """2 at 10 are worth 20; the 5 beside an amount of 0 do not make it 12.50 apiece."""
    told = statement(day(0), line("eth", "2", "10"), Line("eth", "asset", ZERO, None, Decimal(5)))
    [held] = to_holdings(told).values()
    assert (held.amount, held.price, held.worth) == (2, 10, 20)


def test_a_line_that_is_held_on_is_counted_once() -> None:
    """Two lines of ETH were read and are not any more: they are one in the ledger and two in the statement."""
    read, usdc = statement(day(0), ETH, ETH, line("usdc", "5", "1")), line("usdc", "5", "1")
    assert counts(inputs(read, statement(day(1), unread("eth"), usdc))) == (2, 1, {"unreadable": 1})
    assert counts(inputs(read, statement(day(1), unread("eth"), unread("eth"), usdc))) == (3, 2, {"unreadable": 2})


def test_inputs_are_whole_where_every_line_is_read() -> None:
    assert counts(inputs(statement(day(0), ETH, line("usdc", "5", "1")))) == (2, 0, {})


def test_a_source_that_holds_nothing_has_said_so_and_one_that_never_spoke_is_missing() -> None:
    book = build_book([[]], window=Window(None, day(9)), prices=price_book())
    found = inputs_of(book, [day(1), day(9), None], left_out={})
    assert (found.sources, found.sources_missing, found.oldest, found.newest) == (2, 1, day(1), day(9))


def test_lines_left_out_on_purpose_are_counted_beside_the_lines() -> None:
    told = statement(day(0), ETH, Line("token", "asset", Decimal(3), reason="excluded"))
    book = build_book([entries_of([told])], window=Window(None, day(0)), prices=price_book())
    found = inputs_of(book, [day(0)], left_out={"receipt_token": 2, "excluded": 1})
    assert (*counts(found), found.lines_excluded) == (2, 1, {"receipt_token": 2, "excluded": 2}, 3)
