"""What a portfolio is worth now: its newest stored point, and the statements that stand in it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.exact import ZERO
from holdfast.domain.refusals import assets_waited_for, told_apart
from holdfast.domain.time import floor_to
from holdfast.history.refusals import read_refusals
from holdfast.registry.state import counted_sources
from holdfast.warehouse.client import Parameters
from services.api.currencies import RateMissing
from services.api.native.quality import Known, to_shares
from services.api.native.totals.current import (
    HOUR,
    CurrentSnapshot,
    excluded_now,
    had_joined,
    present,
    read_current,
    receipts,
)
from services.api.native.totals.newest_point import Point, read_newest_point
from services.api.native.totals.valued import Valued, stale_sources, unavailable
from services.api.queries import load_sql, read
from services.api.resources import Resources


class _SourceValue(Struct, frozen=True, kw_only=True):
    source: str
    gross: str
    lines: int
    lines_stale: int
    unrated: list[str]
    """Currencies that lines are stated in and could not be brought to dollars from."""


async def read_latest(api: Resources, tenant: str, portfolio: str) -> Valued:
    """The same number as the last point of the series."""
    registry, now = api.registry, api.clock.now()
    members = counted_sources(registry, tenant, portfolio)
    sources = present(members, now=now)
    point, snapshots = await asyncio.gather(read_newest_point(api, tenant, portfolio), read_current(api, sources))
    if not point or (point.sources == 0 and (sources or not had_joined(members, end=floor_to(now, HOUR) + HOUR))):
        return unavailable(now, sources_missing=len(sources))
    named = {
        "snapshots": [snapshot.key for snapshot in snapshots],
        "receipts": receipts(snapshots),
        "excluded": list(excluded_now(registry, tenant, portfolio)),
    }
    values, reasons = await asyncio.gather(_read_values(api, named), _read_reasons(api, point, now))
    stale = stale_sources(registry, tenant, {one.source: one.at for one in snapshots}, at=now)
    return Valued(
        at=now,
        bucket=point.bucket,
        assets=point.assets,
        debt=point.debt,
        known=_to_known(point, snapshots, values, stale, reasons, now=now),
        unrated=_to_unrated(snapshots, values),
    )


def _to_known(
    point: Point,
    snapshots: Sequence[CurrentSnapshot],
    values: Sequence[_SourceValue],
    stale: frozenset[str],
    reasons: Mapping[str, int],
    *,
    now: datetime,
) -> Known:
    hour = max(point.bucket, floor_to(now, HOUR))  # that of the answer, also where nothing is stored in it
    gross = {value.source: Decimal(value.gross) for value in values}
    seen = [gross.get(one.source, ZERO) for one in snapshots if one.at >= hour]
    return Known(
        lines=point.lines,
        lines_unpriced=point.lines_unpriced,
        lines_stale=sum(value.lines if value.source in stale else value.lines_stale for value in values),
        lines_excluded=point.lines_excluded,
        lines_truncated=point.lines_truncated,
        sources=point.sources,
        sources_missing=point.sources_missing,
        sources_stale=len(stale),
        shares=to_shares(seen, gross.values()),
        oldest_input=point.oldest_input,
        newest_input=point.as_of,
        reasons=reasons,
    )


def _to_unrated(snapshots: Sequence[CurrentSnapshot], values: Sequence[_SourceValue]) -> list[RateMissing]:
    stated = {one.source: one.at for one in snapshots}
    found = {(currency, stated[value.source]) for value in values for currency in value.unrated}
    return [RateMissing(base=currency, quote=USD, at=at) for currency, at in sorted(found)]


async def _read_values(api: Resources, named: Parameters) -> list[_SourceValue]:
    if not named["snapshots"]:
        return []
    return await read(api.warehouse, load_sql(__file__, "source_values"), named, _SourceValue)


async def _read_reasons(api: Resources, point: Point, now: datetime) -> dict[str, int]:
    """As stored, but for lines whose price feed is refused for asking too often: they wait, they are not without."""
    refusals = await read_refusals(api.warehouse, assets_waited_for(point.waits), since=now, until=now)
    return told_apart(point.reasons, point.waits, refusals, now)
