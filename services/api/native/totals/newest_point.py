"""The newest stored hour of a portfolio, found without reading its history at every question."""

from datetime import UTC, datetime

from msgspec import Struct

from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Point(Struct, frozen=True, kw_only=True):
    bucket: Time
    assets: Money
    debt: Money
    lines: int
    lines_unpriced: int
    lines_excluded: int
    lines_truncated: int
    sources: int
    sources_missing: int
    reasons: dict[str, int]
    waits: dict[str, int]
    as_of: Time
    oldest_input: Time


async def read_newest_point(api: Resources, tenant: str, portfolio: str) -> Point | None:
    """It is not before the one that this process found last: of years of hours the engine reads a few. Where there is
    none from then on, as after points were taken out, all are asked."""
    whose = {"tenant": tenant, "portfolio": portfolio}
    found_last = api.newest_points.get((tenant, portfolio), _BEGINNING)
    for since in dict.fromkeys((found_last, _BEGINNING)):
        points = await read(api.warehouse, load_sql(__file__, "newest_point"), whose | {"since": since}, Point)
        if points:
            api.newest_points[tenant, portfolio] = points[0].bucket
            return points[0]
    return None
