"""Transfers: a range supersedes what was said of its blocks before, whatever comes late or twice."""

import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import date
from decimal import Decimal

import pytest

from holdfast.events import BalancesObserved, TransfersObserved
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.rows import AccountRow, AccountSourceRow
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.closing.awaiting import note_awaited, read_awaited
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from tests.support.transfers import ACCOUNT, COIN, block, coin, moved, stated, transfer


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    yield connected
    await connected.close()


async def store(warehouse: Warehouse, events: Sequence[BalancesObserved | TransfersObserved]) -> None:
    arrivals = [Arrival(event=event, sequence=n, recorded_at=event.fetched_at) for n, event in enumerate(events, 1)]
    await commit(warehouse, prepare(arrivals), ranking=())


async def shown(warehouse: Warehouse) -> list[tuple[int, int, Decimal]]:
    rows = await warehouse.rows(
        "SELECT block_number, log_index, amount FROM transfers ORDER BY block_number, log_index"
    )
    return [(number, index, amount) for number, index, amount in rows]


async def test_a_transfer_is_shown_once_however_often_it_is_stated(warehouse: Warehouse) -> None:
    moved = transfer(120, 3, "5.000000000000000001"), transfer(120, 4, "6")
    await store(warehouse, [stated(100, 150, 1800, *moved), stated(110, 160, 1920, *moved)])
    await store(warehouse, [stated(110, 160, 1920, *moved)])
    assert await shown(warehouse) == [(120, 3, Decimal("5.000000000000000001")), (120, 4, Decimal(6))]


