"""`/v1/portfolios/{id}/total`: what it is worth now, and how far that can be trusted."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from litestar import get
from msgspec import Struct

from holdfast.domain.money import EXACT, plain
from holdfast.registry.state import RegistryState
from services.api.callers import Asker
from services.api.native.current import CurrentSnapshot, read_current, receipts, sources_now
from services.api.openapi import refusals
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time

STALE_AFTER = 3
"""A source is stale when so many fetches in a row are overdue; the view source_freshness has the same rule."""
_STEP = Decimal("0.000001")


class Quality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the number can be trusted. Shares are of the known value, assets and debt alike, cut to 6 decimals."""

    complete: bool
    """Whether every source has been seen and every line has a value."""
    lines_priced: int
    lines_unpriced: int
    """Counted lines whose value is unknown: they are not in the total."""
    lines_stale: int
    """Counted lines of stale sources, or with no price that is young enough."""
    lines_excluded: int
    """Left out on purpose, as receipt tokens whose position is listed."""
    lines_truncated: int
    sources: int
    sources_missing: int
    """Never seen yet."""
    sources_stale: int
    share_observed: Money | None
    """Seen in the hour of this point; null where no value is known."""
    share_carried: Money | None
    share_missing: Money | None
    """0, or null where something is missing: how much that would be is unknown."""
    oldest_input: Time | None
    newest_input: Time | None
    reasons: dict[str, int]
    """Lines by why they have no value, no amount or no part in the total."""


class Total(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    bucket: Time | None
    """The hour (its start) at whose end this is the value."""
    assets: Money | None
    """Null where nothing was observed yet: unavailable is an answer, 0 would be a claim."""
    debt: Money | None
    net: Money | None
    quality: Quality


class _Point(Struct, frozen=True, kw_only=True):
    bucket: Time
    assets: Money
    debt: Money
    net: Money
    lines: int
    lines_unpriced: int
    lines_excluded: int
    lines_truncated: int
    sources: int
    sources_observed: int
    sources_missing: int
    reasons: dict[str, int]
    as_of: Time
    oldest_input: Time


class _SourceValue(Struct, frozen=True, kw_only=True):
    source: str
    gross: str
    lines: int
    lines_stale: int


@get("/portfolios/{portfolio:str}/total", operation_id="show_total", responses=refusals(400, 404))
async def show_total(api: Api, caller: Asker, portfolio: Name) -> Total:
    """Assets, debt and net in US dollars, with the quality of what went in."""
    registry, now = api.registry, api.clock.now()
    caller.find_portfolio(registry, portfolio)
    sources = sources_now(registry, caller.tenant, portfolio, now=now)
    params = {"tenant": caller.tenant, "portfolio": portfolio}
    points, snapshots = await asyncio.gather(
        read(api.warehouse, load_sql(__file__, "total"), params, _Point), read_current(api, sources)
    )
    if not points or (points[0].sources == 0 and points[0].sources_missing > 0):
        return _unavailable(portfolio, sources_missing=points[0].sources_missing if points else len(sources))
    values = await _read_values(api, snapshots)
    stale = stale_sources(registry, caller.tenant, snapshots, now=now)
    return to_total(portfolio, points[0], snapshots, values, stale)


def stale_sources(
    registry: RegistryState, tenant: str, snapshots: Sequence[CurrentSnapshot], *, now: datetime
) -> frozenset[str]:
    every_s = {
        f"{tenant}/{setting.provider}/{account.id}/{setting.scope}": setting.every_s
        for (owner, _), account in registry.accounts.items()
        if owner == tenant
        for setting in account.sources
    }
    return frozenset(
        snapshot.source
        for snapshot in snapshots
        if (now - snapshot.at).total_seconds() > STALE_AFTER * every_s.get(snapshot.source, 0)
    )


def to_total(
    portfolio: str,
    point: _Point,
    snapshots: Sequence[CurrentSnapshot],
    values: Sequence[_SourceValue],
    stale: frozenset[str],
) -> Total:
    observed, carried = _shares(point, snapshots, values)
    missing_nothing = point.sources_missing == 0 and point.lines_unpriced == 0
    quality = Quality(
        complete=missing_nothing,
        lines_priced=point.lines - point.lines_unpriced,
        lines_unpriced=point.lines_unpriced,
        lines_stale=sum(value.lines if value.source in stale else value.lines_stale for value in values),
        lines_excluded=point.lines_excluded,
        lines_truncated=point.lines_truncated,
        sources=point.sources,
        sources_missing=point.sources_missing,
        sources_stale=len(stale),
        share_observed=observed,
        share_carried=carried,
        share_missing="0" if missing_nothing else None,
        oldest_input=point.oldest_input if point.sources else None,
        newest_input=point.as_of if point.sources else None,
        reasons=point.reasons,
    )
    return Total(
        portfolio=portfolio,
        currency="iso4217:USD",
        bucket=point.bucket,
        assets=point.assets,
        debt=point.debt,
        net=point.net,
        quality=quality,
    )


def _shares(
    point: _Point, snapshots: Sequence[CurrentSnapshot], values: Sequence[_SourceValue]
) -> tuple[str | None, str | None]:
    gross: Mapping[str, Decimal] = {value.source: Decimal(value.gross) for value in values}
    total = sum(gross.values(), Decimal(0))
    if total == 0:
        return None, None
    seen = sum((gross.get(one.source, Decimal(0)) for one in snapshots if one.at >= point.bucket), Decimal(0))
    observed = EXACT.divide(seen, total).quantize(_STEP, rounding=ROUND_DOWN)
    return plain(observed), plain(1 - observed)


def _unavailable(portfolio: str, *, sources_missing: int) -> Total:
    quality = Quality(
        complete=False,
        lines_priced=0,
        lines_unpriced=0,
        lines_stale=0,
        lines_excluded=0,
        lines_truncated=0,
        sources=0,
        sources_missing=sources_missing,
        sources_stale=0,
        share_observed=None,
        share_carried=None,
        share_missing=None,
        oldest_input=None,
        newest_input=None,
        reasons={},
    )
    return Total(
        portfolio=portfolio, currency="iso4217:USD", bucket=None, assets=None, debt=None, net=None, quality=quality
    )


async def _read_values(api: Resources, snapshots: list[CurrentSnapshot]) -> list[_SourceValue]:
    if not snapshots:
        return []
    params = {"snapshots": [snapshot.key for snapshot in snapshots], "receipts": receipts(snapshots)}
    return await read(api.warehouse, load_sql(__file__, "source_values"), params, _SourceValue)


ROUTES = [show_total]
