"""Reads the tables back and compares them, number for number, with what was expected."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Context
from types import MappingProxyType
from typing import Any

from holdfast.warehouse.client import Warehouse
from tests.aggregator.expected import Arrived, Belongs, Expected, Statement, Total, causes, expect
from tests.aggregator.worlds import NOW, RANKING, World

_WIDE = Context(prec=200)
TABLES = (
    "snapshots", "snapshot_parts", "balances", "priced_snapshots", "latest_snapshots", "prices",
    "price_attempts", "price_retellings", "price_withdrawals", "withdrawn_prices", "portfolio_totals",
    "registry_portfolios", "registry_portfolio_revisions", "registry_portfolio_sources", "registry_accounts",
    "registry_rule_sets", "settled_portfolios",
)  # fmt: skip


async def empty(warehouse: Warehouse) -> None:
    """Only tables that hold something: emptying one costs more than most examples."""
    held = await warehouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0")
    await asyncio.gather(*(warehouse.command(f"TRUNCATE TABLE {name}") for (name,) in held if name in TABLES))


async def assert_tables_are_right(warehouse: Warehouse, world: World) -> None:
    await assert_tables_say(warehouse, world.arrived, world.belongs, excluded=world.excluded)


async def assert_tables_say(
    warehouse: Warehouse,
    arrived: Sequence[Arrived],
    belongs: Sequence[Belongs],
    *,
    ranking: Sequence[str] = RANKING,
    now: datetime = NOW,
    excluded: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> None:
    totals = await warehouse.query("SELECT * FROM portfolio_totals FINAL")
    stored = {(row["portfolio"], row["bucket"]): row for row in totals}
    expected = expect(arrived, belongs, ranking=ranking, buckets=stored, excluded=excluded)
    await _assert_lines(warehouse, expected)
    await _assert_snapshots(warehouse, expected.statements)
    await _assert_latest(warehouse, expected.statements)
    assert causes(expected.statements, belongs, now) <= set(stored)
    for (portfolio, bucket), row in stored.items():
        total = expected.points[portfolio, bucket]
        pairs = zip(_of_row(row), _of_total(total, bucket), strict=True)
        different = [(found, wanted) for found, wanted in pairs if found != wanted]
        assert not different, (portfolio, bucket, different)
        assert row["net"] == _WIDE.subtract(row["assets"], row["debt"])


async def _assert_lines(warehouse: Warehouse, expected: Expected) -> None:
    rows = await warehouse.query("SELECT * FROM balances FINAL")
    found = {(r["source"], r["observed_at"], r["snapshot_id"], r["line"]): r for r in rows}
    assert len(found) == len(rows)
    wanted = {(line.source, line.observed_at, line.snapshot_id, line.number): line for line in expected.lines}
    assert found.keys() == wanted.keys()
    for key, line in wanted.items():
        row = found[key]
        seen = (row["value_usd"], row["price_usd"], row["price_source"], row["reason"], row["truncated"])
        assert seen == (line.value, line.price, line.price_source, line.reason, line.truncated), (key, line.stated)


async def _assert_snapshots(warehouse: Warehouse, statements: list[Statement]) -> None:
    rows = await warehouse.query("SELECT * FROM snapshots FINAL")
    found = {
        (r["source"], r["observed_at"], r["snapshot_id"], r["fetched_at"], r["recorded_at"], r["lines"]) for r in rows
    }
    assert len(found) == len(rows)
    assert found == {
        (s.source, s.observed_at, s.snapshot_id, s.fetched_at, s.recorded_at, len(s.lines)) for s in statements
    }


async def _assert_latest(warehouse: Warehouse, statements: list[Statement]) -> None:
    rows = await warehouse.query("SELECT source, observed_at, fetched_at, snapshot_id FROM latest_snapshots FINAL")
    newest: dict[str, tuple] = {}
    for s in statements:
        newest[s.source] = max(newest.get(s.source, ()), (s.observed_at, s.fetched_at, s.snapshot_id))
    assert {r["source"]: (r["observed_at"], r["fetched_at"], r["snapshot_id"]) for r in rows} == newest


def _of_row(row: dict[str, Any]) -> tuple:
    parts = {
        (part["axis"], part["key"]): [part["assets"], part["debt"], part["lines"], part["lines_unpriced"]]
        for part in row["breakdown"]
    }
    return (
        row["assets"], row["debt"], row["lines"], row["lines_unpriced"], row["lines_excluded"], row["lines_truncated"],
        row["sources"], row["sources_missing"], row["sources_observed"], row["as_of"], row["oldest_input"],
        dict(row["reasons"]), dict(row["waits"]), parts,
    )  # fmt: skip


def _of_total(total: Total, bucket: datetime) -> tuple:
    return (
        total.assets, total.debt, total.lines, total.unpriced, total.excluded, total.truncated,
        total.sources, total.missing, total.observed, total.as_of or bucket, total.oldest or bucket,
        dict(total.reasons), dict(total.waits), dict(total.parts),
    )  # fmt: skip
