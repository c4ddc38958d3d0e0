"""What a provider reports, takes back and reports again: what was fetched last is current, whatever comes when.

Totals, returns and clusters alike, and as known at any time; merged or not.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.clusters import Cluster, ClusterOverview
from holdfast.domain.reported import ReportedReturn
from holdfast.events import ClustersObserved, ReturnsReported, TotalsReported
from holdfast.events.event import Event
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from tests.support.database import Migrated
from tests.support.sampling import few, many

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WALLET, ETH, USD = "eip155:1:0x" + "a" * 40, "eip155:1/slip44:60", "iso4217:USD"
TABLES = ("reported_totals", "reported_returns", "cluster_overviews", "token_clusters")
INSTANTS = (0, 1)
MINUTES = range(5)
_TENANTS = count()

Key = tuple[int, str]
"""(minute, platform): what one thing at a time is said of. The platform is that of a total; else empty."""


class Told(NamedTuple):
    """What was said of a minute, fetched and recorded so many minutes later. The event's id says what, and not when."""

    minute: int
    platform: str
    says: int
    fetched: int
    recorded: int

    def to_arrivals(self, tenant: str) -> list[Arrival]:
        events = (_total(self, tenant), _returns(self, tenant), _clusters(self, tenant))
        return [Arrival(event=event, sequence=1, recorded_at=at(self.recorded)) for event in events]


def at(minute: int) -> datetime:
    return AT + timedelta(minutes=minute)


def _head(told: Told, tenant: str) -> dict[str, Any]:
    return {
        "id": f"{told.says:032x}", "tenant": tenant, "provider": "okx", "observed_at": at(told.minute),
        "fetched_at": at(told.fetched), "job_id": "0" * 32,
    }  # fmt: skip


def _total(told: Told, tenant: str) -> Event:
    return TotalsReported(
        **_head(told, tenant), account=WALLET, scope="wallet", currency=USD, total=Decimal(told.says),
        platform=told.platform, reason="unreliable_conversion" if told.says == 2 else None,
    )  # fmt: skip


def _returns(told: Told, tenant: str) -> Event:
    """Of as many assets as it says: of none too."""
    items = tuple(
        ReportedReturn(asset=f"{ETH}{n}", amount=None, value=None, total_return=Decimal(n)) for n in range(told.says)
    )
    head = _head(told, tenant)
    return ReturnsReported(
        **head, account=WALLET, scope="wallet", quote=USD, total_return=Decimal(told.says), items=items
    )


def _clusters(told: Told, tenant: str) -> Event:
    clusters = tuple(Cluster(amount=None) for _ in range(told.says))
    overview = ClusterOverview(top_100_share=Decimal(told.says))
    return ClustersObserved(**_head(told, tenant), token=ETH, clusters=clusters, overview=overview)


@st.composite
def tellings(draw: st.DrawFn) -> list[Told]:
    """Few values each, so that much is said of one thing, at one time, and again."""
    told = st.builds(
        Told, st.sampled_from(INSTANTS), st.sampled_from(("", "Aave")), st.integers(0, 2), st.integers(0, 3),
        st.sampled_from(MINUTES),
    )  # fmt: skip
    return draw(st.lists(told, min_size=2, max_size=9, unique=True))


@st.composite
def batches_of(draw: st.DrawFn, told: Sequence[Told]) -> list[list[Told]]:
    """Each message once or more often, in any order, in batches of any size."""
    again = draw(st.lists(st.sampled_from(told), max_size=4))
    order = draw(st.permutations([*told, *again]))
    cuts = sorted(draw(st.sets(st.integers(0, len(order)), max_size=5)) | {0, len(order)})
    return [order[start:end] for start, end in pairwise(cuts)]


class Said(NamedTuple):
    """All that can be read, of each table."""

    totals: dict[Key, int]
    returns: tuple[int, ...]
    clusters: int
    clusters_as_of: list[int | None]
    known: list[dict[int, dict[Any, int]]]
    """Totals, returns and clusters: by when it was known, and what it is of."""
    messages: list[int]
    """How many are kept: each once."""


def expected(told: Sequence[Told]) -> Said:
    """Worked out from the messages alone."""
    totals, whole = _last(told, _place), _last(told, _minute)
    newest = max(whole)
    by_then = {minute: [one for one in told if one.recorded <= minute] for minute in MINUTES}
    known = [{minute: _last(some, key) for minute, some in by_then.items()} for key in (_place, _minute, _minute)]
    statements = {(one.minute, *one[2:]) for one in told}
    return Said(
        totals={key: says for key, says in totals.items() if key[0] == newest},
        returns=(newest, whole[newest]),
        clusters=whole[newest],
        clusters_as_of=[_as_of(whole, minute) for minute in INSTANTS],
        known=known,
        messages=[len(told), len(statements), len(statements)],
    )


def _last(told: Iterable[Told], key: Callable[[Told], Any]) -> dict[Any, int]:
    """By key what was fetched last; of what was fetched at once the greatest id."""
    last: dict[Any, tuple[int, int]] = {}
    for one in told:
        last[key(one)] = max(last.get(key(one), (-1, -1)), (one.fetched, one.says))
    return {key: says for key, (_, says) in last.items()}


def _as_of(whole: Mapping[int, int], minute: int) -> int | None:
    return whole[max(before)] if (before := [one for one in whole if one <= minute]) else None


def _place(one: Told) -> Key:
    return one.minute, one.platform


def _minute(one: Told) -> int:
    return one.minute


