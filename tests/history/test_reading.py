"""What is read of the past is what the messages alone say, now and as known at any time between them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.ledger.statements import Line, Statement
from holdfast.history.memberships import read_memberships
from holdfast.history.statements import read_statements
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from tests.aggregator import expected
from tests.aggregator.comparing import empty
from tests.aggregator.expected import Arrived, expect
from tests.aggregator.messages import ACCOUNTS, SCOPES
from tests.aggregator.worlds import RANKING, Delivery, World, deliveries, worlds
from tests.api.world import write_membership
from tests.history.delivering import deliver
from tests.support.sampling import few

SOURCES = [f"acme/{provider}/{account}/{scope}" for account in ACCOUNTS for provider, scope in SCOPES]


def say(arrived: Sequence[Arrived]) -> dict[str, tuple[Statement, ...]]:
    """By source and in order: worked out from the messages, with none of the code that reads."""
    current: dict[tuple[str, datetime], expected.Statement] = {}
    for one in expect(arrived, (), ranking=RANKING, buckets=()).statements:
        other = current.get((one.source, one.observed_at))
        if other is None or (other.fetched_at, other.snapshot_id) < (one.fetched_at, one.snapshot_id):
            current[one.source, one.observed_at] = one
    chains = defaultdict(list)
    for one in sorted(current.values(), key=lambda one: one.observed_at):
        chains[one.source].append(_statement(one, current.values()))
    return {source: tuple(chains[source]) for source in SOURCES}


def _statement(one: expected.Statement, all_: object) -> Statement:
    last: dict[str, expected.Statement] = {}
    for other in all_:  # type: ignore[attr-defined]
        mine = other.account == one.account and other.source != one.source and other.observed_at <= one.observed_at
        if mine and (other.source not in last or last[other.source].observed_at < other.observed_at):
            last[other.source] = other
    hidden = {asset for other in last.values() for asset in other.covers}
    lines = [
        Line(
            line.stated.asset,
            line.stated.side,
            None if line.stated.amount is None else expected.cut(line.stated.amount),
            line.price,
            line.value,
            "receipt_token" if line.stated.kind == "wallet" and line.stated.asset in hidden else line.reason,
            line.since,
            line.waits_for,
        )
        for line in sorted(one.lines, key=lambda line: line.number)
    ]
    return Statement(one.source, one.observed_at, one.fetched_at, one.snapshot_id, tuple(lines))


async def _assert_read_as_said(clickhouse: ClickHouseSettings, world: World, delivery: Delivery) -> None:
    warehouse = await connect(clickhouse)
    try:
        await empty(warehouse)
        await deliver(warehouse, delivery)
        assert await read_statements(warehouse, SOURCES) == say(world.arrived)
        for known_at in sorted({one.recorded_at for one in world.arrived}):
            arrived = [one for one in world.arrived if one.recorded_at <= known_at]
            found = await read_statements(warehouse, SOURCES, known_at=known_at, ranking=RANKING)
            assert found == say(arrived), known_at
        await _assert_cut_down(warehouse, world)
    finally:
        await warehouse.close()


async def _assert_cut_down(warehouse: Warehouse, world: World) -> None:
    """A span holds what each source said last at or before its start, and all up to its end."""
    whole = say(world.arrived)
    times = sorted({one.at for chain in whole.values() for one in chain})
    if not times:
        return
    since, until = times[len(times) // 2], times[-1]
    for known_at in (None, max(one.recorded_at for one in world.arrived)):
        found = await read_statements(warehouse, SOURCES, since=since, until=until, known_at=known_at)
        for source, chain in whole.items():
            before = [one for one in chain if one.at <= since]
            # What is covered may hang on a word of before the span.
            assert [one.at for one in found[source]] == [
                one.at for one in (*before[-1:], *chain[len(before) :]) if one.at <= until
            ]


@given(data=st.data())
@few(4)
@pytest.mark.timeout(600)
def test_statements_are_what_the_messages_say_at_any_time_of_knowing(
    data: st.DataObject, tables: ClickHouseSettings
) -> None:
    world = data.draw(worlds(), label="world")
    asyncio.run(_assert_read_as_said(tables, world, data.draw(deliveries(world), label="delivery")))


async def test_a_membership_is_known_from_when_it_was_recorded(warehouse: Warehouse) -> None:
    await write_membership(warehouse, "family", SOURCES[:1], revision=3)
    between = await warehouse.value("SELECT now64(3)")
    await asyncio.sleep(0.01)
    await write_membership(warehouse, "family", SOURCES[:2], revision=5)
    await warehouse.command("OPTIMIZE TABLE registry_portfolios FINAL")
    now = await read_memberships(warehouse, "acme", "family")
    then = await read_memberships(warehouse, "acme", "family", known_at=between)
    assert [member.source for member in now] == sorted(SOURCES[:2])
    assert [member.source for member in then] == SOURCES[:1]
    assert await read_memberships(warehouse, "rival", "family") == []
