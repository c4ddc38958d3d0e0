"""Each change of what is over is worked in once: however often it is told, and in whatever order."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.closing.days import EVER, note_told_again, read_due
from services.aggregator.settings import ClosingSettings

T0 = datetime(2026, 3, 1, tzinfo=UTC)
TOLD_OF = "2026-01-10 12:00:00.000"
DAY = date(2026, 1, 10)


class Notes:
    """A portfolio of one source with closed days, and what is noted of it at minutes after `T0`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    async def begin(self) -> None:
        for row in (
            "portfolios (tenant, portfolio, revision) VALUES ('acme', 'all', 1)",
            "portfolio_sources (tenant, portfolio, revision, source) VALUES ('acme', 'all', 1, 's')",
        ):
            await self.warehouse.command(f"INSERT INTO registry_{row}")
        point = "VALUES ('acme', 'all', '2026-01-09 12:00:00')"
        await self.warehouse.command(f"INSERT INTO portfolio_totals (tenant, portfolio, bucket) {point}")

    async def told(self, *what: tuple[str, float]) -> None:
        """What, and at which minute: a block each."""
        for identity, minute in what:
            at = f"{T0 + timedelta(minutes=minute):%F %T.000}"
            await self.warehouse.command(
                "INSERT INTO late_inputs (kind, key, at, place, identity, first, last) "
                f"VALUES ('source', 's', '{TOLD_OF}', '', '{identity}', '{at}', '{at}')"
            )

    async def worked_out(self, at: str, days: Sequence[date]) -> None:
        for day in days:
            await self.warehouse.command(
                "INSERT INTO closed_days (tenant, portfolio, day, span, computed_at, revision) "
                f"VALUES ('acme', 'all', '{day}', 'all', {at}, 1)"
            )

    async def due(self, *, margin_s: float = 60, since: datetime = EVER) -> list[date]:
        await note_told_again(self.warehouse, since=since)
        settings = ClosingSettings(days=2, margin_s=margin_s)
        found = await read_due(self.warehouse, DAY + timedelta(days=1), settings, ranking=(), most=10, since=since)
        return sorted(one.day for one in found)


BOTH = [DAY, DAY + timedelta(days=1)]


def minute(number: float) -> str:
    return f"'{T0 + timedelta(minutes=number):%F %T.000}'"


@pytest.fixture
async def notes(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Notes]:
    connected = await connect(clickhouse_settings)
    found = Notes(connected)
    await found.begin()
    yield found
    await connected.close()


async def test_a_correction_is_worked_in_once_however_often_it_is_told_again(notes: Notes) -> None:
    await notes.told(("A", 0), ("A", 5), ("B", 10))
    await notes.worked_out(minute(5), BOTH)
    assert await notes.due() == BOTH
    await notes.worked_out(minute(20), BOTH)
    assert await notes.due() == []
    await notes.told(("B", 30), ("B", 40), ("B", 50))
    assert await notes.due() == []


async def test_what_is_withdrawn_for_what_was_told_before_is_worked_in_once(notes: Notes) -> None:
    """The second A is noted when it is looked for: now, by the engine's clock."""
    await notes.told(("A", 0), ("B", 10), ("A", 30))
    await notes.worked_out(minute(20), BOTH)
    assert await notes.due(margin_s=0) == BOTH
    await notes.worked_out("now64(3) + toIntervalSecond(1)", BOTH)
    assert await notes.due(margin_s=0) == []
    await notes.told(("A", 40), ("A", 50))
    assert await notes.due(margin_s=0) == []


async def test_each_withdrawal_is_one_note(notes: Notes) -> None:
    async def noted() -> int:
        await note_told_again(notes.warehouse)
        await note_told_again(notes.warehouse)
        count = "SELECT uniqExact(identity, again) FROM late_inputs WHERE again > 0"
        return int(await notes.warehouse.value(count) or 0)

    now = (datetime.now(UTC) - T0) / timedelta(minutes=1)
    await notes.told(("A", 0), ("B", 10), ("B", 20))
    assert await noted() == 0
    await notes.told(("A", 30))
    assert await noted() == 1
    await notes.told(("A", now + 60))
    assert await noted() == 1
    await notes.told(("B", now + 120))
    assert await noted() == 2


async def test_a_correction_is_worked_in_although_others_come_faster_than_the_margin(notes: Notes) -> None:
    now = (datetime.now(UTC) - T0) / timedelta(minutes=1)
    await notes.told(("A", 0), ("B", 10), ("B", now - 0.1), ("C", now - 0.1))
    await notes.worked_out(minute(5), BOTH)
    assert await notes.due(margin_s=3600) == BOTH


async def test_what_came_since_the_last_turn_is_enough_to_find_what_is_due(notes: Notes) -> None:
    """What is told again then is as old as when it first came, also before a merge; what is withdrawn is new."""
    await notes.told(("A", 0), ("B", 10))
    await notes.worked_out(minute(20), BOTH)
    turn = T0 + timedelta(minutes=20)
    await notes.told(("B", 30))
    assert await notes.due(since=turn) == []
    await notes.told(("C", 40))
    assert await notes.due(since=turn) == BOTH
    await notes.worked_out(minute(50), BOTH)
    await notes.told(("B", 60))
    assert await notes.due(margin_s=0, since=turn + timedelta(minutes=30)) == BOTH


async def test_days_that_were_never_worked_out_are_due_whatever_came_since(notes: Notes) -> None:
    await notes.told(("A", 0))
    assert await notes.due(since=datetime.now(UTC)) == BOTH


async def test_what_comes_of_a_day_that_is_not_kept_changes_those_that_are(notes: Notes) -> None:
    await notes.worked_out(minute(5), BOTH)
    await notes.warehouse.command(
        "INSERT INTO late_inputs (kind, key, at, place, identity, first, last) VALUES "
        f"('source', 's', '2020-01-01 00:00:00.000', '', 'A', {minute(10)}, {minute(10)})"
    )
    assert await notes.due() == BOTH


async def test_a_note_that_nobody_has_told_for_longer_than_days_are_kept_is_forgotten(notes: Notes) -> None:
    await notes.warehouse.command(
        "INSERT INTO late_inputs (kind, key, at, place, identity, first, last) VALUES "
        "('source', 's', '2020-01-01', '', 'A', now64(3) - INTERVAL 500 DAY, now64(3) - INTERVAL 500 DAY), "
        "('source', 's', '2020-01-01', '', 'B', now64(3) - INTERVAL 500 DAY, now64(3) - INTERVAL 10 DAY)"
    )
    await notes.warehouse.command("OPTIMIZE TABLE late_inputs FINAL")
    assert await notes.warehouse.rows("SELECT identity FROM late_inputs") == [("B",)]
