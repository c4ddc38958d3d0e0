"""History that comes late, newest first: each snapshot costs the hours until the next one, however much there is."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.rows import PortfolioRow, PortfolioSourceRow
from holdfast.warehouse.writer import write
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.points import points_of, revalue
from services.aggregator.prepared import prepare

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY_HOURS, DAYS = 24, 15
STEADY, LATE = (Source(tenant="acme", provider="alpha", account=f"eip155:1:0x{n:040x}", scope="defi") for n in (1, 2))


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    await write(connected, [_portfolio(revision=1)])
    await write(connected, [_member(STEADY), _member(LATE)])
    yield connected
    await connected.close()


async def test_a_window_of_history_costs_its_own_hours_and_not_those_after_it(warehouse: Warehouse) -> None:
    live = [_observed(STEADY, NOW - n * HOUR, Decimal(1)) for n in range(DAYS * DAY_HOURS + 1)]
    await _store(warehouse, live)
    await _store(warehouse, [_observed(LATE, NOW, Decimal(2))])
    for day in range(DAYS):
        window = [NOW - HOUR - (day * DAY_HOURS + n) * HOUR for n in range(DAY_HOURS)]
        touched = await _store(warehouse, [_observed(LATE, at, Decimal(3)) for at in window])
        assert touched == DAY_HOURS, "the hours of the window and no other"
    rows = await warehouse.rows("SELECT net, count() FROM portfolio_totals FINAL GROUP BY net ORDER BY net")
    assert [(net, count) for net, count in rows] == [(Decimal(3), 1), (Decimal(4), DAYS * DAY_HOURS)]


async def test_history_with_gaps_is_carried_to_the_next_snapshot_and_no_further(warehouse: Warehouse) -> None:
    await _store(warehouse, [_observed(STEADY, NOW - n * HOUR, Decimal(1)) for n in range(49)])
    await _store(warehouse, [_observed(LATE, NOW - 10 * HOUR, Decimal(2))])
    assert await _store(warehouse, [_observed(LATE, NOW - 34 * HOUR, Decimal(5))]) == 24
    rows = await warehouse.rows("SELECT net, count() FROM portfolio_totals FINAL GROUP BY net ORDER BY net")
    assert [(net, count) for net, count in rows] == [(1, 49 - 11 - 24), (3, 11), (6, 24)]


async def test_an_hour_left_over_from_an_older_membership_follows_what_comes_late(warehouse: Warehouse) -> None:
    """Nothing but the source that has left ever caused it."""
    await _store(warehouse, [_observed(STEADY, NOW, Decimal(1))])
    await write(warehouse, [_portfolio(revision=2)])
    await write(warehouse, [_member(LATE, revision=2)])
    await revalue(warehouse, await points_of(warehouse, [("acme", "all")]))
    await _store(warehouse, [_observed(LATE, NOW - 3 * HOUR, Decimal(2))])
    rows = await warehouse.rows("SELECT net, sources, sources_missing FROM portfolio_totals FINAL ORDER BY bucket")
    assert [tuple(row) for row in rows] == [(Decimal(2), 1, 0)] * 2


async def _store(warehouse: Warehouse, events: Sequence[BalancesObserved]) -> int:
    """Returns how many points were computed."""
    arrivals = [Arrival(event=event, sequence=n, recorded_at=NOW) for n, event in enumerate(events, 1)]
    return len(await commit(warehouse, prepare(arrivals), ranking=()))


def _portfolio(*, revision: int) -> PortfolioRow:
    return PortfolioRow(
        tenant="acme",
        portfolio="all",
        revision=revision,
        name="",
        base_currency="",
        deleted=False,
        digest=str(revision),
    )


def _member(source: Source, *, revision: int = 1) -> PortfolioSourceRow:
    return PortfolioSourceRow(
        tenant="acme", portfolio="all", revision=revision, source=source.id, account=source.account, provider="alpha",
        scope="defi", valid_from="1970-01-01 00:00:00.000", valid_to="2200-01-01 00:00:00.000",
    )  # fmt: skip


def _observed(source: Source, at: datetime, value: Decimal) -> BalancesObserved:
    line = Balance(asset="eip155:1/slip44:60", kind="deposit", amount=Decimal(1), value=value)
    said = Snapshot(account=source.account, scope="defi", observed_at=at, fetched_at=NOW, balances=(line,))
    identity = snapshot_id(source, said)
    return BalancesObserved(
        id=identity, tenant="acme", provider="alpha", account=source.account, scope="defi", snapshot_id=identity,
        observed_at=at, fetched_at=NOW, job_id=hashlib.sha256(identity.encode()).hexdigest()[:32], balances=(line,),
        lines=1,
    )  # fmt: skip