KNOWN = (
    ("reported_totals", "(observed_at, toString(platform))", "total"),
    ("reported_returns", "observed_at", "total_return"),
    ("cluster_overviews", "observed_at", "top_100_share"),
)
CURRENT = (
    "SELECT observed_at, platform, toInt64(total) FROM reported_totals_current WHERE tenant = {tenant:String}",
    "SELECT observed_at, toInt64(total_return), asset FROM reported_returns_current WHERE tenant = {tenant:String}",
    "SELECT observed_at, count() FROM token_clusters_current WHERE tenant = {tenant:String} GROUP BY observed_at",
)


async def read(warehouse: Warehouse, tenant: str) -> Said:
    totals, returns, clusters = [await _rows(warehouse, tenant, sql) for sql in CURRENT]
    as_of = [await _clusters_as_of(warehouse, tenant, at(minute)) for minute in INSTANTS]
    assert sorted(asset for *_, asset in returns if asset) == [f"{ETH}{n}" for n in range(returns[0][1])]
    return Said(
        totals={(minute, platform): total for minute, platform, total in totals},
        returns=returns[0][:2],
        clusters=clusters[0][1] if clusters else 0,
        clusters_as_of=as_of,
        known=[await _known(warehouse, tenant, *of) for of in KNOWN],
        messages=[(await _rows(warehouse, tenant, _count(table)))[0][0] for table, *_ in KNOWN],
    )


async def _clusters_as_of(warehouse: Warehouse, tenant: str, instant: datetime) -> int | None:
    """As the overview says, and as they are listed."""
    asked, of = f"(at = '{instant:%F %T}')", "WHERE tenant = {tenant:String}"
    overviews = await _rows(warehouse, tenant, f"SELECT clusters FROM cluster_overviews_as_of{asked} {of}")
    listed = await _rows(warehouse, tenant, f"SELECT cluster FROM token_clusters_as_of{asked} {of}")
    assert len(listed) == (overviews[0][0] if overviews else 0)
    return overviews[0][0] if overviews else None


async def _known(warehouse: Warehouse, tenant: str, table: str, key: str, said: str) -> dict[int, dict[Any, int]]:
    """By when it was known, and what it is of."""
    times = ", ".join(f"toDateTime64('{at(minute):%F %T}', 3, 'UTC')" for minute in MINUTES)
    rows = await _rows(
        warehouse,
        tenant,
        f"SELECT known_at, {key}, argMax(toInt64({said}), (fetched_at, event_id)) FROM {table}"
        f" ARRAY JOIN [{times}] AS known_at WHERE tenant = {{tenant:String}} AND recorded_at <= known_at GROUP BY 1, 2",
    )
    known: dict[int, dict[Any, int]] = {minute: {} for minute in MINUTES}
    for minute, of, value in rows:
        known[minute][of] = value
    return known


def _count(table: str) -> str:
    return f"SELECT toInt64(count()) FROM {table} FINAL WHERE tenant = {{tenant:String}}"


async def _rows(warehouse: Warehouse, tenant: str, sql: str) -> list[tuple[Any, ...]]:
    """With times as minutes."""
    return [tuple(map(_minutes, row)) for row in await warehouse.rows(sql, {"tenant": tenant})]


def _minutes(value: Any) -> Any:
    if isinstance(value, datetime):
        return round((value - AT) / timedelta(minutes=1))
    return tuple(_minutes(one) for one in value) if isinstance(value, tuple) else value


async def merge(warehouse: Warehouse) -> None:
    for table in TABLES:
        await warehouse.command(f"OPTIMIZE TABLE {table} FINAL")


async def take(warehouse: Warehouse, tenant: str, batch: Sequence[Told]) -> None:
    await commit(warehouse, prepare([one for told in batch for one in told.to_arrivals(tenant)]), ranking=())


async def _assert_told_as_expected(
    clickhouse: ClickHouseSettings, told: Sequence[Told], batches: Sequence[Sequence[Told]]
) -> None:
    """Under a tenant of its own: nothing has to be emptied for it."""
    warehouse, tenant = await connect(clickhouse), f"reports-{next(_TENANTS)}"
    try:
        for number, batch in enumerate(batches):
            await take(warehouse, tenant, batch)
            if number == len(batches) // 2:
                await merge(warehouse)
        assert await read(warehouse, tenant) == expected(told)
        await merge(warehouse)
        assert await read(warehouse, tenant) == expected(told)
    finally:
        await warehouse.close()


def _check(data: st.DataObject, clickhouse: ClickHouseSettings) -> None:
    told = data.draw(tellings(), label="told")
    asyncio.run(_assert_told_as_expected(clickhouse, told, data.draw(batches_of(told), label="batches")))


def test_an_old_report_that_comes_once_more_changes_nothing(migrated_database: Migrated) -> None:
    """A, then B, then A again; then the first A once more: from the stream, and published anew."""
    said = [Told(0, "", 1, 1, 1), Told(0, "", 2, 2, 2), Told(0, "", 1, 3, 3)]
    late = Told(0, "", 1, 1, 4)
    batches = [*([one] for one in said), [said[0]], [late]]
    asyncio.run(_assert_told_as_expected(migrated_database.settings, [*said, late], batches))


@given(data=st.data())
@few(4)
@pytest.mark.timeout(300)
def test_what_was_fetched_last_is_current(data: st.DataObject, migrated_database: Migrated) -> None:
    _check(data, migrated_database.settings)


@pytest.mark.chaos
@given(data=st.data())
@many(60)
@pytest.mark.timeout(1800)
def test_what_was_fetched_last_is_current_however_it_arrives(data: st.DataObject, migrated_database: Migrated) -> None:
    _check(data, migrated_database.settings)
