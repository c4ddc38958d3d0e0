"""What a rebuild finds, puts right, and leaves alone."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from holdfast.events import BalancesObserved
from holdfast.rebuild import Finding, Outcome, read_findings, swap
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert, settle
from services.aggregator.prepared import prepare
from tests.rebuild.damages import BESIDE, DAMAGES, Damage
from tests.rebuild.stage import NOW, WALLETS, build, found, keep, kept, observed, store, total
from tests.support.database import Migrated, empty_database

__all__ = ["kept"]

# All that a rebuild compares, and nothing that tells when or how a row came to be.
TABLES = {
    "line": "SELECT source, observed_at, line, snapshot_id, price_usd, value_usd, price_source, price_at, reason "
    "FROM balances FINAL ORDER BY ALL",
    "total": "SELECT * EXCEPT (version, computed_at) REPLACE (arraySort(breakdown) AS breakdown) "
    "FROM portfolio_totals FINAL ORDER BY tenant, portfolio, bucket",
    "latest": "SELECT * EXCEPT rank REPLACE (arraySort(covers) AS covers) FROM latest_snapshots FINAL ORDER BY source",
}


class Story(Struct, frozen=True):
    """Of one world: kept, looked at, damaged, looked at, put right, looked at."""

    at_first: list[Finding]
    last_of_both: list[tuple[Decimal, int]]
    """Its last point's net and lines, when nothing was wrong."""
    of_one: list[Finding]
    of_all: list[Finding]
    at_last: list[Finding]
    right: dict[str, list[Any]]
    damaged: dict[str, list[Any]]
    swapped: dict[str, list[Any]]


@pytest.fixture(scope="module")
def story(migrated_database: Migrated) -> Story:
    """Told once: each look costs seconds, and what is wrong with one row is no matter of another's."""
    return asyncio.run(_tell(migrated_database))


async def _tell(database: Migrated) -> Story:
    await empty_database(database)
    warehouse = await connect(database.settings)
    try:
        await keep(warehouse)
        await store(warehouse, [observed(BESIDE, 0, "1.5")])
        at_first, right = await found(warehouse, "clean"), await _rows(warehouse)
        last = await total(warehouse, "both", "2026-02-01 01:00:00")
        for damage in DAMAGES:
            await damage.do(warehouse)
        damaged = await _rows(warehouse)
        of_one = await found(warehouse, "one", ("acme", "one"))
        of_all = await found(warehouse, "all")
        await swap(warehouse, "all")
        swapped = await _rows(warehouse)
        return Story(at_first, last, of_one, of_all, await found(warehouse, "again"), right, damaged, swapped)
    finally:
        await warehouse.close()


async def _rows(warehouse: Warehouse) -> dict[str, list[Any]]:
    return {kind: await warehouse.rows(sql) for kind, sql in TABLES.items()}


def test_nothing_is_found_where_nothing_is_wrong(story: Story) -> None:
    assert story.at_first == []
    assert story.last_of_both == [(2 * (Decimal("1.5") * Decimal("2100.5") - 8), 4)]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: f"{damage.kind} {damage.what}")
def test_a_row_that_is_wrong_is_found_with_what_it_should_say(story: Story, damage: Damage) -> None:
    [finding] = [one for one in story.of_all if (one.kind, one.of) == (damage.kind, damage.of)]
    assert damage.told_by(finding), finding


def test_a_row_that_is_right_is_not_found(story: Story) -> None:
    assert len(story.of_all) == len(DAMAGES)
    assert [one.kind for one in story.of_all] == [damage.kind for damage in DAMAGES]


@pytest.mark.parametrize("kind", list(TABLES))
def test_a_swap_puts_every_row_right_and_touches_no_other(story: Story, kind: str) -> None:
    assert story.damaged[kind] != story.right[kind]
    assert story.swapped[kind] == story.right[kind]


def test_nothing_is_found_after_a_swap(story: Story) -> None:
    assert story.at_last == []


def test_only_the_portfolios_that_were_asked_for_are_looked_at(story: Story) -> None:
    asked = [one for one in story.of_all if WALLETS[0] in one.of or one.of.startswith("acme/one")]
    assert {one.kind for one in asked} == {"line", "total", "latest"}
    assert story.of_one == asked


