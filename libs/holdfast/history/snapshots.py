"""Current snapshots with their lines, as they are stored or as they were known at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.ledger.statements import Line
from holdfast.domain.refusals import MAY_BE_REFUSED
from holdfast.domain.valuation import SEARCHED_AGE, FeedPrice, Stated, worth_with
from holdfast.history.reading import FAR, MOST_INSTANTS, MOST_SNAPSHOTS, portions, read_rows
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import stored_time

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_AGE_S = int(SEARCHED_AGE / timedelta(seconds=1))

Key = tuple[str, datetime, str]
"""(source, observed_at, snapshot_id)."""


class StoredLine(NamedTuple):
    """A line and how it is held: `kind` decides whether it may be a receipt."""

    kind: str
    line: Line


class StoredSnapshot(Struct, frozen=True, kw_only=True):
    """A current snapshot. Its lines say nothing yet of receipt tokens (see receipts.py)."""

    source: str
    account: str
    at: datetime
    """`observed_at`."""
    fetched_at: datetime
    """Of the newest copy known."""
    snapshot_id: str
    covers: tuple[str, ...]
    lines: tuple[StoredLine, ...]


class Span(NamedTuple):
    """What is asked for: what each source stated from its last word at or before `since`, up to `until`."""

    since: datetime | None = None
    until: datetime | None = None
    known_at: datetime | None = None
    ranking: Sequence[str] = ()


class Changes(NamedTuple):
    """At which instants something may have changed: all at which something has, and maybe a few more."""

    of: Mapping[str, Sequence[datetime]]
    """By source, when its statement was not about the same holdings as the one before, or covered other receipts."""
    covers: Set[datetime]
    """When any of them covered other receipts: others of its account lose them then, or have them back."""


class _Change(Struct, frozen=True, array_like=True):
    source: str
    at: datetime
    covers: bool = False


class _Snapshot(Struct, frozen=True, array_like=True):
    source: str
    at: datetime
    snapshot_id: str
    fetched_at: datetime
    account: str
    covers: tuple[str, ...]

    @property
    def key(self) -> Key:
        return self.source, self.at, self.snapshot_id


class _Line(Struct, frozen=True, array_like=True, gc=False):
    asset: str | None
    side: Side
    kind: str
    amount: Decimal | None
    price_usd: Decimal | None
    value_usd: Decimal | None
    reason: str
    since: datetime | None
    """When the price of the asset itself was quoted that it is valued by."""
    waits_for: str
    """The asset whose price it lacks; empty: none."""


class _KnownLine(_Line, frozen=True, array_like=True, gc=False):
    """With what it was stated with, and the feed's price as known."""

    currency: str
    stated_price: Decimal | None
    stated_value: Decimal | None
    priced_by: str
    feed_price: Decimal | None
    feed_source: str | None
    feed_at: datetime | None


class _Lines(Struct, frozen=True, array_like=True):
    source: str
    at: datetime
    snapshot_id: str
    lines: list[_Line]


class _KnownLines(Struct, frozen=True, array_like=True):
    source: str
    at: datetime
    snapshot_id: str
    lines: list[_KnownLine]


def standing(chain: Sequence[StoredSnapshot]) -> Iterator[tuple[StoredSnapshot, datetime]]:
    """Each with the instant up to which it stands: that of the next one."""
    return zip(chain, [*(one.at for one in chain[1:]), ALWAYS.end], strict=False)


async def read_snapshots(
    warehouse: Warehouse, sources: Sequence[str], span: Span | None = None
) -> dict[str, list[StoredSnapshot]]:
    """By source, in order of time; a source that never stated anything has an empty list. Raises WarehouseError.

    A snapshot is only there once all of its lines are: they are stored before it, and looked for after it.
    """
    span = span or Span()
    found: dict[str, list[_Snapshot]] = {source: [] for source in sources}
    for snapshot in reversed(await _read_chain(warehouse, sources, span)):
        found[snapshot.source].append(snapshot)
    lines = await _read_lines(warehouse, found, span)
    return {source: [_to_stored(one, lines[one.key]) for one in chain] for source, chain in found.items()}


async def read_changes(warehouse: Warehouse, sources: Sequence[str], *, until: datetime | None = None) -> Changes:
    """Of all that these sources stated up to an instant. Raises WarehouseError."""
    changes: dict[str, list[datetime]] = {source: [] for source in sources}
    if not sources:
        return Changes(changes, frozenset())
    asked = {"sources": list(sources), "until": until or FAR}
    found = await read_rows(warehouse, "read_changes", asked, _Change)
    for change in found:
        changes[change.source].append(change.at)
    return Changes(changes, {change.at for change in found if change.covers})


async def read_next(
    warehouse: Warehouse, sources: Sequence[str], *, after: datetime, known_at: datetime | None = None
) -> dict[str, datetime]:
    """By source, when it stated something next; those that have not yet are left out. Raises WarehouseError."""
    if not sources:
        return {}
    asked = {"sources": list(sources), "after": after, "known_at": known_at or FAR}
    return {row.source: row.at for row in await read_rows(warehouse, "read_next_statements", asked, _Change)}


