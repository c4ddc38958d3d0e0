"""Returns, clusters and blocks: kept as stated, shown as a whole, and as they were."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.balances import Block
from holdfast.events import BalancesObserved, ClustersObserved, FetchFinished, ReturnsReported
from holdfast.events.codec import decode
from holdfast.events.event import Event
from holdfast.events.examples import load_examples
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.cluster_rows import to_cluster_rows
from services.aggregator.commit import commit
from services.aggregator.event_rows import to_fetch_row
from services.aggregator.prepared import prepare

AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    yield connected
    await connected.close()


def example(kind: type[Any], name: str, title: str = "ordinary") -> Any:
    return decode(load_examples(name)[title], kind)


async def store(warehouse: Warehouse, *events: Event) -> None:
    arrivals = [Arrival(event=event, sequence=n, recorded_at=AT) for n, event in enumerate(events, 1)]
    await commit(warehouse, prepare(arrivals), ranking=())


async def test_returns_are_a_row_for_each_asset_of_the_last_statement(warehouse: Warehouse) -> None:
    newest = example(ReturnsReported, "returns.reported.v1")
    older = replace(newest, id="0" * 32, observed_at=AT - HOUR, total_return=Decimal(1))
    await store(warehouse, newest, older)
    await store(warehouse, newest)
    rows = await warehouse.query("SELECT * FROM reported_returns_current ORDER BY asset")
    assert [(row["asset"], row["value"], row["asset_return"]) for row in rows] == [
        ("eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", Decimal("250.5"), Decimal("-7.5")),
        ("eip155:1/slip44:60", Decimal("3000.25"), Decimal("520.25")),
    ]
    assert {(row["total_return"], row["quote"]) for row in rows} == {(Decimal("512.75"), "iso4217:USD")}


async def test_returns_that_name_no_asset_are_still_a_statement(warehouse: Warehouse) -> None:
    await store(warehouse, example(ReturnsReported, "returns.reported.v1", "minimal"))
    [row] = await warehouse.query("SELECT asset, value, total_return FROM reported_returns_current")
    assert (row["asset"], row["value"], row["total_return"]) == (None, None, None)


async def test_clusters_are_those_of_the_last_statement_and_those_of_an_instant(warehouse: Warehouse) -> None:
    first = example(ClustersObserved, "clusters.observed.v1")
    later = replace(first, id="f" * 32, observed_at=AT + HOUR, clusters=first.clusters * 2, top_holders=())
    await store(warehouse, later, first)
    await store(warehouse, first)
    current = await warehouse.query("SELECT cluster, share, trends, addresses FROM token_clusters_current")
    assert [(row["cluster"], row["share"], row["addresses"]) for row in current] == [
        (0, Decimal("0.0652"), 2),
        (1, Decimal("0.0652"), 2),
    ]
    assert list(current[0]["trends"]) == ["buy", "transfer_in"]
    then = "(at = '2026-03-01 12:30:00')"
    assert len(await warehouse.query(f"SELECT * FROM token_clusters_as_of{then}")) == 1
    holders = await warehouse.query(f"SELECT holders, amount FROM top_holders_as_of{then} ORDER BY holders")
    assert [(row["holders"], row["amount"]) for row in holders] == [(10, 200_000), (50, None)]
    [figures] = await warehouse.query(f"SELECT * FROM cluster_overviews_as_of{then}")
    assert (figures["concentration"], figures["top_100_share"]) == ("Medium", Decimal("0.4123"))
    addresses = await warehouse.query(f"SELECT * FROM cluster_addresses_as_of{then} ORDER BY position")
    assert [(row["is_kol"], row["holder_rank"], row["amount"]) for row in addresses] == [
        (True, 3, 65_000),
        (None, None, Decimal("200.5")),
    ]
    assert await warehouse.query("SELECT * FROM token_clusters_as_of(at = '2026-03-01 11:00:00')") == []


async def test_clusters_without_their_overview_are_not_shown_yet(warehouse: Warehouse) -> None:
    first = example(ClustersObserved, "clusters.observed.v1")
    await store(warehouse, first)
    half = replace(first, id="f" * 32, observed_at=AT + HOUR, top_holders=(), clusters=())
    for row in to_cluster_rows(replace(half, clusters=first.clusters * 3)):
        await write(warehouse, [row])
    assert len(await warehouse.query("SELECT * FROM token_clusters_current")) == 1
    await store(warehouse, replace(half, id="e" * 32))
    assert await warehouse.query("SELECT * FROM token_clusters_current") == [], "a statement without clusters"


async def test_blocks_have_the_time_that_a_node_stated_before_what_others_say(warehouse: Warehouse) -> None:
    snapshot = example(BalancesObserved, "balances.observed.v1", "at_a_block")
    assert isinstance(snapshot.block, Block)
    returns = example(ReturnsReported, "returns.reported.v1")
    vague = replace(returns, account=snapshot.account, block_number=snapshot.block.number)
    await store(warehouse, snapshot)
    await store(warehouse, vague, replace(vague, id="0" * 32, block_number=7))
    blocks = await warehouse.query("SELECT chain, number, time, hash FROM blocks FINAL ORDER BY number")
    stated = snapshot.block
    assert [(row["chain"], row["number"], row["time"], row["hash"]) for row in blocks] == [
        (stated.chain, 7, AT, ""),
        (stated.chain, stated.number, stated.time, stated.hash),
    ]


async def test_history_is_complete_from_the_start_of_the_pieces_that_follow_each_other(warehouse: Warehouse) -> None:
    """Pieces of a day in hours: the present since March 1st 12:00, then the 28th, 27th and, after a gap, the 25th."""
    window = example(FetchFinished, "fetches.finished.v1", "window")
    live = replace(window, id="1" * 32, lane="due", window=None, started_at=AT)

    def piece(day: int) -> FetchFinished:
        start = datetime(2026, 2, day, 12, tzinfo=UTC)
        asked = replace(window.window, start=start, end=start + 23 * HOUR)
        return replace(window, id=f"{day:032x}", job_id=f"{day:032x}", window=asked)

    async def complete_from() -> datetime:
        [row] = await warehouse.query("SELECT history_complete_from FROM history_coverage WHERE feed = 'balances'")
        return row["history_complete_from"]  # type: ignore[no-any-return]

    async def keep(*fetches: FetchFinished) -> None:
        await write(warehouse, [to_fetch_row(one, recorded_at=one.finished_at) for one in fetches])

    await keep(piece(25), live)
    assert await complete_from() == AT
    await keep(replace(live, id="2" * 32, started_at=AT + HOUR))
    assert await complete_from() == AT, "the present began with the first fetch"
    await keep(piece(27))
    assert await complete_from() == AT, "the 28th is missing"
    await keep(piece(28), piece(28))
    assert await complete_from() == datetime(2026, 2, 27, 12, tzinfo=UTC)
    await keep(piece(26))
    assert await complete_from() == datetime(2026, 2, 25, 12, tzinfo=UTC)