async def test_what_comes_in_while_rows_are_swapped_stays(kept: Warehouse) -> None:
    """A newer point, stored between the look and the swap, is neither hidden nor taken out."""
    await kept.command(
        "INSERT INTO portfolio_totals SELECT * REPLACE (net + 1 AS net, version + 1 AS version) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'both' AND bucket = '2026-02-01 01:00:00'"
    )
    assert len(await found(kept, "before")) == 1
    await store(kept, [observed(WALLETS[0], 3, "2.5"), observed(WALLETS[0], 4, "4")])
    correction = observed(WALLETS[1], 3, "9")
    later = {"fetched_at": correction.fetched_at + timedelta(minutes=1)}
    await store(kept, [BalancesObserved(**{f: getattr(correction, f) for f in correction.__struct_fields__} | later)])
    newest = await total(kept, "both", "2026-02-01 01:00:00")
    await swap(kept, "before")
    assert await total(kept, "both", "2026-02-01 01:00:00") == newest
    assert await found(kept, "after") == []


async def test_a_rebuild_beside_a_busy_aggregator_reports_nothing_that_is_only_on_its_way(kept: Warehouse) -> None:
    """Raw rows whose points are still to come are no difference once they have come."""
    arrivals = [Arrival(event=observed(WALLETS[0], 5, "3"), sequence=9, recorded_at=NOW)]
    touched = await insert(kept, prepare(arrivals), ranking=["feed"])
    rebuild = build(kept, "busy", settle_s=0.5)
    units, _ = await rebuild.plan()

    async def settle_soon() -> None:
        await asyncio.sleep(0.2)
        await settle(kept, touched)

    settling = asyncio.create_task(settle_soon())
    done = [one async for one in rebuild.work(units)]
    await settling
    assert rebuild.outcome(done).differences == 0
    assert await read_findings(kept, "busy") == []


async def test_a_run_that_was_cut_short_goes_on_where_it_stopped(kept: Warehouse) -> None:
    rebuild = build(kept, "cut")
    units, _ = await rebuild.plan()
    assert len(units) > 2
    async for _ in rebuild.work(units[:2]):
        pass
    again = build(kept, "cut")
    planned, done = await again.plan()
    assert planned == units
    assert [one.unit for one in done] == [unit.name for unit in units[:2]]


async def test_a_source_that_came_in_between_is_looked_at_by_the_run_that_goes_on(kept: Warehouse) -> None:
    """Its name lies between those of the two that were there. What was found of these before is told once."""
    await misvalue(kept, WALLETS[0])
    planned, _ = await build(kept, "grown").plan()
    before = await look_at_lines(kept, "grown")
    assert before.differences == len(await read_findings(kept, "grown")) == 3
    between = "eip155:1:0x1" + "5" * 39
    await store(kept, [observed(between, 1, "1.5")])
    await misvalue(kept, between)
    units, done = await build(kept, "grown").plan()
    assert {unit.kind for unit in units if unit not in planned} == {"latest", "lines"}, "it is in no portfolio"
    assert len(done) == 1, "the other month has not grown, and stays done"
    after = await look_at_lines(kept, "grown")
    findings = await read_findings(kept, "grown")
    assert after.differences == len(findings) == 4
    assert [one.of for one in findings if between in one.of] == [
        f"acme/evm/{between}/wallet, 2026-01-31 23:10:00.000, line 0"
    ]
    assert len((await build(kept, "grown").plan())[1]) == len([unit for unit in units if unit.kind == "lines"])


async def look_at_lines(warehouse: Warehouse, run: str) -> Outcome:
    """Those that the run has not looked at yet."""
    rebuild = build(warehouse, run)
    units, done = await rebuild.plan()
    finished = {one.unit for one in done}
    left = [unit for unit in units if unit.kind == "lines" and unit.name not in finished]
    return rebuild.outcome([*done, *[one async for one in rebuild.work(left)]])


async def misvalue(warehouse: Warehouse, account: str) -> None:
    """Everything that it has."""
    sql = "ALTER TABLE balances UPDATE value_usd = 1 WHERE source = {source:String} AND side = 'asset'"
    await warehouse.command(f"{sql} SETTINGS mutations_sync = 2", {"source": f"acme/evm/{account}/wallet"})
