"""Exact transfers in the ledger: where they stand in for a difference, and that flows always add up to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.domain.ledger.entries import ledger
from holdfast.domain.ledger.statements import Line
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from holdfast.history.statements import to_statement
from holdfast.history.thinning import changes_of, thinned
from holdfast.history.transfers import Logged, LoggedTransfer, Stretch, to_feeds
from tests.support.transfers import ACCOUNT, START, TOKEN, block

WALLET = f"acme/evm/{ACCOUNT}/wallet"
PRICES = PriceBook({TOKEN: [Quote(START, Decimal(2))]})


def snapshot(number: int, amount: str | None, *, reason: str = "") -> StoredSnapshot:
    held = None if amount is None else Decimal(amount)
    lines = () if held == 0 else (StoredLine("wallet", Line(TOKEN, "asset", held, reason=reason)),)
    at = block(number).time
    return StoredSnapshot(
        source=WALLET, account=ACCOUNT, at=at, fetched_at=at, snapshot_id=f"{number:032x}", covers=(), lines=lines
    )


def logged(number: int, delta: str, *, at: datetime | None = None) -> LoggedTransfer:
    return LoggedTransfer(WALLET, False, number, at or block(number).time, TOKEN, Decimal(delta), f"0x{number:x}")


def flows(
    chain: Sequence[StoredSnapshot], transfers: Sequence[LoggedTransfer], *stretches: tuple[int, int]
) -> list[tuple[datetime, Decimal, str]]:
    blocks = {(one.source, one.at, one.snapshot_id): int(one.snapshot_id, 16) for one in chain}
    known = Logged(
        transfers={WALLET: transfers}, stretches={WALLET: [Stretch(WALLET, False, *ends) for ends in stretches]}
    )
    feed = to_feeds({WALLET: chain}, blocks, known)[WALLET]
    entries = ledger([to_statement(one) for one in chain], PRICES, feed)
    return [(entry.at, entry.delta, entry.transfer) for entry in entries if entry.delta]


def test_each_transfer_is_a_flow_at_its_own_instant() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "12")]
    assert flows(chain, [logged(110, "5"), logged(150, "-3")], (100, 200)) == [
        (block(100).time, Decimal(10), ""),
        (block(110).time, Decimal(5), "0x6e"),
        (block(150).time, Decimal(-3), "0x96"),
    ]


def test_where_the_chains_clock_is_ahead_a_transfer_is_no_later_than_the_snapshot_that_holds_it() -> None:
    """A snapshot of tomorrow's block is of when it was heard; its transfers keep the block's time."""
    first, second = snapshot(100, "10"), snapshot(200, "12")
    chain, tomorrow = [first, second], second.at + timedelta(days=1)
    assert flows(chain, [logged(110, "5"), logged(150, "-3", at=tomorrow)], (100, 200))[1:] == [
        (block(110).time, Decimal(5), "0x6e"),
        (second.at, Decimal(-3), "0x96"),
    ]


def test_what_transfers_do_not_explain_is_a_difference_at_the_snapshot() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "15.25")]
    assert flows(chain, [logged(110, "5")], (90, 300))[1:] == [
        (block(110).time, Decimal(5), "0x6e"),
        (block(200).time, Decimal("0.25"), ""),
    ]


@pytest.mark.parametrize("stretches", [(), ((101, 200),), ((100, 199),), ((90, 150), (151, 210))])
def test_a_block_whose_logs_are_not_known_leaves_the_difference(stretches: Sequence[tuple[int, int]]) -> None:
    chain = [snapshot(100, "10"), snapshot(200, "15")]
    assert flows(chain, [logged(110, "5")], *stretches)[1:] == [(block(200).time, Decimal(5), "")]


def test_what_came_and_went_between_two_snapshots_is_seen() -> None:
    chain = [snapshot(100, "0"), snapshot(200, "0")]
    assert flows(chain, [logged(110, "5"), logged(120, "-5")], (100, 200)) == [
        (block(110).time, Decimal(5), "0x6e"),
        (block(120).time, Decimal(-5), "0x78"),
    ]


def test_a_transfer_in_the_block_of_a_snapshot_belongs_before_it() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "15"), snapshot(300, "15")]
    assert flows(chain, [logged(200, "5")], (100, 300))[1:] == [(block(200).time, Decimal(5), "0xc8")]


def test_a_difference_that_remains_at_the_instant_of_a_transfer_is_one_flow_with_it() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "16")]
    assert flows(chain, [logged(200, "5")], (100, 200))[1:] == [(block(200).time, Decimal(6), "")]


def test_a_block_that_shares_the_second_of_the_snapshots_comes_right_after_it() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "15")]
    same_second = logged(101, "5", at=block(100).time)
    assert flows(chain, [same_second], (100, 200))[1:] == [
        (block(100).time + timedelta(milliseconds=1), Decimal(5), "0x65")
    ]


def test_several_of_one_block_are_one_flow_that_names_them() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "15")]
    several = [logged(110, "7"), LoggedTransfer(WALLET, False, 110, block(110).time, TOKEN, Decimal(-2), "0xff")]
    assert flows(chain, several, (100, 200))[1:] == [(block(110).time, Decimal(5), "0x6e,0xff")]


@pytest.mark.parametrize(("amount", "reason"), [(None, "unreadable"), ("10", "excluded")])
def test_a_statement_that_does_not_say_how_much_there_is_leaves_no_transfers(amount: str | None, reason: str) -> None:
    chain = [snapshot(100, amount, reason=reason), snapshot(200, "15")]
    assert all(not transfer for _, _, transfer in flows(chain, [logged(110, "5")], (100, 200)))


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_flows_always_add_up_to_what_the_amounts_changed_by(data: st.DataObject) -> None:
    """With any transfers, explained or not, over any stretches of known blocks."""
    numbers = sorted(data.draw(st.sets(st.integers(0, 60), min_size=2, max_size=8)))
    amounts = st.decimals(0, 1000, places=3)
    chain = [snapshot(number, str(data.draw(amounts))) for number in numbers]
    places = sorted(data.draw(st.lists(st.integers(0, 60), max_size=12)))
    moved = [logged(place, str(data.draw(st.decimals(-500, 500, places=3)))) for place in places]
    ends = data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=4))
    found = flows(chain, moved, *((after, after + size) for after, size in ends))
    for before, this in pairwise(chain):
        changed = sum((delta for at, delta, _ in found if before.at < at <= this.at), Decimal(0))
        assert changed == _held(this) - _held(before)
    exact = [(at, delta) for at, delta, transfer in found if transfer]
    assert all((at, delta) in _by_instant(moved) for at, delta in exact)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_statements_that_say_the_same_again_may_be_left_out(data: st.DataObject) -> None:
    """But not those around a transfer, be its block in the second of one of them or not."""
    numbers = sorted(data.draw(st.sets(st.integers(0, 40), min_size=2, max_size=12)))
    chain = [snapshot(number, str(data.draw(st.sampled_from([5, 5, 5, 8])))) for number in numbers]
    places = sorted(data.draw(st.lists(st.integers(0, 40), max_size=8)))
    seconds = [block(place - data.draw(st.integers(0, 1))).time for place in places]
    moved = [
        logged(place, str(data.draw(st.integers(-4, 4))), at=at) for place, at in zip(places, seconds, strict=True)
    ]
    ends = data.draw(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30)), max_size=3))
    known = [(after, after + size) for after, size in ends]
    (kept,) = thinned({WALLET: chain}, changes_of({WALLET: chain}), [], {WALLET: {one.at for one in moved}}).values()
    assert flows(kept, moved, *known) == flows(chain, moved, *known)


def test_what_an_unlisted_token_did_is_not_told_of_statements_that_are_without_it() -> None:
    """It is listed from 300 on, where a difference says what there is; its logs are asked for further back."""
    chain = [snapshot(100, "0"), snapshot(200, "0"), snapshot(300, "50")]
    assert flows(chain, [logged(150, "50")], (100, 300)) == [(block(300).time, Decimal(50), "")]
    sold = [snapshot(100, "0"), snapshot(300, "600")]
    assert flows(sold, [logged(150, "-400")], (100, 300)) == [(block(300).time, Decimal(600), "")]


def test_no_transfer_takes_out_more_than_there_was() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "11")]
    assert flows(chain, [logged(110, "-12"), logged(120, "13")], (100, 200))[1:] == [(block(200).time, Decimal(1), "")]
    assert len(flows(chain, [logged(110, "13"), logged(120, "-12")], (100, 200))[1:]) == 2


def _held(one: StoredSnapshot) -> Decimal:
    return sum((line.amount or Decimal(0) for _, line in one.lines), Decimal(0))


def _by_instant(moved: Iterable[LoggedTransfer]) -> list[tuple[datetime, Decimal]]:
    sums: dict[datetime, Decimal] = defaultdict(Decimal)
    for one in moved:
        sums[one.at] += one.delta
    return list(sums.items())


COIN = "eip155:1/slip44:60"
KNOWN = {False: [Stretch(WALLET, False, 90, 210)], True: [Stretch(WALLET, True, 90, 210)]}


def both(number: int, token: str, coin: str) -> StoredSnapshot:
    one = snapshot(number, token)
    return replace(one, lines=(*one.lines, StoredLine("wallet", Line(COIN, "asset", Decimal(coin)))))


@pytest.mark.parametrize("of_coin", [False, True])
@pytest.mark.parametrize("other", [[], [(90, 199)], [(101, 210)], [(90, 150), (151, 210)]])
def test_of_tokens_and_of_the_coin_each_is_exact_where_its_own_blocks_are_known(
    of_coin: bool, other: Sequence[tuple[int, int]]
) -> None:
    """Whatever is known of the other."""
    chain = [both(100, "10", "3"), both(200, "8", "4")]
    blocks = {(one.source, one.at, one.snapshot_id): int(one.snapshot_id, 16) for one in chain}
    token = logged(110, "-2")
    coin = LoggedTransfer(WALLET, True, 110, block(110).time, COIN, Decimal(1), "0x6f")
    stretches = [*KNOWN[of_coin], *(Stretch(WALLET, not of_coin, *ends) for ends in other)]
    known = Logged(transfers={WALLET: [token, coin]}, stretches={WALLET: stretches})
    (exact,) = to_feeds({WALLET: chain}, blocks, known)[WALLET]
    assert (exact.asset, exact.delta) == ((COIN, Decimal(1)) if of_coin else (TOKEN, Decimal(-2)))


def test_where_both_are_known_both_are_exact_and_in_order_of_time() -> None:
    chain = [both(100, "10", "3"), both(200, "8", "4")]
    blocks = {(one.source, one.at, one.snapshot_id): int(one.snapshot_id, 16) for one in chain}
    coin = LoggedTransfer(WALLET, True, 105, block(105).time, COIN, Decimal(1), "0x6f")
    known = Logged(transfers={WALLET: [coin, logged(110, "-2")]}, stretches={WALLET: [*KNOWN[False], *KNOWN[True]]})
    feed = to_feeds({WALLET: chain}, blocks, known)[WALLET]
    entries = ledger([to_statement(one) for one in chain], PRICES, feed)
    assert [(one.asset, one.delta, one.transfer) for one in entries if one.delta][2:] == [
        (COIN, Decimal(1), "0x6f"),
        (TOKEN, Decimal(-2), "0x6e"),
    ]
