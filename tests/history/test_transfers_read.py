"""Exact transfers as the ledger reads them from the warehouse: at their own instants, once, as last known."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.balances import Balance
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.prices import Price
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.inputs import flows_of
from holdfast.events import BalancesObserved, PricesObserved, TransfersObserved
from holdfast.events.event import Event
from holdfast.history.ledgers import read_ledgers
from holdfast.history.memberships import SourceMembership
from holdfast.history.transfers import read_stretches, read_transfers
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from tests.support.transfers import ACCOUNT, START, TOKEN, block, stated, transfer

PEER = "eip155:1:0x00000000219ab540356cbb839cbe05303d7705fa"
WALLET, PEER_WALLET = f"acme/evm/{ACCOUNT}/wallet", f"acme/evm/{PEER}/wallet"


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
