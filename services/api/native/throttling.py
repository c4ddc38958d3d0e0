"""Which prices are refused at this moment for asking too often: a line without one waits, it is not without."""

from collections.abc import Collection

from msgspec import Struct

from services.api.queries import load_sql, read
from services.api.resources import Resources

MAY_BE_THROTTLED = frozenset({"no_price", "stale"})
"""Reasons of lines whose price may only be late."""
_ALL = "*"


class _Refused(Struct, frozen=True, kw_only=True):
    provider: str


class _Throttled(Struct, frozen=True, kw_only=True):
    asset: str


async def any_throttled(api: Resources) -> bool:
    """Whether the newest answer to any price feed was that it asks too often: rarely so, and quickly asked."""
    return bool(await read(api.warehouse, load_sql(__file__, "refused_feeds"), {}, _Refused))


async def read_throttled(api: Resources, assets: Collection[str]) -> frozenset[str]:
    """Of these assets, those whose price is; it may name them all, for `is_throttled`. Of none, nothing is asked."""
    if not assets or not await any_throttled(api):
        return frozenset()
    asked = {"assets": sorted({_ALL, *assets})}
    rows = await read(api.warehouse, load_sql(__file__, "throttled_now"), asked, _Throttled)
    return frozenset(row.asset for row in rows)


def is_throttled(asset: str, throttled: Collection[str]) -> bool:
    return asset in throttled or _ALL in throttled
