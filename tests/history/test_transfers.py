"""Exact transfers in the ledger: where they stand in for a difference, and that flows always add up to it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.balances import Balance
from holdfast.domain.ledger.entries import Entry, ledger
from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.ledger.statements import Line
from holdfast.domain.prices import Price
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.inputs import flows_of
from holdfast.events import BalancesObserved, PricesObserved, TransfersObserved
from holdfast.events.event import Event
from holdfast.history.ledgers import read_ledgers
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from holdfast.history.statements import to_statement
from holdfast.history.transfers import LoggedTransfer, Stretch, to_feed
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from tests.support.transfers import ACCOUNT, START, TOKEN, block, stated, transfer

PEER = "eip155:1:0x00000000219ab540356cbb839cbe05303d7705fa"
WALLET, PEER_WALLET = f"acme/evm/{ACCOUNT}/wallet", f"acme/evm/{PEER}/wallet"
PRICES = PriceBook({TOKEN: [Quote(START, Decimal(2))]})


def snapshot(number: int, amount: str | None, *, reason: str = "") -> StoredSnapshot:
    held = None if amount is None else Decimal(amount)
    lines = () if held == 0 else (StoredLine("wallet", Line(TOKEN, "asset", held, reason=reason)),)
    at = block(number).time
    return StoredSnapshot(
        source=WALLET, account=ACCOUNT, at=at, fetched_at=at, snapshot_id=f"{number:032x}", covers=(), lines=lines
    )


def logged(number: int, delta: str, *, at: datetime | None = None) -> LoggedTransfer:
    return LoggedTransfer(WALLET, number, at or block(number).time, TOKEN, Decimal(delta), f"0x{number:x}")


def flows(
    chain: Sequence[StoredSnapshot], transfers: Sequence[LoggedTransfer], *stretches: tuple[int, int]
) -> list[tuple[datetime, Decimal, str]]:
    blocks = {(one.source, one.at, one.snapshot_id): int(one.snapshot_id, 16) for one in chain}
    feed = to_feed(chain, blocks, transfers, [Stretch(WALLET, *ends) for ends in stretches])
    entries = ledger([to_statement(one) for one in chain], PRICES, feed)
    return [(entry.at, entry.delta, entry.transfer) for entry in entries if entry.delta]


def test_each_transfer_is_a_flow_at_its_own_instant() -> None:
    chain = [snapshot(100, "10"), snapshot(200, "12")]
    assert flows(chain, [logged(110, "5"), logged(150, "-3")], (100, 200)) == [
        (block(100).time, Decimal(10), ""),
        (block(110).time, Decimal(5), "0x6e"),
        (block(150).time, Decimal(-3), "0x96"),
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
    several = [logged(110, "7"), LoggedTransfer(WALLET, 110, block(110).time, TOKEN, Decimal(-2), "0xff")]
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


def _held(one: StoredSnapshot) -> Decimal:
    return sum((line.amount or Decimal(0) for _, line in one.lines), Decimal(0))


def _by_instant(moved: Iterable[LoggedTransfer]) -> list[tuple[datetime, Decimal]]:
    sums: dict[datetime, Decimal] = defaultdict(Decimal)
    for one in moved:
        sums[one.at] += one.delta
    return list(sums.items())


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    await store(connected, prices())
    yield connected
    await connected.close()


def prices() -> PricesObserved:
    price = Price(asset=TOKEN, quote="iso4217:USD", at=START, price=Decimal(2), source="test")
    return PricesObserved(
        id="c" * 32, tenant="public", provider="test", fetched_at=START, job_id="4" * 32, prices=(price,)
    )


def balances(number: int, amount: str, account: str = ACCOUNT, fork: str = "a") -> BalancesObserved:
    at, fork_digit = block(number).time, "1" if fork == "a" else "2"
    identity = fork_digit + f"{number:x}{account[-3:]}".rjust(31, "0")
    line = Balance(asset=TOKEN, kind="wallet", amount=Decimal(amount), chain="eip155:1")
    lines = (line,) if Decimal(amount) else ()
    return BalancesObserved(
        id=identity,
        snapshot_id=identity,
        tenant="acme",
        provider="evm",
        account=account,
        scope="wallet",
        observed_at=at,
        fetched_at=at,
        job_id="4" * 32,
        balances=lines,
        lines=len(lines),
        block=block(number, fork),
    )


async def store(warehouse: Warehouse, *events: Event, recorded_s: int = 0) -> None:
    arrivals = [
        Arrival(event=event, sequence=n, recorded_at=START + timedelta(seconds=recorded_s))
        for n, event in enumerate(events, 1)
    ]
    await insert(warehouse, prepare(arrivals), ranking=())


def member(source: str, account: str) -> SourceMembership:
    return SourceMembership(source=source, account=account, provider="evm", scope="wallet", during=(ALWAYS,))


BOTH = [member(WALLET, ACCOUNT), member(PEER_WALLET, PEER)]
WINDOW = Window(None, block(500).time)


async def read(
    warehouse: Warehouse, members: Sequence[SourceMembership] = BOTH[:1], known_at: datetime | None = None
) -> list[list[Entry]]:
    ledgers = await read_ledgers(warehouse, members, WINDOW, known_at=known_at)
    return [[entry for entry in one.entries if entry.delta] for one in ledgers.sources]


def shape(entries: Iterable[Entry]) -> list[tuple[datetime, Decimal, Decimal | None, bool]]:
    return [(entry.at, entry.delta, entry.value, bool(entry.transfer)) for entry in entries]


async def test_the_ledger_takes_transfers_at_their_own_instants_and_values_them_there(warehouse: Warehouse) -> None:
    later = Price(asset=TOKEN, quote="iso4217:USD", at=block(140).time, price=Decimal(3), source="test")
    await store(
        warehouse,
        PricesObserved(
            id="d" * 32, tenant="public", provider="test", fetched_at=START, job_id="4" * 32, prices=(later,)
        ),
        balances(100, "10"),
        balances(120, "15"),
        balances(200, "15.5"),
        stated(90, 210, 3000, transfer(110, 1, "5"), transfer(130, 0, "2"), transfer(150, 4, "-2")),
    )
    (entries,) = await read(warehouse)
    assert shape(entries) == [
        (block(100).time, Decimal(10), Decimal(20), False),
        (block(110).time, Decimal(5), Decimal(10), True),
        (block(130).time, Decimal(2), Decimal(4), True),
        (block(150).time, Decimal(-2), Decimal(-6), True),
        (block(200).time, Decimal("0.5"), Decimal("1.5"), False),
    ]


async def test_what_only_passed_through_between_two_equal_statements_is_seen(warehouse: Warehouse) -> None:
    await store(
        warehouse,
        *(balances(number, "10") for number in (100, 120, 140, 160, 180)),
        stated(90, 210, 3000, transfer(130, 0, "2"), transfer(135, 4, "-2")),
    )
    (entries,) = await read(warehouse)
    assert [(entry.at, entry.delta) for entry in entries[1:]] == [
        (block(130).time, Decimal(2)),
        (block(135).time, Decimal(-2)),
    ]


MOVED = [(130, 0, "5"), (150, 4, "-2"), (230, 0, "1"), (231, 0, "-1")]


@pytest.mark.parametrize("cut", [101, 129, 130, 131, 149, 150, 151, 199, 200, 201])
async def test_windows_that_follow_each_other_say_together_what_one_over_both_says(
    warehouse: Warehouse, cut: int
) -> None:
    """Also where transfers lie between the last statement of the one and the first of the other."""
    await store(
        warehouse,
        *(balances(100, "10"), balances(200, "13.5"), balances(300, "13.5")),
        stated(90, 310, 3900, *(transfer(*moved) for moved in MOVED)),
    )
    end = block(400).time
    for known_at in (None, START + timedelta(days=1)):
        first = await _book(warehouse, Window(None, block(cut).time), known_at)
        second = await _book(warehouse, Window(block(cut).time, end), known_at)
        whole = await _book(warehouse, Window(None, end), known_at)
        assert [*_moves(first), *_moves(second)] == _moves(whole)
        assert (whole.flows, len(_moves(whole))) == ((*first.flows, *second.flows), 6)
        (closing,), (opening,) = first.closing, second.opening
        assert (closing.held, closing.worth) == (opening.held, opening.worth)
        assert closing.held == sum(delta for _, delta in _moves(first))


async def _book(warehouse: Warehouse, window: Window, known_at: datetime | None) -> Book:
    ledgers = await read_ledgers(warehouse, BOTH[:1], window, known_at=known_at)
    return build_book([one.entries for one in ledgers.sources], window=window, prices=ledgers.prices)


def _moves(book: Book) -> list[tuple[datetime, Decimal]]:
    return [(entry.at, entry.delta) for entry in flows_of(book)]


async def test_a_replaced_block_takes_its_transfer_out_of_the_ledger(warehouse: Warehouse) -> None:
    await store(warehouse, balances(100, "10"), balances(200, "10"))
    await store(warehouse, stated(90, 150, 1860, transfer(149, 1, "7")), recorded_s=1860)
    await store(warehouse, stated(140, 210, 2600, transfer(152, 0, "1"), transfer(153, 0, "-1")), recorded_s=2600)
    (entries,) = await read(warehouse)
    assert [(entry.at, entry.delta) for entry in entries[1:]] == [
        (block(152).time, Decimal(1)),
        (block(153).time, Decimal(-1)),
    ]


async def test_the_ledger_as_it_was_known_is_without_what_was_logged_later(warehouse: Warehouse) -> None:
    await store(warehouse, balances(100, "10"), balances(200, "15"), recorded_s=2400)
    await store(warehouse, stated(90, 210, 3000, transfer(110, 1, "5")), recorded_s=3000)
    await store(warehouse, stated(90, 210, 4000, transfer(111, 1, "5", "b"), fork="b"), recorded_s=4000)

    async def known(seconds: int) -> list[datetime]:
        (entries,) = await read(warehouse, known_at=START + timedelta(seconds=seconds))
        return [entry.at for entry in entries[1:]]

    assert await known(2500) == [block(200).time]
    assert await known(3000) == [block(110).time]
    assert await known(4000) == [block(111).time]


async def test_a_transfer_between_two_accounts_of_a_portfolio_cancels_out(warehouse: Warehouse) -> None:
    sent = stated(90, 210, 3000, transfer(130, 7, "-4"))
    received = _of_peer(stated(90, 210, 3000, transfer(130, 7, "4")))
    await store(
        warehouse,
        *(balances(100, "10"), balances(200, "6"), balances(101, "1", PEER), balances(201, "5", PEER)),
        *(sent, received),
    )
    ledgers = await read_ledgers(warehouse, BOTH, WINDOW)
    book = build_book([one.entries for one in ledgers.sources], window=WINDOW, prices=ledgers.prices)
    assert [(flow.at, flow.value) for flow in book.flows] == [
        (block(100).time, Decimal(20)),
        (block(101).time, Decimal(2)),
    ]


async def test_without_the_feed_the_same_transfer_crosses_the_border_twice(warehouse: Warehouse) -> None:
    """What exact transfers are for: the two accounts are not read at the same block."""
    await store(
        warehouse,
        *(balances(100, "10"), balances(200, "6"), balances(101, "1", PEER), balances(201, "5", PEER)),
    )
    ledgers = await read_ledgers(warehouse, BOTH, WINDOW)
    book = build_book([one.entries for one in ledgers.sources], window=WINDOW, prices=ledgers.prices)
    assert [flow.value for flow in book.flows] == [Decimal(20), Decimal(2), Decimal(-8), Decimal(8)]


def _of_peer(event: TransfersObserved) -> TransfersObserved:
    return TransfersObserved(**{field: getattr(event, field) for field in event.__struct_fields__} | {"account": PEER})
