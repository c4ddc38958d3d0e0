"""From a real node to the flows of the ledger: what anvil logs, what it undoes, and what the ledger makes of it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.prices import Price
from holdfast.domain.returns.answers import Window
from holdfast.events import PricesObserved
from holdfast.history.ledgers import read_ledgers
from holdfast.history.memberships import SourceMembership
from holdfast.providers.evm.provider import EvmProvider
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from tests.providers import evm_chain as chain
from tests.support.anvil import Anvil, AnvilUnavailableError
from tests.support.bytecode import TRANSFER, word
from tests.support.on_chain import ANVIL_STARTS, fetch, pass_time, reading, store

OWNER = f"eip155:31337:{chain.OWNER}"
TOKEN = f"eip155:31337/erc20:{chain.WHOLE}"
WALLET = f"acme/evm/{OWNER}/wallet"
MEMBER = SourceMembership(source=WALLET, account=OWNER, provider="evm", scope="wallet", during=(ALWAYS,))
Flow = tuple[datetime, Decimal, str]


@pytest.fixture
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    try:
        node = Anvil(tmp_path_factory.mktemp("anvil"))
    except AnvilUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    chain.prepare(node, multicall=True)
    yield node
    node.stop()


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    price = Price(asset=TOKEN, quote="iso4217:USD", at=ANVIL_STARTS, price=Decimal(2), source="test")
    await store(
        connected,
        PricesObserved(
            id="c" * 32, tenant="public", provider="test", fetched_at=ANVIL_STARTS, job_id="4" * 32, prices=(price,)
        ),
    )
    yield connected
    await connected.close()


@pytest.fixture
async def provider(anvil: Anvil) -> AsyncIterator[EvmProvider]:
    async with reading(anvil, tokens=(chain.WHOLE,), transfers_of_coin=False) as built:
        yield built


async def flows(warehouse: Warehouse) -> list[Flow]:
    """Of the token, after the first statement."""
    ledgers = await read_ledgers(warehouse, [MEMBER], Window(None, datetime.now(UTC)))
    entries = [entry for one in ledgers.sources for entry in one.entries if entry.asset == TOKEN and entry.delta]
    return [(entry.at, entry.delta, entry.transfer) for entry in entries[1:]]


def send(anvil: Anvil, sender: str, receiver: str, raw: int) -> tuple[datetime, str]:
    """In a block of its own, 12 seconds after the one before. Returns the time of the block, and the hash."""
    anvil.ask("evm_increaseTime", 12)
    padded = bytes.fromhex(receiver[2:]).rjust(32, b"\0")
    sent = anvil.send(sender, chain.WHOLE, TRANSFER.to_bytes(4, "big") + padded + word(raw))
    block = anvil.ask("eth_getBlockByNumber", "latest", False)
    return datetime.fromtimestamp(int(block["timestamp"], 16), UTC), sent


async def test_transfers_between_two_snapshots_are_flows_at_their_own_blocks(
    anvil: Anvil, warehouse: Warehouse, provider: EvmProvider
) -> None:
    await fetch(warehouse, provider, "balances", OWNER)
    out_at, out = send(anvil, chain.OWNER, chain.STRANGER, 30)
    pass_time(anvil)
    in_at, into = send(anvil, chain.STRANGER, chain.OWNER, 12)
    pass_time(anvil)
    await fetch(warehouse, provider, "balances", OWNER)
    [(_, difference, unnamed)] = await flows(warehouse)
    assert (difference, unnamed) == (Decimal(-18), "")
    await fetch(warehouse, provider, "transfers", OWNER)
    assert await flows(warehouse) == [(out_at, Decimal(-30), out), (in_at, Decimal(12), into)]


async def test_a_transfer_that_a_reorganisation_undid_leaves_the_flows(
    anvil: Anvil, warehouse: Warehouse, provider: EvmProvider
) -> None:
    await fetch(warehouse, provider, "balances", OWNER)
    before = anvil.ask("evm_snapshot")
    _, undone = send(anvil, chain.OWNER, chain.STRANGER, 30)
    await fetch(warehouse, provider, "transfers", OWNER)
    listed = await warehouse.rows("SELECT tx_hash FROM transfers")
    assert listed == [(undone,)]
    anvil.ask("evm_revert", before)
    stays_at, stays = send(anvil, chain.OWNER, chain.STRANGER, 11)
    pass_time(anvil)
    await fetch(warehouse, provider, "balances", OWNER)
    await fetch(warehouse, provider, "transfers", OWNER)
    assert await warehouse.rows("SELECT tx_hash FROM transfers") == [(stays,)]
    assert await flows(warehouse) == [(stays_at, Decimal(-11), stays)]


async def test_what_no_log_tells_remains_a_difference(
    anvil: Anvil, warehouse: Warehouse, provider: EvmProvider
) -> None:
    """A token that rebases: its balances change without a transfer."""
    await fetch(warehouse, provider, "balances", OWNER)
    sent_at, sent = send(anvil, chain.OWNER, chain.STRANGER, 30)
    anvil.put_storage(chain.WHOLE, chain.balance_slot(chain.OWNER), 13)
    pass_time(anvil)
    await fetch(warehouse, provider, "balances", OWNER)
    await fetch(warehouse, provider, "transfers", OWNER)
    explained, rest = await flows(warehouse)
    assert explained == (sent_at, Decimal(-30), sent)
    assert rest[1:] == (Decimal(1), "")
