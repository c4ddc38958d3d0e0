"""The value at T as it was known at K: the views statements_as_known and positions_as_known, summed."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from holdfast.history.memberships import read_memberships
from services.api.native.moments import Moment
from services.api.native.totals.summed import Standing, Sum, to_valued
from services.api.native.totals.valued import Valued, stale_sources, unavailable
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Time


class _Statement(Struct, frozen=True, kw_only=True):
    source: str
    observed_at: Time | None
    """Null for a member that had stated nothing."""


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
    (stated, missing), sums = await asyncio.gather(
        read_stated(api, params), read(api.warehouse, load_sql(__file__, "total_as_known"), params, Sum)
    )
    if not stated and (missing or not await had_members(api, tenant, portfolio, moment)):
        return unavailable(moment.at, sources_missing=missing)
    stale = stale_sources(api.registry, tenant, stated, at=moment.at)
    return to_valued(moment.at, Standing(stated=stated, stale=stale, missing=missing), sums)


async def read_stated(api: Resources, params: Mapping[str, object]) -> tuple[dict[str, datetime], int]:
    """When each member stated what stands, and how many members had stated nothing."""
    statements = await read(api.warehouse, load_sql(__file__, "statements_as_known"), params, _Statement)
    stated = {one.source: one.observed_at for one in statements if one.observed_at is not None}
    return stated, len(statements) - len(stated)


async def had_members(api: Resources, tenant: str, portfolio: str, moment: Moment) -> bool:
    """Whether somebody had been in it by then: who has left is worth 0, who never came is unknown."""
    members = await read_memberships(api.warehouse, tenant, portfolio, known_at=moment.known_at)
    return any(interval.start <= moment.at for member in members for interval in member.during)
