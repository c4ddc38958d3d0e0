"""When the feeds of some prices were refused for asking too often."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from holdfast.domain.refusals import ANY_ASSET, Refusals, Spell
from holdfast.history.reading import FAR, read_rows
from holdfast.warehouse.client import Warehouse

_FIRST = datetime(1970, 1, 2, tzinfo=UTC)


class _Row(Struct, frozen=True, array_like=True):
    provider: str
    target: str
    """Assets, with commas between them, or everything."""
    since: datetime
    until: datetime


class _Quoted(Struct, frozen=True, array_like=True):
    feed: str
    asset: str
    """Empty: another."""


async def read_refusals(
    warehouse: Warehouse,
    assets: Iterable[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
) -> Refusals:
    """Good from `since` to `until`, inclusive (all times: None), as the view throttled_prices_as_known has them.

    With `known_at`: as far as it had been recorded by then. Raises WarehouseError.
    """
    wanted = frozenset(assets)
    if not wanted:
        return Refusals()
    asked = {
        "assets": [ANY_ASSET, *sorted(wanted)],
        "since": max(since or _FIRST, _FIRST),
        "until": until or FAR,
        "known_at": known_at or FAR,
    }
    rows = await read_rows(warehouse, "read_refusals", asked, _Row)
    quoted = await _read_quoted(warehouse, rows, wanted, known_at)
    spells: dict[str, list[Spell]] = defaultdict(list)
    for row in rows:
        for asset in _assets_of(row, wanted, quoted):
            spells[asset].append(Spell(row.since, row.until))
    return Refusals(spells)


async def _read_quoted(
    warehouse: Warehouse, rows: Iterable[_Row], wanted: Collection[str], known_at: datetime | None
) -> dict[str, set[str]]:
    """By feed of everything. One that never quoted anything has none."""
    feeds = sorted({row.provider for row in rows if row.target == ANY_ASSET})
    found: dict[str, set[str]] = defaultdict(set)
    if feeds:
        asked = {"feeds": feeds, "assets": sorted(wanted), "known_at": known_at or FAR}
        for one in await read_rows(warehouse, "read_quoted", asked, _Quoted):
            found[one.feed].add(one.asset)
    return found


def _assets_of(row: _Row, wanted: Collection[str], quoted: dict[str, set[str]]) -> Iterator[str]:
    if row.target == ANY_ASSET:
        asked: Sequence[str] = sorted(quoted.get(row.provider, {ANY_ASSET}))
    else:
        asked = [asset.strip() for asset in row.target.split(",")]
    return (asset for asset in asked if asset in wanted or asset == ANY_ASSET)
