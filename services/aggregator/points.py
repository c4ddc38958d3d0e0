"""Points: what a portfolio was worth at the end of an hour. Found, computed, stored and told.

Which statements stand in a point is decided by placing.py; the sums over their lines are the
engine's (sql/sum_points.sql); here they become rows and events. A row's version is made of exactly
what the row is made of, so of two rows for one point the one that knew more stays.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.money import EXACT, plain
from holdfast.events import PortfolioRevalued
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import BreakdownRow, PortfolioTotalRow
from holdfast.warehouse.writer import write
from services.aggregator import sql
from services.aggregator.placing import (
    EARLIEST,
    FAR,
    Member,
    Picture,
    Placed,
    PortfolioKey,
    Statement,
    end_of,
    hour_of,
    milliseconds,
    place,
    read_picture,
    to_lines,
)
from services.aggregator.valuing import SnapshotKey

CHUNK = 2500
"""Snapshots summed in one statement: bounds the lines that the engine holds at once, and its parameters."""

_TOTAL, _REASON, _WAITS = "", "reason", "waits"
"""Axes that are not part of the breakdown."""


class Point(NamedTuple):
    tenant: str
    portfolio: str
    bucket: str
    """The start of the hour, as stored: `2026-01-02 03:00:00`."""

    @property
    def key(self) -> PortfolioKey:
        return self.tenant, self.portfolio


class Setting(Struct, frozen=True):
    """A point with all that stands in it, before anything is summed."""

    number: int
    """That of the point in what it was asked with: `Placed.point`."""
    point: Point
    revision: int
    excluded: tuple[str, ...]
    """Assets that count nowhere in it."""
    placed: list[Placed]
    statements: list[Statement]
    missing: int


class Sum(Struct, frozen=True, array_like=True):
    """One row of sql/sum_points.sql."""

    point: int
    axis: str
    key: str
    assets: str
    debt: str
    lines: int
    lines_unpriced: int
    lines_truncated: int
    stands: int
    seen: str


_SUMS = msgspec.json.Decoder(Sum)
_NOTHING = Sum(0, _TOTAL, "", "0", "0", 0, 0, 0, 0, "0")


async def touched_points(warehouse: Warehouse, snapshots: Collection[SnapshotKey]) -> set[Point]:
    """The points that these snapshots change.

    The hour each was observed in, and every later point of the same portfolio up to the source's next
    snapshot, because those carry it. Points are taken from what causes them (snapshots, membership
    edges), not only from the totals stored so far: a replica that works on a later hour right now has
    stored its snapshot already, its total perhaps not. Those stored count too: an hour may be left
    over from a membership that no longer holds, with nothing else to cause it.
    """
    touched = {(one.source, one.observed_at) for one in snapshots}
    picture = await read_picture(warehouse, sources={source for source, _ in touched})
    first = end_of(hour_of(min(at for _, at in touched)))
    later = picture.later(first)
    mine = later & {source for source, _ in touched}
    await picture.read_back(warehouse, mine, since=first)
    until = {key: _next(picture, *key) for key in touched}
    end = max(until.values())
    await picture.read_back(warehouse, later - mine, since=first, until=end)
    stored = await _read_stored_hours(warehouse, picture.memberships, since=first, until=end)
    return set(_touched(picture, until, stored))


async def _read_stored_hours(
    warehouse: Warehouse, portfolios: Collection[PortfolioKey], *, since: str, until: str
) -> dict[PortfolioKey, set[str]]:
    hours: dict[PortfolioKey, set[str]] = defaultdict(set)
    asked = {"portfolios": to_lines(sorted(portfolios)), "since": since, "until": until}
    for tenant, name, bucket in await warehouse.rows(sql.load("read_stored_points"), asked) if portfolios else ():
        hours[tenant, name].add(bucket)
    return hours


def _next(picture: Picture, source: str, at: str) -> str:
    """The hour of the source's next statement: from there on the one at `at` is not carried."""
    return next((hour_of(one.observed_at) for one in picture.history(source) if one.observed_at > at), FAR)


