"""Points: what a portfolio was worth at the end of an hour. Found, computed, stored and told.

All arithmetic is in the engine, and is only sums (sql/compute_points.sql); this relays its answer
into the table and into events.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.time import Clock
from holdfast.events import PortfolioRevalued
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import stored_time
from services.aggregator import sql
from services.aggregator.valuing import SnapshotKey

TABLE = "portfolio_totals"
CHUNK = 250
"""Points per statement: bounds the lines that the engine holds at once."""
TOUCHED_CHUNK = 1000


class Point(NamedTuple):
    tenant: str
    portfolio: str
    bucket: str
    """The start of the hour, as stored: `2026-01-02 03:00:00`."""


class ComputedPoint(Struct, frozen=True, kw_only=True):
    """What is read of a row on its way through; the row itself is relayed untouched."""

    tenant: str
    portfolio: str
    bucket: str
    version: str
    as_of: str
    oldest_input: str
    assets: Decimal
    debt: Decimal
    net: Decimal
    lines: int
    lines_unpriced: int
    lines_excluded: int

    @property
    def point(self) -> Point:
        return Point(self.tenant, self.portfolio, self.bucket)

    @property
    def revision(self) -> int:
        """Of the membership it was computed with: the version's top bits."""
        return int(self.version) >> 216


_ROWS = msgspec.json.Decoder(ComputedPoint)


async def touched_points(warehouse: Warehouse, snapshots: Collection[SnapshotKey], clock: Clock) -> set[Point]:
    """The points that these snapshots change."""
    keys = sorted({(key.source, key.observed_at) for key in snapshots})
    points: set[Point] = set()
    for start in range(0, len(keys), TOUCHED_CHUNK):
        some = keys[start : start + TOUCHED_CHUNK]
        asked = {"sources": [source for source, _ in some], "times": [at for _, at in some]}
        points |= await _read_points(warehouse, "read_touched_points", asked | {"now": stored_time(clock.now())})
    return points


async def points_of(warehouse: Warehouse, portfolios: Sequence[tuple[str, str]], clock: Clock) -> set[Point]:
    """Every point of some (tenant, portfolio): after their membership has changed."""
    asked = {"tenants": [tenant for tenant, _ in portfolios], "portfolios": [name for _, name in portfolios]}
    return await _read_points(warehouse, "read_portfolio_points", asked | {"now": stored_time(clock.now())})


async def revalue(warehouse: Warehouse, points: Iterable[Point]) -> list[PortfolioRevalued]:
    """Compute and store points; returns what to publish once they are stored.

    Points whose membership changed meanwhile are computed again: a projection that looked for stored
    points just before these were stored has missed them.
    """
    rows: dict[Point, ComputedPoint] = {}
    newest: dict[tuple[str, str], datetime] = {}
    remaining = sorted(set(points))
    while remaining:
        computed = await _compute(warehouse, remaining)
        rows |= {row.point: row for row in computed}
        revisions, newest_now = await _read_revisions(warehouse, computed)
        newest |= newest_now
        remaining = [row.point for row in computed if row.revision < revisions[row.tenant, row.portfolio]]
    return [_to_event(row, newest[row.tenant, row.portfolio]) for row in rows.values()]


async def _compute(warehouse: Warehouse, points: Sequence[Point]) -> list[ComputedPoint]:
    rows: list[ComputedPoint] = []
    for start in range(0, len(points), CHUNK):
        some = points[start : start + CHUNK]
        asked = {
            "tenants": [point.tenant for point in some],
            "portfolios": [point.portfolio for point in some],
            "buckets": [point.bucket for point in some],
        }
        body = await warehouse.read_bytes(sql.load("compute_points"), asked, format="JSONEachRow")
        if body:
            await warehouse.insert_json(TABLE, body)
        rows += _ROWS.decode_lines(body)
    return rows


async def _read_points(warehouse: Warehouse, question: str, asked: dict[str, object]) -> set[Point]:
    rows = await warehouse.rows(sql.load(question), asked)
    return {Point(tenant, portfolio, _bucket(at)) for tenant, portfolio, at in rows}


async def _read_revisions(
    warehouse: Warehouse, rows: Sequence[ComputedPoint]
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], datetime]]:
    portfolios = sorted({(row.tenant, row.portfolio) for row in rows})
    asked = {"tenants": [tenant for tenant, _ in portfolios], "portfolios": [name for _, name in portfolios]}
    found = await warehouse.rows(sql.load("read_revisions"), asked)
    return (
        {(tenant, name): revision for tenant, name, revision, _ in found},
        {(tenant, name): newest for tenant, name, _, newest in found},
    )


def _to_event(row: ComputedPoint, newest: datetime) -> PortfolioRevalued:
    identity = f"{row.tenant}\n{row.portfolio}\n{row.bucket}\n{row.version}"
    bucket = _parsed(row.bucket)
    return PortfolioRevalued(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        tenant=row.tenant,
        portfolio=row.portfolio,
        bucket=bucket,
        as_of=_parsed(row.as_of),
        latest=bucket >= newest,
        version=row.version,
        currency=USD,
        assets=row.assets,
        debt=row.debt,
        net=row.net,
        lines=row.lines,
        lines_unpriced=row.lines_unpriced,
        lines_excluded=row.lines_excluded,
        oldest_input=_parsed(row.oldest_input),
    )


def _bucket(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
