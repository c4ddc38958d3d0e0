"""Exact transfers in the ledger: where they stand in for a difference, and that flows always add up to it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

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
from holdfast.history.thinning import changes_of, thinned
from holdfast.history.transfers import LoggedTransfer, Stretch, read_stretches, read_transfers, to_feed
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


async def _book(
    warehouse: Warehouse,
    window: Window,
    known_at: datetime | None,
    members: Sequence[SourceMembership] = BOTH[:1],
) -> Book:
    ledgers = await read_ledgers(warehouse, members, window, known_at=known_at)
    return build_book([one.entries for one in ledgers.sources], window=window, prices=ledgers.prices)


def _moves(book: Book) -> list[tuple[datetime, Decimal]]:
    return [(entry.at, entry.delta) for entry in flows_of(book)]


@pytest.mark.parametrize("known_at", [None, START + timedelta(days=1)])
async def test_what_came_and_went_stays_when_much_later_statements_are_beyond_the_known_blocks(
    warehouse: Warehouse, known_at: datetime | None
) -> None:
    dearer = Price(asset=TOKEN, quote="iso4217:USD", at=block(135).time, price=Decimal(3), source="test")
    await store(
        warehouse,
        PricesObserved(
            id="d" * 32, tenant="public", provider="test", fetched_at=START, job_id="4" * 32, prices=(dearer,)
        ),
        *(balances(number, "100") for number in (100, 120, 140, 160, 180)),
        *(balances(400, "120"), stated(90, 160, 2000, transfer(130, 0, "50"), transfer(138, 0, "-50"))),
    )
    books = [
        await _book(warehouse, Window(None, block(number).time), known_at) for number in (138, 140, 160, 180, 399, 400)
    ]
    passed = [(block(n).time, Decimal(moved)) for n, moved in ((100, 100), (130, 50), (138, -50))]
    assert [_moves(book) for book in books] == [*([passed] * 5), [*passed, (block(400).time, Decimal(20))]]
    after = await _book(warehouse, Window(block(160).time, block(400).time), known_at)
    assert [*_moves(books[2]), *_moves(after)] == _moves(books[-1])


async def test_prices_that_another_source_stated_mark_it_at_a_transfer(warehouse: Warehouse) -> None:
    """Its amounts never change, so only what it said last before the transfer tells what it is worth then."""
    await store(
        warehouse,
        *(balances(100, "10"), balances(200, "12"), stated(90, 210, 3000, transfer(150, 0, "2"))),
        *(_priced(balances(number, "4", PEER), price) for number, price in ((101, "2"), (149, "5"), (151, "9"))),
    )
    book = await _book(warehouse, WINDOW, None, BOTH)
    marks = [entry for entry in book.entries if entry.source == PEER_WALLET and entry.at <= block(150).time]
    assert [(mark.at, mark.worth) for mark in marks] == [(block(101).time, Decimal(8)), (block(149).time, Decimal(20))]


async def test_transfers_of_nothing_and_of_unknown_amounts_are_not_read(warehouse: Warehouse) -> None:
    """Spam that looks like the address of somebody known moves 0, any number of times."""
    spam = [transfer(number, 0, "0") for number in range(101, 200)]
    unknown = replace(transfer(150, 1, "1"), amount=None, reason="unreadable")
    await store(warehouse, balances(100, "1"), stated(90, 210, 3000, *spam, unknown, transfer(160, 1, "3")))
    stretches = await read_stretches(warehouse, [WALLET])
    (moved,) = (await read_transfers(warehouse, stretches)).transfers.values()
    assert [(one.block, one.delta) for one in moved] == [(160, Decimal(3))]


class Measured:
    """A warehouse that notes how long the longest parameter was."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.longest = 0

    async def read_bytes(self, sql: str, params: dict[str, Any], **options: Any) -> bytes:
        self.longest = max(self.longest, *(len(str(value)) for value in params.values()))
        return await self._warehouse.read_bytes(sql, params, **options)


async def test_more_transfers_than_one_question_takes_are_all_read(warehouse: Warehouse) -> None:
    """A ClickHouse with default settings refuses a parameter over 128 KiB (`http_max_field_value_size`)."""
    places = range(101, 5101)
    moved = [transfer(place, 0, "1" if place % 2 else "-1") for place in places]
    statements = [balances(place, "10") for place in range(100, 5201, 4)]
    await store(warehouse, *statements, stated(90, 5210, 70_000, *moved))
    measured = Measured(warehouse)
    book = await _book(measured, Window(None, block(5200).time), None)  # type: ignore[arg-type]
    assert 30_000 < measured.longest <= 65_536
    turns = [(block(place).time, Decimal(1 if place % 2 else -1)) for place in places]
    assert _moves(book) == [(block(100).time, Decimal(10)), *turns]
    assert all(flow.value is not None for flow in book.flows)


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


def _priced(event: BalancesObserved, price: str) -> BalancesObserved:
    (line,) = event.balances
    return replace(event, balances=(replace(line, price=Decimal(price), currency="iso4217:USD"),))


def _of_peer(event: TransfersObserved) -> TransfersObserved:
    return TransfersObserved(**{field: getattr(event, field) for field in event.__struct_fields__} | {"account": PEER})
