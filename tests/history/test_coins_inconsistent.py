"""Where what is known of a coin is not all of it, or is of another chain than a statement: flows are differences then.

Of a coin the balances of its blocks tell everything, so movements that do not add up to what it changed by are not all.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.prices import Price
from holdfast.domain.returns.answers import SimpleReturn, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.inputs import flows_of
from holdfast.domain.returns.methods import measure
from holdfast.events import PricesObserved
from holdfast.history.ledgers import read_ledgers
from holdfast.history.memberships import SourceMembership
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from tests.providers import evm_chain as chain
from tests.support.anvil import Anvil, AnvilUnavailableError
from tests.support.coins import fund, pay, pays_out
from tests.support.on_chain import ANVIL_STARTS, fetch, pass_time, reading, store, time_of

HOLDER, SAFE = "0x" + "a7" * 20, "0x" + "5a" * 20
ETHER = 10**18
COIN = "eip155:31337/slip44:60"
Flow = tuple[datetime, Decimal, str]


@pytest.fixture
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    try:
        node = Anvil(tmp_path_factory.mktemp("anvil"))
    except AnvilUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    for address, coins in ((HOLDER, 10), (SAFE, 10), (chain.STRANGER, 1000)):
        fund(node, address, coins * ETHER)
    pass_time(node)
    yield node
    node.stop()


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    await quote(connected, ANVIL_STARTS, "2000")
    yield connected
    await connected.close()


async def quote(warehouse: Warehouse, at: datetime, price: str) -> None:
    said = Price(asset=COIN, quote="iso4217:USD", at=at, price=Decimal(price), source="test")
    event = PricesObserved(
        id=f"{int(at.timestamp()):032x}",
        tenant="public",
        provider="test",
        fetched_at=at,
        job_id="4" * 32,
        prices=(said,),
    )
    await store(warehouse, event)


def account(address: str) -> str:
    return f"eip155:31337:{address}"


async def book_of(warehouse: Warehouse, address: str, end: datetime) -> Book:
    source = f"acme/evm/{account(address)}/wallet"
    member = SourceMembership(source=source, account=account(address), provider="evm", scope="wallet", during=(ALWAYS,))
    window = Window(None, end)
    ledgers = await read_ledgers(warehouse, [member], window)
    return build_book([one.entries for one in ledgers.sources], window=window, prices=ledgers.prices)


def flows(book: Book) -> list[Flow]:
    """After the first statement."""
    return [(flow.at, flow.delta, flow.transfer) for flow in flows_of(book)][1:]


def gain(book: Book) -> Decimal | None:
    (simple,) = measure(book, ["simple"])
    assert isinstance(simple, SimpleReturn)
    return simple.gain


async def test_what_a_replaced_block_held_is_not_had_twice(anvil: Anvil, warehouse: Warehouse) -> None:
    """A statement was read at a block that is no more; its transaction is in a later block of the chain that stayed.

    7 coins came once. While the price rises from 2000 to 3000, 17 coins gain 17,000 dollars and never 24,000.
    """
    async with reading(anvil) as provider:
        await fetch(warehouse, provider, "balances", account(HOLDER))
        before = anvil.ask("evm_snapshot")
        pass_time(anvil)
        anvil.ask("evm_increaseTime", 12)
        pay(anvil, chain.STRANGER, HOLDER, 7 * ETHER)
        seen_at = time_of(anvil, "latest")
        await fetch(warehouse, provider, "balances", account(HOLDER))
        anvil.ask("evm_revert", before)
        for _ in range(4):
            pass_time(anvil)
        anvil.ask("evm_increaseTime", 12)
        pay(anvil, chain.STRANGER, HOLDER, 7 * ETHER)
        assert time_of(anvil, "latest") > seen_at
        risen = pass_time(anvil)
        await quote(warehouse, risen, "3000")
        pass_time(anvil)
        await fetch(warehouse, provider, "balances", account(HOLDER))
        await fetch(warehouse, provider, "transfers", account(HOLDER))
    book = await book_of(warehouse, HOLDER, time_of(anvil, "latest"))
    assert flows(book) == [(seen_at, Decimal(7), "")]
    assert gain(book) == 17 * (3000 - 2000)


async def test_what_passed_through_a_contract_stays_told(anvil: Anvil, warehouse: Warehouse) -> None:
    """3 coins come to it and leave again, by a transaction of somebody else. Fetches begin before, between and behind.

    They are there while the price rises from 2000 to 3000: 13 coins gain, 3 of them leave.
    """
    async with reading(anvil, transfers_back_s=240) as provider:
        await fetch(warehouse, provider, "balances", account(SAFE))
        anvil.ask("evm_increaseTime", 12)
        brought = pay(anvil, chain.STRANGER, SAFE, 3 * ETHER)
        came_at = time_of(anvil, "latest")
        anvil.put_code(SAFE, pays_out(chain.STRANGER, 3 * ETHER))
        risen = pass_time(anvil)
        await quote(warehouse, risen, "3000")
        pass_time(anvil)
        anvil.ask("evm_increaseTime", 12)
        pay(anvil, chain.STRANGER, SAFE, 0)
        left_at = time_of(anvil, "latest")
        taken = anvil.ask("eth_getBlockByNumber", "latest", False)["hash"]
        for _ in range(25):
            pass_time(anvil)
            await fetch(warehouse, provider, "transfers", account(SAFE))
            told = await warehouse.rows("SELECT direction, amount FROM transfers ORDER BY at")
            assert told == [("in", 3), ("out", 3)]
        await fetch(warehouse, provider, "balances", account(SAFE))
        await fetch(warehouse, provider, "transfers", account(SAFE))
    book = await book_of(warehouse, SAFE, time_of(anvil, "latest"))
    assert flows(book) == [(came_at, Decimal(3), brought), (left_at, Decimal(-3), taken)]
    assert gain(book) == 13 * (3000 - 2000)
