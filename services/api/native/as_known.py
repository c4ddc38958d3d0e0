"""The value at T as it was known at K: the views statements_as_known and positions_as_known, summed."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.exact import total
from holdfast.domain.money import plain
from holdfast.domain.time import floor_to
from holdfast.history.memberships import read_memberships
from services.api.currencies import RateMissing
from services.api.native.moments import Moment
from services.api.native.quality import Known, to_shares
from services.api.native.valued import Valued, stale_sources, unavailable
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time

HOUR = timedelta(hours=1)


class _Statement(Struct, frozen=True, kw_only=True):
    source: str
    observed_at: Time | None
    """Null for a member that had stated nothing."""


class _Sum(Struct, frozen=True, kw_only=True):
    """Of one source's lines."""

    source: str
    assets: Money
    debt: Money
    lines: int
    lines_unpriced: int
    lines_stale: int
    lines_excluded: int
    lines_truncated: int
    reasons: dict[str, int]
    unrated: list[str]

    @property
    def gross(self) -> Decimal:
        return total((Decimal(self.assets), Decimal(self.debt)))


def to_params(api: Resources, tenant: str, portfolio: str, moment: Moment) -> dict[str, object]:
    """What every query of the views asks with."""
    return {
        "tenant": tenant,
        "portfolio": portfolio,
        "at": moment.at,
        "known_at": moment.recorded_by,
        "ranking": list(api.ranking),
    }


async def read_as_known(api: Resources, tenant: str, portfolio: str, moment: Moment) -> Valued:
    params = to_params(api, tenant, portfolio, moment)
    statements, sums = await asyncio.gather(
        read(api.warehouse, load_sql(__file__, "statements_as_known"), params, _Statement),
        read(api.warehouse, load_sql(__file__, "total_as_known"), params, _Sum),
    )
    stated = {one.source: one.observed_at for one in statements if one.observed_at is not None}
    if not stated and (statements or not await _had_members(api, tenant, portfolio, moment)):
        return unavailable(moment.at, sources_missing=len(statements))
    stale = stale_sources(api.registry, tenant, stated, at=moment.at)
    unrated = {(currency, stated[one.source]) for one in sums for currency in one.unrated}
    return Valued(
        at=moment.at,
        bucket=None,
        assets=plain(total(Decimal(one.assets) for one in sums)),
        debt=plain(total(Decimal(one.debt) for one in sums)),
        known=_to_known(moment, stated, sums, stale, missing=len(statements) - len(stated)),
        unrated=[RateMissing(base=currency, quote=USD, at=at) for currency, at in sorted(unrated)],
    )


async def _had_members(api: Resources, tenant: str, portfolio: str, moment: Moment) -> bool:
    """Whether somebody had been in it by then: who has left is worth 0, who never came is unknown."""
    members = await read_memberships(api.warehouse, tenant, portfolio, known_at=moment.known_at)
    return any(interval.start <= moment.at for member in members for interval in member.during)


def _to_known(
    moment: Moment, stated: Mapping[str, datetime], sums: Sequence[_Sum], stale: frozenset[str], *, missing: int
) -> Known:
    start = floor_to(moment.at, HOUR)
    seen = total(one.gross for one in sums if stated[one.source] >= start)
    return Known(
        lines=sum(one.lines for one in sums),
        lines_unpriced=sum(one.lines_unpriced for one in sums),
        lines_stale=sum(one.lines if one.source in stale else one.lines_stale for one in sums),
        lines_excluded=sum(one.lines_excluded for one in sums),
        lines_truncated=sum(one.lines_truncated for one in sums),
        sources=len(stated),
        sources_missing=missing,
        sources_stale=len(stale),
        shares=to_shares(seen, total(one.gross for one in sums)),
        oldest_input=min(stated.values(), default=None),
        newest_input=max(stated.values(), default=None),
        reasons=sum((Counter(one.reasons) for one in sums), Counter()),
    )