async def read_standing(
    warehouse: Warehouse,
    own: Mapping[str, Collection[datetime]],
    instants: Collection[datetime],
    *,
    moved: Mapping[str, Collection[datetime]],
    until: datetime,
) -> dict[str, list[StoredSnapshot]]:
    """By source, its last snapshot at or before each of its own instants and of those of all.

    Of the instants at which something `moved` in it also the one before, and the first behind. Raises WarehouseError.
    """
    sides = {source: {near for at in of for near in (at - _MS, at)} for source, of in moved.items()}
    wanted = {source: {*of, *sides.get(source, ())} for source, of in own.items()}
    found: dict[str, dict[datetime, _Snapshot]] = {source: {} for source in own}
    for one in await _read_near(warehouse, "read_standing", wanted, instants, until):
        found[one.source][one.at] = one
    for one in await _read_near(warehouse, "read_following", moved, (), until):
        found[one.source][one.at] = one
    chains = {source: [of[at] for at in sorted(of)] for source, of in found.items()}
    lines = await _read_lines_of(warehouse, [one for chain in chains.values() for one in chain])
    return {source: [_to_stored(one, lines[one.key]) for one in chain] for source, chain in chains.items()}


async def _read_near(
    warehouse: Warehouse,
    name: str,
    own: Mapping[str, Collection[datetime]],
    instants: Collection[datetime],
    until: datetime,
) -> list[_Snapshot]:
    """So many instants at a time as one parameter takes."""
    found: list[_Snapshot] = []
    of_one = [(source, at) for source, of in own.items() for at in sorted(of)]
    of_all = portions(sorted(instants), MOST_INSTANTS)
    for some, shared in zip_longest(portions(of_one, MOST_INSTANTS), of_all, fillvalue=()):
        times: dict[str, list[str]] = {source: [] for source in own}
        for source, at in some:
            times[source].append(stored_time(at))
        asked = {"sources": list(times), "own": list(times.values()), "until": until}
        found += await read_rows(warehouse, name, asked | ({"instants": list(shared)} if instants else {}), _Snapshot)
    return found


async def _read_lines_of(warehouse: Warehouse, snapshots: Sequence[_Snapshot]) -> dict[Key, tuple[StoredLine, ...]]:
    lines: dict[Key, tuple[StoredLine, ...]] = defaultdict(tuple)
    keys = [(one.source, stored_time(one.at), one.snapshot_id) for one in snapshots]
    for some in portions(keys, MOST_SNAPSHOTS):
        for one in await read_rows(warehouse, "read_lines_of", {"snapshots": list(some)}, _Lines):
            lines[one.source, one.at, one.snapshot_id] = tuple(_to_line(line) for line in one.lines)
    return lines


async def _read_chain(warehouse: Warehouse, sources: Sequence[str], span: Span) -> list[_Snapshot]:
    """Those of a source newest first."""
    if not sources:
        return []
    asked: dict[str, Any] = {"sources": list(sources), "since": span.since or _FIRST, "until": span.until or FAR}
    if span.known_at is None:
        return await read_rows(warehouse, "read_snapshots", asked, _Snapshot)
    return await read_rows(warehouse, "read_known_snapshots", asked | {"known_at": span.known_at}, _Snapshot)


async def _read_lines(
    warehouse: Warehouse, found: Mapping[str, list[_Snapshot]], span: Span
) -> dict[Key, tuple[StoredLine, ...]]:
    lines: dict[Key, tuple[StoredLine, ...]] = defaultdict(tuple)
    starts = {source: chain[0].at for source, chain in found.items() if chain}
    if not starts:
        return lines
    asked: dict[str, Any] = {
        "sources": list(starts),
        "since": list(starts.values()),
        "first": min(starts.values()),
        "until": span.until or FAR,
    }
    if span.known_at is None:
        for one in await read_rows(warehouse, "read_lines", asked, _Lines):
            lines[one.source, one.at, one.snapshot_id] = tuple(_to_line(line) for line in one.lines)
        return lines
    asked |= {"known_at": span.known_at, "age_s": _AGE_S, "ranking": list(span.ranking)}
    for known in await read_rows(warehouse, "read_known_lines", asked, _KnownLines):
        lines[known.source, known.at, known.snapshot_id] = tuple(
            _to_known_line(line, observed_at=known.at) for line in known.lines
        )
    return lines


def _to_stored(one: _Snapshot, lines: tuple[StoredLine, ...]) -> StoredSnapshot:
    return StoredSnapshot(
        source=one.source,
        account=one.account,
        at=one.at,
        fetched_at=one.fetched_at,
        snapshot_id=one.snapshot_id,
        covers=one.covers,
        lines=lines,
    )


def _to_line(line: _Line) -> StoredLine:
    priced = line.price_usd, line.value_usd, line.reason, line.since, line.waits_for
    return StoredLine(line.kind, Line(line.asset, line.side, line.amount, *priced))


def _to_known_line(line: _KnownLine, *, observed_at: datetime) -> StoredLine:
    """A value stated in dollars is as old as the snapshot; any other is worked out from the price known then."""
    if not line.priced_by:
        return _to_line(line)
    if line.feed_price is None or line.feed_at is None or observed_at - line.feed_at >= SEARCHED_AGE:
        unpriced = Line(line.asset, line.side, line.amount, reason="no_price", waits_for=line.priced_by)
        return StoredLine(line.kind, unpriced)
    stated = Stated(
        asset=line.asset,
        amount=line.amount,
        currency=line.currency,
        price=line.stated_price,
        value=line.stated_value,
    )
    price = FeedPrice(price=line.feed_price, source=line.feed_source or "", at=line.feed_at, version=0)
    worth = worth_with(stated, price, observed_at=observed_at)
    since = worth.price_at if line.priced_by == line.asset else None
    waits_for = line.priced_by if worth.reason in MAY_BE_REFUSED else ""
    priced = worth.price_usd, worth.value_usd, worth.reason, since, waits_for
    return StoredLine(line.kind, Line(line.asset, line.side, line.amount, *priced))