REPLACED = (
    stated(100, 150, 1800, transfer(120, 3, "5"), transfer(149, 1, "7")),
    stated(130, 160, 1920, transfer(149, 1, "8", "b"), transfer(155, 0, "9", "b"), fork="b"),
    stated(50, 100, 5000, transfer(60, 2, "1")),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_later_statement_replaces_the_blocks_it_speaks_of_in_any_order(
    warehouse: Warehouse, order: Sequence[int]
) -> None:
    for place in order:
        await store(warehouse, [REPLACED[place]])
    assert await shown(warehouse) == [
        (60, 2, Decimal(1)),
        (120, 3, Decimal(5)),
        (149, 1, Decimal(8)),
        (155, 0, Decimal(9)),
    ]
    [(block_hash,)] = await warehouse.rows("SELECT block_hash FROM transfers WHERE block_number = 149")
    assert block_hash == block(149, "b").hash


async def test_what_a_later_statement_does_not_list_is_gone_and_what_it_does_not_speak_of_stays(
    warehouse: Warehouse,
) -> None:
    await store(warehouse, [stated(100, 150, 1800, transfer(120, 3, "5"), transfer(149, 1, "7"))])
    await store(warehouse, [stated(148, 170, 2100, fork="b")])
    assert await shown(warehouse) == [(120, 3, Decimal(5))]


async def test_a_chain_that_comes_back_counts_again(warehouse: Warehouse) -> None:
    first = stated(100, 150, 1800, transfer(149, 1, "7"))
    await store(warehouse, [first, stated(100, 150, 1860, fork="b"), stated(100, 150, 1920, transfer(149, 1, "7"))])
    assert await shown(warehouse) == [(149, 1, Decimal(7))]


async def test_ranges_may_reach_over_stretches_of_blocks(warehouse: Warehouse) -> None:
    await store(warehouse, [stated(16_000, 50_000, 700_000, transfer(16_384, 0, "1"), transfer(40_000, 0, "2"))])
    await store(warehouse, [stated(32_767, 60_000, 800_000, transfer(50_000, 1, "3"))])
    assert await shown(warehouse) == [(16_384, 0, Decimal(1)), (50_000, 1, Decimal(3))]


async def test_tenants_have_transfers_of_their_own(warehouse: Warehouse) -> None:
    await store(warehouse, [stated(100, 150, 1800, transfer(120, 3, "5"))])
    await store(warehouse, [stated(100, 150, 1900, tenant="orchard")])
    assert await warehouse.rows("SELECT tenant, amount FROM transfers") == [("acme", Decimal(5))]


async def test_how_far_transfers_are_known_is_told_stretch_by_stretch(warehouse: Warehouse) -> None:
    await store(warehouse, [stated(100, 150, 1800), stated(140, 200, 2400), stated(200, 210, 2500)])
    await store(warehouse, [stated(220, 230, 2800)])
    rows = await warehouse.rows(
        "SELECT after_number, until_number, after_time, until_time FROM transfer_coverage ORDER BY after_number"
    )
    assert rows == [
        (100, 210, block(100).time, block(210).time),
        (220, 230, block(220).time, block(230).time),
    ]


async def test_the_coin_is_told_beside_the_tokens_with_what_moved_it(warehouse: Warehouse) -> None:
    movements = moved(120, 0, "-1.25"), moved(120, 1, "-0.000042", cause="fee"), moved(130, 0, "0.5", cause="other")
    await store(warehouse, [stated(100, 150, 1800, transfer(120, 0, "5"), coin=coin(110, *movements))])
    rows = await warehouse.rows(
        "SELECT block_number, cause, direction, amount, tx_hash = '' FROM transfers WHERE asset = {coin:String}"
        " ORDER BY block_number, log_index",
        {"coin": COIN},
    )
    assert rows == [
        (120, "transfer", "out", Decimal("1.25"), 0),
        (120, "fee", "out", Decimal("0.000042"), 0),
        (130, "other", "in", Decimal("0.5"), 1),
    ]
    assert await warehouse.rows("SELECT cause FROM transfers WHERE asset != {coin:String}", {"coin": COIN}) == [
        ("transfer",)
    ]


COIN_REPLACED = (
    stated(100, 150, 1800, transfer(120, 3, "5"), coin=coin(100, moved(120, 3, "1"), moved(149, 0, "2"))),
    stated(100, 160, 1920, transfer(120, 3, "5"), coin=coin(140, moved(149, 1, "3", fork="b")), fork="b"),
    stated(110, 170, 2040, transfer(120, 3, "5"), fork="b"),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_the_coin_is_replaced_by_what_is_said_of_it_alone_in_any_order(
    warehouse: Warehouse, order: Sequence[int]
) -> None:
    """The last knows the logs of all blocks and the state of none: it takes nothing back."""
    for place in (*order, order[0]):
        await store(warehouse, [COIN_REPLACED[place]])
    rows = await warehouse.rows(
        "SELECT asset = {coin:String}, block_number, log_index, amount FROM transfers ORDER BY ALL", {"coin": COIN}
    )
    assert rows == [(0, 120, 3, Decimal(5)), (1, 120, 3, Decimal(1)), (1, 149, 1, Decimal(3))]
    assert await warehouse.rows("SELECT assets, after_number, until_number FROM transfer_coverage ORDER BY assets") == [
        ("coin", 100, 160),
        ("tokens", 100, 170),
    ]


def at_block(number: int) -> BalancesObserved:
    return BalancesObserved(
        id=f"{number:032x}",
        snapshot_id=f"{number:032x}",
        tenant="acme",
        provider="evm",
        account=ACCOUNT,
        scope="wallet",
        observed_at=block(number).time,
        fetched_at=block(number).time,
        job_id="4" * 32,
        balances=(),
        lines=0,
        block=block(number),
    )


async def test_a_day_waits_until_tokens_and_coin_are_known_up_to_the_next_statement(warehouse: Warehouse) -> None:
    """Of a day that ends at block 7200, and a statement ten blocks later."""
    source, midnight = f"acme/evm/{ACCOUNT}/wallet", block(7200).time
    await store(warehouse, [at_block(7210), stated(7100, 7205, 90_000, coin=coin(7150))])
    assert await read_awaited(warehouse, [source], until=midnight) == (source,)
    await warehouse.command(
        "INSERT INTO closed_days (tenant, portfolio, day, span, awaits)"
        " SELECT 'acme', 'p', '2026-03-01', 'all', [{s:String}]",
        {"s": source},
    )
    await store(warehouse, [stated(7100, 7220, 90_100)])
    assert await read_awaited(warehouse, [source], until=midnight) == (source,), "the coin is known up to 7205"
    assert await _noted(warehouse) == 1
    await store(warehouse, [stated(7100, 7230, 90_200, coin=coin(7205))])
    assert await read_awaited(warehouse, [source], until=midnight) == ()
    assert await _noted(warehouse) == 2


@pytest.mark.parametrize(
    ("later", "waits"),
    [
        (stated(7100, 7400, 90_100, coin=coin(7206)), False),
        (stated(7100, 7400, 90_100, coin=coin(7210)), False),
        (stated(7100, 7400, 90_100), True),
    ],
)
async def test_a_day_does_not_wait_for_a_coin_that_will_not_be_known(
    warehouse: Warehouse, later: TransfersObserved, waits: bool
) -> None:
    """Where the state of the blocks up to the next statement was gone when it was asked for."""
    source = f"acme/evm/{ACCOUNT}/wallet"
    await store(warehouse, [at_block(7210), stated(7100, 7205, 90_000, coin=coin(7150)), later])
    assert bool(await read_awaited(warehouse, [source], until=block(7200).time)) is waits


async def test_a_day_does_not_wait_for_a_coin_of_which_nothing_is_said_any_more(warehouse: Warehouse) -> None:
    source, midnight = f"acme/evm/{ACCOUNT}/wallet", block(14_400).time
    await store(warehouse, [at_block(14_410), stated(7100, 14_500, 180_000)])
    await store(warehouse, [stated(7100, 7199, 90_000, coin=coin(7150))])
    assert await read_awaited(warehouse, [source], until=midnight) == ()
    await store(warehouse, [stated(7100, 7205, 90_000, coin=coin(7150))])
    assert await read_awaited(warehouse, [source], until=midnight) == (source,)


async def _noted(warehouse: Warehouse) -> int:
    """How many notes there are of what days waited for, however often they are written."""
    for _ in range(2):
        await note_awaited(warehouse, earliest=date(2026, 1, 1))
    return int(await warehouse.value("SELECT count() FROM late_inputs FINAL WHERE place = 'awaited'"))


async def test_a_feed_of_transfers_is_as_fresh_as_the_last_block_it_knows(warehouse: Warehouse) -> None:
    settings = tuple(
        AccountSourceRow(provider="evm", feed=feed, scope="wallet", every_s=300, counted=True, paused="")
        for feed in ("balances", "transfers")
    )
    account = AccountRow(
        tenant="acme", account=ACCOUNT, revision=1, spelling=ACCOUNT, label="", sources=settings, deleted=False
    )
    await write(warehouse, [account])
    await store(warehouse, [stated(100, 150, 1800), stated(140, 170, 2100)])
    rows = await warehouse.rows("SELECT feed, observed_at, lines, stale FROM source_freshness ORDER BY feed")
    assert rows == [("balances", None, None, None), ("transfers", block(170).time, None, True)]
