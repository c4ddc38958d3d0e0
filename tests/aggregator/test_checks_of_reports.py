"""Checks of what a provider reports, and reports anew: the same in whatever order and batches it comes."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.events import BalancesObserved, ReturnsReported, TotalsReported
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import connect
from tests.aggregator.guard_stage import ETH, Stage, held, reports, states
from tests.aggregator.test_reported_returns import returns
from tests.support.database import Migrated
from tests.support.sampling import few, many

CHECKS = """
    SELECT * EXCEPT (tenant, source, against)
    FROM cross_check_history
    WHERE tenant = {tenant:String} AND kind IN ('reported_total', 'reported_return')
    ORDER BY kind, platform, at
"""
QUOTES = ("iso4217:USD", "iso4217:EUR")
_TENANTS = count()

Statement = BalancesObserved | TotalsReported | ReturnsReported


def stated(minutes: int, amount: int, fetched: int = 0) -> Statement:
    return _fetched(states("okx", minutes, held(ETH, str(amount), str(100 * amount))), fetched)


def total(minutes: int, said: int, quote: str = QUOTES[0], fetched: int = 0) -> Statement:
    return _fetched(reports(minutes, str(said), currency=quote), fetched)


def gained(minutes: int, said: int, quote: str = QUOTES[0], fetched: int = 0) -> Statement:
    return _fetched(replace(returns(minutes, quote, ETH=str(said)), provider="okx"), fetched)


def _fetched(event: Statement, minutes: int) -> Statement:
    """So much later; its id says what it says, and not when."""
    return replace(event, fetched_at=event.fetched_at + timedelta(minutes=minutes))


_minutes, _numbers, _later = st.sampled_from((0, 5, 20, 40)), st.integers(1, 3), st.integers(0, 2)
_quotes = st.sampled_from((*QUOTES[:1] * 3, QUOTES[1]))
_events = st.one_of(
    st.builds(stated, _minutes, _numbers, _later),
    st.builds(total, _minutes, _numbers, _quotes, _later),
    st.builds(gained, _minutes, _numbers, _quotes, _later),
)


@st.composite
def batches_of(draw: st.DrawFn, events: Sequence[Statement]) -> list[list[Statement]]:
    order = draw(st.permutations([*events, *draw(st.lists(st.sampled_from(events), max_size=2))]))
    cuts = sorted(draw(st.sets(st.integers(0, len(order)), max_size=4)) | {0, len(order)})
    return [list(order[start:end]) for start, end in pairwise(cuts)]


async def checks_of(clickhouse: ClickHouseSettings, batches: Sequence[Sequence[Statement]]) -> list[dict[str, Any]]:
    """Under a tenant of its own: nothing has to be emptied for it."""
    warehouse, tenant = await connect(clickhouse), f"checks-{next(_TENANTS)}"
    try:
        stage = Stage(warehouse)
        for batch in batches:
            await stage.take(*(replace(event, tenant=tenant) for event in batch))
        return await warehouse.query(CHECKS, {"tenant": tenant})
    finally:
        await warehouse.close()


def test_a_report_that_opens_the_window_may_come_last(migrated_database: Migrated) -> None:
    """They say 1, 3, 4, and that ETH is what it was: 3 of it are outside, counted from the first and not the second."""
    events = [stated(0, 1), gained(5, 1), gained(20, 3), gained(40, 4)]
    for order in (events, [events[0], *events[:1:-1], events[1]]):
        found = asyncio.run(checks_of(migrated_database.settings, [[event] for event in order]))
        assert [(row["since"] and row["since"].minute, row["theirs"]) for row in found] == [
            (None, None), (15, 2), (15, 3),
        ]  # fmt: skip


def test_a_report_that_no_longer_opens_the_window_leaves_it(migrated_database: Migrated) -> None:
    """The first turns out to have been in euros."""
    events = [stated(0, 1), gained(5, 1), stated(10, 1), gained(20, 3), gained(40, 4), gained(5, 1, QUOTES[1], 2)]
    found = asyncio.run(checks_of(migrated_database.settings, [[event] for event in events]))
    assert [row["theirs"] for row in found] == [None, None, Decimal(1)]


def _check(data: st.DataObject, clickhouse: ClickHouseSettings) -> None:
    events = data.draw(st.lists(_events, min_size=3, max_size=9), label="events")
    batches = data.draw(batches_of(events), label="batches")
    assert asyncio.run(checks_of(clickhouse, batches)) == asyncio.run(checks_of(clickhouse, [events]))


@given(data=st.data())
@few(4)
@pytest.mark.timeout(300)
def test_checks_do_not_depend_on_how_reports_arrive(data: st.DataObject, migrated_database: Migrated) -> None:
    _check(data, migrated_database.settings)


@pytest.mark.chaos
@given(data=st.data())
@many(50)
@pytest.mark.timeout(1800)
def test_checks_do_not_depend_on_how_many_reports_arrive(data: st.DataObject, migrated_database: Migrated) -> None:
    _check(data, migrated_database.settings)
