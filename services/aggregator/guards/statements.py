"""What whole statements come to: read where they are stored, summed by platform and asset."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

import msgspec
from msgspec import Struct

from holdfast.domain.exact import total
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import stored_time
from services.aggregator import sql
from services.aggregator.placing import Statement, milliseconds, to_json, to_lines


class Part(Struct, frozen=True, array_like=True):
    """One row of sql/sum_statements.sql."""

    source: str
    observed_at: str
    snapshot_id: str
    platform: str
    asset: str
    net: Decimal
    lines_unpriced: int
    seen: str


class Worth:
    """The sums of one statement; one without lines is worth 0."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self.parts = list(parts)

    def on(self, platform: str) -> "Worth":
        """What lies on one platform; on the empty one, all of it."""
        return self if not platform else Worth(part for part in self.parts if part.platform == platform)

    @cached_property
    def net(self) -> Decimal:
        return total(part.net for part in self.parts)

    @cached_property
    def by_asset(self) -> Mapping[str, Decimal]:
        sums: dict[str, list[Decimal]] = defaultdict(list)
        for part in self.parts:
            sums[part.asset].append(part.net)
        return {asset: total(some) for asset, some in sums.items()}

    @property
    def lines_unpriced(self) -> int:
        return sum(part.lines_unpriced for part in self.parts)

    @property
    def seen(self) -> int:
        """Grows with the prices that its lines have seen."""
        return sum(int(part.seen) for part in self.parts)


_STATEMENTS = msgspec.json.Decoder(Statement)
_PARTS = msgspec.json.Decoder(Part)


class Statements:
    """What some sources stated in a span of time, oldest first."""

    def __init__(self, found: Iterable[Statement]) -> None:
        self._of: dict[str, list[Statement]] = defaultdict(list)
        for one in sorted(found):
            self._of[one.source].append(one)

    def of(self, source: str) -> list[Statement]:
        return self._of.get(source, [])

    def in_reach(self, source: str, at: str, reach: timedelta) -> Statement | None:
        """The newest at or before an instant, unless it is further back than `reach`."""
        own = self.of(source)
        place = bisect_right(own, at, key=lambda one: one.observed_at)
        found = own[place - 1] if place else None
        return found if found is not None and found.observed_at >= shifted(at, -reach) else None


async def read_statements(warehouse: Warehouse, sources: Collection[str], *, since: str, until: str) -> Statements:
    """From `since` to `until`, both inclusive."""
    end = shifted(until, timedelta(milliseconds=1))
    asked = {"sources": to_json(sorted(sources)), "earliest": since, "since": since, "until": end}
    body = await warehouse.read_bytes(sql.load("read_statements"), asked, format="JSONCompactEachRow")
    return Statements(_STATEMENTS.decode_lines(body))


async def read_worth(warehouse: Warehouse, statements: Collection[Statement]) -> Mapping[str, Worth]:
    """By snapshot id."""
    if not statements:
        return {}
    keys = sorted({(one.source, one.observed_at, one.snapshot_id) for one in statements})
    asked = {"statements": to_lines(keys)}
    body = await warehouse.read_bytes(sql.load("sum_statements"), asked, format="JSONCompactEachRow")
    parts = defaultdict(list)
    for part in _PARTS.decode_lines(body):
        parts[part.snapshot_id].append(part)
    return {snapshot: Worth(parts[snapshot]) for _, _, snapshot in keys}


def weight(one: Statement | None) -> int:
    """Grows with what was stated, as a point's version does: see migration 0008."""
    if one is None:
        return 0
    return weigh(one.observed_at, one.fetched_at, one.snapshot_id)


def weigh(at: str, fetched_at: str, identity: str) -> int:
    """In the order in which what is said of an instant outdoes what was said of it before; `identity` in hex digits."""
    return (milliseconds(at) << 74) + (milliseconds(fetched_at) << 32) + int(identity[:8], 16)


def shifted(stored: str, by: timedelta) -> str:
    return stored_time(parsed(stored) + by)


def parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