def _touched(
    picture: Picture, until: Mapping[tuple[str, str], str], stored: Mapping[PortfolioKey, set[str]]
) -> Iterator[Point]:
    spans: dict[str, dict[str, str]] = defaultdict(dict)
    for (source, at), end in until.items():
        start = hour_of(at)
        spans[source][start] = max(end, spans[source].get(start, ""))
    for key, membership in picture.memberships.items():
        mine = {
            (start, end)
            for source in {member.source for member in membership.members}
            for start, end in spans.get(source, {}).items()
        }
        causes = _causes(picture, membership.members) | stored.get(key, set()) if mine else ()
        yield from (Point(*key, start) for start, _ in mine)
        yield from (Point(*key, hour) for hour in causes if any(start < hour < end for start, end in mine))


def _causes(picture: Picture, members: Iterable[Member]) -> set[str]:
    """Hours in which something in a portfolio changes, as far back as the picture goes.

    A membership that is known to begin or end at a time to come has its point already: nobody has to be awake then.
    The views show it from its hour on.
    """
    hours = set()
    for member in members:
        hours |= {hour_of(one.observed_at) for one in picture.history(member.source)}
        hours |= {hour_of(edge) for edge in (member.valid_from, member.valid_to) if EARLIEST < edge < FAR}
    return hours


async def points_of(warehouse: Warehouse, portfolios: Sequence[PortfolioKey]) -> set[Point]:
    """Every point of some (tenant, portfolio): after their membership has changed."""
    asked = {
        "tenants": [tenant for tenant, _ in portfolios],
        "portfolios": [name for _, name in portfolios],
    }
    rows = await warehouse.rows(sql.load("read_portfolio_points"), asked)
    return {Point(tenant, portfolio, _bucket(at)) for tenant, portfolio, at in rows}


async def revalue(warehouse: Warehouse, points: Iterable[Point]) -> list[PortfolioRevalued]:
    """Compute and store points; returns what to publish once they are stored.

    Points whose membership changed meanwhile are computed again: a projection that looked for stored
    points just before these were stored has missed them.
    """
    rows: dict[Point, PortfolioTotalRow] = {}
    newest: dict[PortfolioKey, datetime] = {}
    remaining = sorted(set(points))
    while remaining:
        settings = await read_settings(warehouse, remaining)
        for some in _chunks(settings):
            computed = await _compute(warehouse, some)
            await write(warehouse, computed)
            rows |= {Point(row.tenant, row.portfolio, row.bucket): row for row in computed}
        revisions, newest_now = await _read_revisions(warehouse, sorted({one.point.key for one in settings}))
        newest |= newest_now
        remaining = [one.point for one in settings if one.revision < revisions[one.point.key]]
    return [_to_event(row, newest[row.tenant, row.portfolio]) for row in rows.values()]


async def read_settings(warehouse: Warehouse, points: Sequence[Point]) -> list[Setting]:
    """What stands in points as it is stored now. None of a portfolio that is not known."""
    picture = await read_picture(warehouse, portfolios={point.key for point in points})
    ends = {end_of(point.bucket) for point in points}
    await picture.read_back(warehouse, picture.later(min(ends)), since=min(ends), until=max(ends))
    known = [point for point in points if point.key in picture.memberships]
    return [_setting(picture, number, point) for number, point in enumerate(known)]


def _setting(picture: Picture, number: int, point: Point) -> Setting:
    membership = picture.memberships[point.key]
    placed, statements, missing = place(picture, number, point.key, end_of(point.bucket))
    return Setting(number, point, membership.revision, membership.excluded, placed, statements, missing)


def _chunks(settings: Sequence[Setting]) -> Iterator[list[Setting]]:
    some: list[Setting] = []
    size = 0
    for one in settings:
        if some and size + len(one.placed) > CHUNK:
            yield some
            some, size = [], 0
        some.append(one)
        size += len(one.placed)
    if some:
        yield some


