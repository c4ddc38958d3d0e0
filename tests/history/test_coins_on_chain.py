"""From a real node to the returns of a portfolio: what its coin did, against plain sums over the node's balances."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.prices import Price
from holdfast.domain.returns.answers import RateOfReturn, SimpleReturn, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.inputs import flows_of
from holdfast.domain.returns.methods import measure
from holdfast.events import PricesObserved
from holdfast.history.ledgers import read_ledgers
from holdfast.history.memberships import SourceMembership
from holdfast.warehouse.client import Warehouse
from tests.providers import evm_chain as chain
from tests.support.anvil import Anvil
from tests.support.coins import balance_at, fee_of, fund, newest, pay, pays_out
from tests.support.on_chain import ANVIL_STARTS, fetch, pass_time, reading, store, time_of

A, B = "0x" + "a1" * 20, "0x" + "b2" * 20
PAYING = "0x" + "f2" * 20
ETHER = 10**18
COIN = "eip155:31337/slip44:60"
USD = "iso4217:USD"
Flow = tuple[datetime, Decimal, str]


def account(address: str) -> str:
    return f"eip155:31337:{address}"


def member(address: str) -> SourceMembership:
    return SourceMembership(
        source=f"acme/evm/{account(address)}/wallet",
        account=account(address),
        provider="evm",
        scope="wallet",
        during=(ALWAYS,),
    )


@pytest.fixture(scope="module")
def anvil(anvil: Anvil) -> Anvil:
    for address in (A, B, chain.STRANGER, PAYING):
        fund(anvil, address, 1000 * ETHER)
    anvil.put_code(PAYING, pays_out(A, 3 * ETHER))
    anvil.mine()
    return anvil


@pytest.fixture
async def warehouse(warehouse: Warehouse) -> Warehouse:
    await quote(warehouse, ANVIL_STARTS, "2000")
    return warehouse


async def quote(warehouse: Warehouse, at: datetime, price: str) -> None:
    said = Price(asset=COIN, quote=USD, at=at, price=Decimal(price), source="test")
    event = PricesObserved(
        id=f"{int(at.timestamp()):032x}",
        tenant="public",
        provider="test",
        fetched_at=at,
        job_id="4" * 32,
        prices=(said,),
    )
    await store(warehouse, event)


async def test_flows_and_returns_are_those_of_the_nodes_own_balances(anvil: Anvil, warehouse: Warehouse) -> None:
    """Two accounts, read at different blocks; the price goes from 2000 to 2500 while things move."""
    async with reading(anvil) as provider:
        await fetch(warehouse, provider, "balances", account(A))
        first_a = newest(anvil)
        pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(B))
        first_b = newest(anvil)
        send(anvil, A, B, 5 * ETHER)
        send(anvil, B, chain.STRANGER, 7 * ETHER)
        risen = pass_time(anvil)
        await quote(warehouse, risen, "2500")
        send(anvil, A, A, ETHER)
        send(anvil, A, PAYING, 0)
        send(anvil, chain.STRANGER, B, ETHER // 3)
        pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(A))
        pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(B))
        for address in (A, B):
            await fetch(warehouse, provider, "transfers", account(address))
    last = newest(anvil)
    book = await _book(warehouse, [member(A), member(B)], time_of(anvil, "latest"))

    expected: dict[datetime, Decimal] = {}
    for address, first in ((A, first_a), (B, first_b)):
        for block in range(first, last + 1):
            before = 0 if block == first else balance_at(anvil, address, block - 1)
            at = time_of(anvil, hex(block))
            value = Decimal(balance_at(anvil, address, block) - before) / ETHER * (2500 if at >= risen else 2000)
            expected[at] = expected.get(at, Decimal(0)) + value
    flowed: dict[datetime, Decimal] = {}
    for flow in flows_of(book):
        assert flow.value is not None
        flowed[flow.at] = flowed.get(flow.at, Decimal(0)) + flow.value
    assert flowed == {at: value for at, value in expected.items() if value}

    held = Decimal(sum(balance_at(anvil, address, last) for address in (A, B))) / ETHER
    simple, weighted = measure(book, ["simple", "time_weighted"])
    assert isinstance(simple, SimpleReturn)
    assert (simple.closing, simple.invested) == (held * 2500, sum(expected.values()))
    assert simple.gain == held * 2500 - sum(expected.values())
    assert isinstance(weighted, RateOfReturn)
    assert weighted.rate == Decimal("0.25")


def send(anvil: Anvil, sender: str, receiver: str, wei: int) -> str:
    """In a block of its own, of a second of its own."""
    anvil.ask("evm_increaseTime", 12)
    return pay(anvil, sender, receiver, wei)


async def _book(warehouse: Warehouse, members: Sequence[SourceMembership], end: datetime | None = None) -> Book:
    window = Window(None, end or datetime.now(UTC))
    ledgers = await read_ledgers(warehouse, members, window)
    return build_book([one.entries for one in ledgers.sources], window=window, prices=ledgers.prices)


async def _flows(warehouse: Warehouse, address: str = A) -> list[Flow]:
    """After the first statement."""
    book = await _book(warehouse, [member(address)])
    return [(flow.at, flow.delta, flow.transfer) for flow in flows_of(book)][1:]


async def test_each_flow_names_its_transaction_or_the_block_that_paid_out(anvil: Anvil, warehouse: Warehouse) -> None:
    async with reading(anvil) as provider:
        await fetch(warehouse, provider, "balances", account(A))
        pass_time(anvil)
        sent = send(anvil, A, chain.STRANGER, ETHER)
        sent_at, fee = time_of(anvil, "latest"), Decimal(fee_of(anvil, sent)) / ETHER
        pass_time(anvil)
        send(anvil, chain.STRANGER, PAYING, 0)
        paid = anvil.ask("eth_getBlockByNumber", "latest", False)
        paid_at = time_of(anvil, "latest")
        pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(A))
        [(_, difference, unnamed)] = await _flows(warehouse)
        assert (difference, unnamed) == (2 - fee, "")
        await fetch(warehouse, provider, "transfers", account(A))
    assert await _flows(warehouse) == [(sent_at, -1 - fee, sent), (paid_at, Decimal(3), paid["hash"])]
    rows = await warehouse.rows("SELECT cause, direction, amount, tx_hash FROM transfers ORDER BY at, log_index")
    assert rows[-3:] == [("transfer", "out", 1, sent), ("fee", "out", fee, sent), ("other", "in", 3, "")]


async def test_where_the_coin_is_not_known_its_flows_are_differences(anvil: Anvil, warehouse: Warehouse) -> None:
    """The logs of all blocks are: that says nothing of the coin."""
    async with reading(anvil, transfers_of_coin=False) as provider:
        await fetch(warehouse, provider, "balances", account(A))
        pass_time(anvil)
        send(anvil, chain.STRANGER, A, ETHER)
        read_at = pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(A))
        await fetch(warehouse, provider, "transfers", account(A))
    assert await warehouse.rows("SELECT assets FROM transfer_coverage") == [("tokens",)]
    assert await _flows(warehouse) == [(read_at, Decimal(1), "")]


async def test_what_a_reorganisation_undid_leaves_the_flows(anvil: Anvil, warehouse: Warehouse) -> None:
    async with reading(anvil) as provider:
        await fetch(warehouse, provider, "balances", account(A))
        before = anvil.ask("evm_snapshot")
        pass_time(anvil)
        undone = send(anvil, chain.STRANGER, A, 30 * ETHER)
        await fetch(warehouse, provider, "transfers", account(A))
        assert (undone,) in await warehouse.rows("SELECT tx_hash FROM transfers")
        anvil.ask("evm_revert", before)
        pass_time(anvil)
        stays = send(anvil, chain.STRANGER, A, 11 * ETHER)
        stays_at = time_of(anvil, "latest")
        pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(A))
        await fetch(warehouse, provider, "transfers", account(A))
    assert (undone,) not in await warehouse.rows("SELECT tx_hash FROM transfers")
    assert await _flows(warehouse) == [(stays_at, Decimal(11), stays)]
