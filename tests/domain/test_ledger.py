"""The ledger's own promises: arrival, repair, transfers, membership, value-only lines."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.balances import Side
from holdfast.domain.ledger.entries import Entry, Transfer, ledger
from holdfast.domain.ledger.marks import marked
from holdfast.domain.ledger.marks_at_flows import with_marks_at_flows
from holdfast.domain.ledger.membership import CycleError, Interval, Membership, accounts_of, belonging, union
from holdfast.domain.ledger.statements import Line, Statement, current, to_coverage
from holdfast.domain.returns.answers import CostBasisReturn, SimpleReturn, Unavailable, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.cost_basis import cost_basis
from holdfast.domain.returns.simple import simple_return
from tests.domain.world_of_one import day, entries_of, line, price_book, statement
from tests.domain.worlds import thoroughly, to_prices, to_statement, worlds
from tests.support import oracle_ledger


def sort_key(entry: object) -> str:
    return repr(entry)


@thoroughly
@given(world=worlds(currency=False), seed=st.integers(0, 99))
def test_any_order_and_any_repetition_of_arrivals_gives_one_ledger(world: oracle_ledger.World, seed: int) -> None:
    arrived = [to_statement("s", snap) for snaps in world.sources.values() for snap in snaps]
    prices, chance = to_prices(world), random.Random(seed)
    again = chance.choices(arrived, k=len(arrived)) + arrived if arrived else []
    chance.shuffle(again)
    assert ledger(current(again), prices) == ledger(current(arrived), prices)


@thoroughly
@given(world=worlds(currency=False))
def test_a_late_statement_changes_the_entries_around_it_and_no_others(world: oracle_ledger.World) -> None:
    """Of each asset those at its own instant, and up to the next statement that says how much of it there is."""
    arrived = [to_statement("s", snap) for snaps in world.sources.values() for snap in snaps]
    prices = to_prices(world)
    for place, late in enumerate(arrived):
        before, after = (ledger(current(arrived[:until]), prices) for until in (place, place + 1))
        changed = Counter(before)
        changed.subtract(after)
        following = [one for one in current(arrived[:place]) if one.at > late.at]
        for entry in (entry for entry, times in changed.items() if times):
            assert entry.at in {late.at, *_until_told(following, entry.asset, entry.side)}


def _until_told(following: Iterable[Statement], asset: str, side: str) -> Iterator[datetime]:
    """What a statement does not list is none; what it lists without an amount is as much as before."""
    for one in following:
        yield one.at
        if not any((line.asset, line.side, line.amount) == (asset, side, None) for line in one.lines):
            return


def test_a_transfer_between_accounts_cancels_and_realises_nothing() -> None:
    prices = price_book(eth={0: "2000", 1: "2500", 2: "3000"})
    mine = [statement(day(0), line("eth", "2"), source="a"), statement(day(1), line("eth", "0.5"), source="a")]
    yours = [statement(day(1), line("eth", "1.5"), source="b")]
    ledgers = [entries_of(mine, prices), entries_of(yours, prices)]
    book = build_book(ledgers, window=Window(None, day(2)), prices=prices)
    assert [flow.value for flow in book.flows] == [4000]
    for method in ("average_cost", "fifo", "lifo", "hifo"):
        answer = cost_basis(book, method, detail=True)
        assert isinstance(answer, CostBasisReturn)
        assert (answer.realised, answer.unrealised, answer.disposals) == (0, 2000, ())
        assert [(lot.opened_at, lot.quantity) for lot in answer.lots] == [(day(0), 2)]


def test_a_debt_opens_when_borrowed_and_closes_when_repaid() -> None:
    """100 borrowed at 1.00, 40 repaid at 0.90 gains 4; the other 60 at 1.10 lose 6."""
    prices = price_book(usdc={0: "1", 1: "0.9", 2: "1.1"})
    told = [statement(day(0), line("usdc", "100", side="debt")), statement(day(1), line("usdc", "60", side="debt"))]
    book = build_book([entries_of(told, prices)], window=Window(None, day(2)), prices=prices)
    assert [flow.value for flow in book.flows] == [-100, 36]
    answer = cost_basis(book, "fifo")
    assert isinstance(answer, CostBasisReturn)
    assert (answer.held, answer.cost, answer.realised, answer.unrealised) == (None, -60, 4, -6)


def test_exact_transfers_stand_in_for_the_difference_and_interest_remains() -> None:
    """1 came at 100 between two snapshots that differ by 1.01."""
    prices = price_book(eth={0: "100", 1: "100", 2: "110"})
    told = [statement(day(0), line("eth", "1")), statement(day(2), line("eth", "2.01"))]
    feed = [Transfer(day(1), "s", "eth", "asset", Decimal(1), "0xabc")]
    entries = ledger(told, prices, feed)
    assert [(e.at, e.delta, e.held, e.value, e.transfer) for e in entries] == [
        (day(0), 1, 1, 100, ""),
        (day(1), 1, 2, 100, "0xabc"),
        (day(2), Decimal("0.01"), Decimal("2.01"), Decimal("1.1"), ""),
    ]


def test_an_account_that_joins_and_leaves_is_a_flow_of_its_whole_value() -> None:
    prices = price_book(eth={0: "100", 1: "120", 2: "150"})
    own = entries_of([statement(day(0), line("eth", "3"))], prices)
    seen = belonging(own, [Interval(day(1), day(2))], prices)
    assert [(e.at, e.delta, e.held, e.value, e.worth) for e in seen] == [
        (day(1), 3, 3, 360, 360),
        (day(2), -3, 0, -450, 0),
    ]
    answer = simple_return(build_book([seen], window=Window(None, day(9)), prices=prices))
    assert isinstance(answer, SimpleReturn)
    assert answer.gain == 90


def test_joining_does_not_make_an_old_price_new() -> None:
    """Quoted on day 0, it serves for the joining on day 1 and for nothing after it."""
    prices = price_book(eth={0: "100"})
    own = entries_of([statement(day(0), line("eth", "3"))], prices)
    seen = belonging(own, [Interval(day(1))], prices)
    assert [entry.value for entry in seen] == [300]
    at_once, later = (simple_return(build_book([seen], window=Window(None, day(n)), prices=prices)) for n in (1, 1.5))
    assert isinstance(at_once, SimpleReturn)
    assert at_once.gain == 0
    assert isinstance(later, Unavailable)


def test_lines_without_amounts_make_returns_unavailable_with_the_share_covered() -> None:
    told = Statement("s", day(0), day(0), "x", (line("eth", "1", "75"), Line(None, "asset", None, None, Decimal(25))))
    coverage = to_coverage(told)
    window = Window(None, day(0))
    book = build_book([entries_of([told])], window=window, prices=price_book(), coverage=[coverage])
    for answer in (simple_return(book), cost_basis(book, "hifo")):
        assert isinstance(answer, Unavailable)
        assert (answer.reason, answer.covered) == ("value_only", Decimal("0.75"))


@pytest.mark.parametrize("feed", [(), (Transfer(day(0.9), "s", "eth", "asset", Decimal(10), "0xt"),)])
def test_a_price_of_the_feed_is_as_old_as_the_feed_says(feed: tuple[Transfer, ...]) -> None:
    """Quoted on day 0 and looked at just before it is a day old: after that day it serves no longer."""
    prices = price_book(eth={0: "5"})
    *_, last = ledger([statement(day(0)), statement(day(0.95), line("eth", "10"))], prices, feed)
    assert (last.price, last.since) == (Decimal(5), day(0))
    assert marked(last, day(1), prices).worth == 50
    too_old = marked(last, day(1.1), prices)
    assert (too_old.worth, too_old.reason) == (None, "stale")


def test_a_line_that_the_feed_valued_is_as_old_as_the_oldest_of_its_prices() -> None:
    valued = [line("eth", "1", "5")._replace(since=since) for since in (day(0.5), day(0), None)]
    (last,) = entries_of([statement(day(0.9), *valued)])
    assert (last.worth, last.since) == (Decimal(15), day(0))
    assert marked(last, day(1), price_book()).worth == 15
    assert marked(last, day(1.1), price_book()).worth is None


def test_a_price_stated_while_another_is_waited_for_is_too_old_after_its_day() -> None:
    """First stated without a price, the line waits for the quote of day 10; the price of day 1 serves until day 2."""
    held = entries_of([statement(day(0), line("eth", "10")), statement(day(1), line("eth", "10", "5"))])
    moving = entries_of(statement(day(at), line("usd", str(at), "1"), source="t") for at in (1.5, 3))
    walked = with_marks_at_flows(held + moving, price_book(eth={10: "6"}))
    assert [(entry.at, entry.worth) for entry in walked.entries if entry.asset == "eth"] == [
        (day(0), None),
        (day(1), Decimal(50)),
        (day(3), None),
    ]


def test_a_stale_price_is_not_a_missing_one() -> None:
    told = [statement(day(0), line("eth", "1", "75"))]
    prices = price_book(eth={1: "80"})
    answer = simple_return(build_book([entries_of(told)], window=Window(None, day(3)), prices=prices))
    assert isinstance(answer, Unavailable)
    assert answer.reason == "stale"
    assert [(m.asset, m.at) for m in answer.missing] == [("eth", day(3))]


@pytest.mark.parametrize(("side", "delta"), [("asset", -3), ("debt", 3)])
def test_more_sold_than_held_or_repaid_than_owed_is_unavailable(side: Side, delta: int) -> None:
    prices = price_book(eth={0: "100", 1: "100"})
    feed = [Transfer(day(0.5), "s", "eth", side, Decimal(delta), "0xabc")]
    told = [statement(day(at), line("eth", "1", side=side)) for at in (0, 1)]
    book = build_book([ledger(told, prices, feed)], window=Window(None, day(1)), prices=prices)
    answer = cost_basis(book, "fifo")
    assert isinstance(answer, Unavailable)
    assert (answer.reason, [one.at for one in answer.missing]) == ("oversold", [day(0.5)])


def test_a_nested_portfolio_is_the_set_of_its_accounts_each_once() -> None:
    members = {
        "family": [Membership(None, "ann", Interval(day(0), day(10))), Membership(None, "ben")],
        "ann": [Membership("x", None, Interval(day(5), day(20)))],
        "ben": [Membership("x", None, Interval(day(8), day(12))), Membership("y", None)],
    }
    found = accounts_of("family", members)
    assert found == {"x": (Interval(day(5), day(12)),), "y": (Interval(),)}


def test_a_portfolio_inside_itself_is_refused_with_the_way() -> None:
    members = {"a": [Membership(None, "b")], "b": [Membership(None, "a")]}
    with pytest.raises(CycleError, match="a > b > a"):
        accounts_of("a", members)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_a_union_of_times_has_the_same_instants_and_lies_apart(times: list[tuple[int, int]]) -> None:
    merged = union([Interval(day(start), day(end)) for start, end in times])
    for hour in range(31):
        instant = day(hour) + timedelta(hours=1)
        inside = any(day(start) <= instant < day(end) for start, end in times)
        assert sum(start <= instant < end for start, end in merged) == inside
    assert all(a.end < b.start for a, b in pairwise(merged))


def shown(entries: Iterable[Entry], *names: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(entry, name) for name in names) for entry in entries]


def unread(asset: str) -> Line:
    return Line(asset, "asset", None, reason="unreadable")


def test_an_amount_that_cannot_be_read_is_neither_sold_nor_bought_back() -> None:
    """ETH 2 at 2000, then unreadable, then 3 at 2200: one flow of +1, 2200. USDC is there throughout."""
    prices = price_book(eth={0: "2000", 1: "2100", 2: "2200"}, usdc={0: "1", 1: "1", 2: "1"})
    told = [
        statement(day(0), line("eth", "2"), line("usdc", "50")),
        statement(day(1), unread("eth"), line("usdc", "50")),
        statement(day(2), line("eth", "3"), line("usdc", "50")),
    ]
    eth = [entry for entry in ledger(told, prices) if entry.asset == "eth"]
    assert shown(eth, "delta", "held", "value", "reason") == [
        (2, 2, 4000, ""),
        (0, 2, 0, "unreadable"),
        (1, 3, 2200, ""),
    ]
    assert shown(eth[1:2], "price", "before", "worth") == [(None, None, None)]


def test_what_an_unreadable_amount_is_worth_is_unknown_until_it_is_read_again() -> None:
    """Whatever prices come meanwhile; a sale is one once a statement says that nothing is left."""
    prices = price_book(eth={0: "2000", 1: "2100", 2: "2200", 3: "2300"}, usdc={2: "1"})
    told = [
        statement(day(0), line("eth", "2")),
        statement(day(1), unread("eth")),
        statement(day(2), unread("eth"), line("usdc", "9")),
    ]
    book = build_book([ledger(told, prices)], window=Window(None, day(2)), prices=prices)
    [eth] = [mark for mark in book.closing if mark.asset == "eth"]
    assert shown([eth], "held", "worth", "reason") == [(2, None, "unreadable")]
    assert [flow.value for flow in book.flows] == [4000, 9]
    sold = ledger([*told, statement(day(3), line("usdc", "9"))], prices)
    assert shown(sold, "at", "asset", "delta", "value")[-2:][0] == (day(3), "eth", -2, -4600)


def test_transfers_go_on_while_an_amount_is_unreadable() -> None:
    """2 + 1 by transfer are 3; the statement after says 3.5: half of one is what no transfer explains."""
    prices = price_book(eth={0: "2000", 1: "2100", 2: "2200"})
    told = [
        statement(day(0), line("eth", "2")),
        statement(day(1), unread("eth")),
        statement(day(2), line("eth", "3.5")),
    ]
    moved = [Transfer(day(0) + timedelta(hours=12), "s", "eth", "asset", Decimal(1), "tx")]
    entries = ledger(told, prices, moved)
    assert shown(entries, "delta", "held", "transfer") == [
        (2, 2, ""), (1, 3, "tx"), (0, 3, ""), (Decimal("0.5"), Decimal("3.5"), ""),
    ]  # fmt: skip


def test_one_that_was_never_read_is_held_from_when_it_is() -> None:
    prices = price_book(eth={0: "2000", 1: "2100"})
    entries = ledger([statement(day(0), unread("eth")), statement(day(1), line("eth", "2"))], prices)
    assert shown(entries, "at", "delta", "value") == [(day(1), 2, 4200)]