async def _compute(warehouse: Warehouse, settings: Sequence[Setting]) -> list[PortfolioTotalRow]:
    placed = [one for setting in settings for one in setting.placed]
    sums: dict[int, list[Sum]] = defaultdict(list)
    if placed:
        excluded = [(one.number, asset) for one in settings for asset in one.excluded]
        asked = {"placed": to_lines(placed), "excluded": to_lines(excluded)}
        body = await warehouse.read_bytes(sql.load("sum_points"), asked, format="JSONCompactEachRow")
        for one in _SUMS.decode_lines(body):
            sums[one.point].append(one)
    return [_to_row(one, sums[one.placed[0].point] if one.placed else []) for one in settings]


def _to_row(setting: Setting, sums: Sequence[Sum]) -> PortfolioTotalRow:
    point, statements = setting.point, setting.statements
    total = next((one for one in sums if one.axis == _TOTAL), _NOTHING)
    times = [one.observed_at for one in statements] or [f"{point.bucket}.000"]
    return PortfolioTotalRow(
        tenant=point.tenant,
        portfolio=point.portfolio,
        bucket=point.bucket,
        version=str(_version(setting.revision, statements, int(total.seen))),
        as_of=max(times),
        oldest_input=min(times),
        assets=total.assets,
        debt=total.debt,
        net=plain(EXACT.subtract(Decimal(total.assets), Decimal(total.debt))),
        lines=total.lines,
        lines_unpriced=total.lines_unpriced,
        lines_excluded=total.stands - total.lines,
        lines_truncated=total.lines_truncated,
        sources=len(statements),
        sources_missing=setting.missing,
        sources_observed=sum(hour_of(one.observed_at) == point.bucket for one in statements),
        reasons={one.key: one.stands for one in sums if one.axis == _REASON and one.key},
        waits={one.key: one.stands for one in sums if one.axis == _WAITS},
        breakdown=tuple(
            BreakdownRow(
                axis=one.axis,
                key=one.key,
                assets=one.assets,
                debt=one.debt,
                lines=one.lines,
                lines_unpriced=one.lines_unpriced,
            )
            for one in sums
            if one.axis not in (_TOTAL, _REASON, _WAITS) and one.lines
        ),
    )


def _version(revision: int, statements: Iterable[Statement], seen: int) -> int:
    """What moves it is written at the table (migration 0008)."""
    stated = sum(
        (milliseconds(one.observed_at) << 74) + (milliseconds(one.fetched_at) << 32) + int(one.snapshot_id[:8], 16)
        for one in statements
    )
    return (revision << 216) + (stated << 80) + seen


async def _read_revisions(
    warehouse: Warehouse, portfolios: Sequence[PortfolioKey]
) -> tuple[dict[PortfolioKey, int], dict[PortfolioKey, datetime]]:
    asked = {"tenants": [tenant for tenant, _ in portfolios], "portfolios": [name for _, name in portfolios]}
    found = await warehouse.rows(sql.load("read_revisions"), asked)
    return (
        {(tenant, name): revision for tenant, name, revision, _ in found},
        {(tenant, name): newest for tenant, name, _, newest in found},
    )


def _to_event(row: PortfolioTotalRow, newest: datetime) -> PortfolioRevalued:
    identity = f"{row.tenant}\n{row.portfolio}\n{row.bucket}\n{row.version}"
    bucket = _parsed(row.bucket)
    return PortfolioRevalued(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        tenant=row.tenant,
        portfolio=row.portfolio,
        bucket=bucket,
        as_of=_parsed(row.as_of),
        latest=bucket == newest,
        version=row.version,
        currency=USD,
        assets=Decimal(row.assets),
        debt=Decimal(row.debt),
        net=Decimal(row.net),
        lines=row.lines,
        lines_unpriced=row.lines_unpriced,
        lines_excluded=row.lines_excluded,
        oldest_input=_parsed(row.oldest_input),
    )


def _bucket(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
