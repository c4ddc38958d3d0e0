"""A series worked out from statements: at any instant, as known at any time, marked to market on request."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from holdfast.domain.grids import Bucket
from holdfast.domain.line_values import ValueOf, carried_value, marking, to_state
from holdfast.domain.money import plain
from holdfast.domain.refusals import Refusals, Waits, assets_waited_for, told_apart
from holdfast.domain.series import Point, SourceHistory, State, series
from holdfast.domain.time import floor_to
from holdfast.history.memberships import SourceMembership, read_memberships
from holdfast.history.prices import read_price_book
from holdfast.history.refusals import read_refusals
from holdfast.history.snapshots import Span, StoredSnapshot, read_snapshots
from services.api.native.quality import Known, to_shares
from services.api.native.series.series_range import HOUR
from services.api.native.series.statement_sums import Head, read_heads, read_states
from services.api.native.series.together import Hidden, StateOf, Together
from services.api.native.series.worth import Worth
from services.api.native.totals.valued import patience
from services.api.resources import Resources

_RESOLUTION = timedelta(milliseconds=1)


class Past(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    tenant: str
    portfolio: str
    grid: Sequence[Bucket]
    now: datetime
    excluded: Hidden = frozenset()
    """Assets that the tenant's rules leave out."""
    marked: bool = False
    known_at: datetime | None = None

    @property
    def asked(self) -> list[Bucket]:
        """A bucket that is not over is worth what it is worth now: the latest value, of the current hour's end.

        Prices that move, and what was known at a time, are of the very instant.
        """
        exact = self.marked or self.known_at is not None
        end = self.now + _RESOLUTION if exact else floor_to(self.now, HOUR) + HOUR
        return [bucket if bucket.end <= self.now else bucket._replace(end=end) for bucket in self.grid]


async def read_past(api: Resources, past: Past) -> list[Worth]:
    """One for each bucket."""
    members = await read_memberships(api.warehouse, past.tenant, past.portfolio, known_at=past.known_at)
    if past.marked or past.known_at is not None:
        histories = await _read_with_lines(api, past, members)
    else:
        histories = await _read_sums(api, past, members)
    points = list(series(past.asked, histories))
    states = {id(state): state for point in points for state in point.states}
    refusals = await read_refused(api, past, (state.waits for state in states.values()))
    return [_to_worth(bucket, point, refusals, past.now) for bucket, point in zip(past.grid, points, strict=True)]


async def read_refused(api: Resources, past: Past, waits: Iterable[Waits]) -> Refusals:
    """Of what lines wait for: mostly nothing, and then nothing is asked."""
    awaited = {asset for of_some in waits for asset in assets_waited_for(of_some)}
    first, last = (min(past.grid[place].valued_at, past.now) for place in (0, -1))
    return await read_refusals(api.warehouse, awaited, since=first, until=last, known_at=past.known_at)


async def _read_sums(api: Resources, past: Past, members: Sequence[SourceMembership]) -> Mapping[str, SourceHistory]:
    """As valued in the store: the engine sums the lines of what stands at the buckets' ends."""
    instants = [bucket.valued_at for bucket in past.asked]
    heads = await read_heads(api, [member.source for member in members], since=instants[0], until=instants[-1])
    together = Together(members, heads, patience(api.registry, past.tenant), now=past.now)
    standing = {one for instant in instants for one in together.standing(instant)}
    states = await read_states(api, standing, excluded=past.excluded)

    def state_of(head: Head, hidden: Hidden, _: datetime) -> State:
        return states[head, hidden]

    return together.histories(state_of)


async def _read_with_lines(
    api: Resources, past: Past, members: Sequence[SourceMembership]
) -> Mapping[str, SourceHistory]:
    """Line by line: as known at a time, or with prices that move."""
    asked = past.asked
    span = Span(asked[0].valued_at, asked[-1].valued_at, past.known_at, api.ranking)
    snapshots = await read_snapshots(api.warehouse, [member.source for member in members], span)
    together = Together(members, snapshots, patience(api.registry, past.tenant), now=past.now)
    if not past.marked:
        return together.histories(_carried(past.excluded))
    value_of = await _read_marks(api, snapshots, span)
    return together.histories(
        lambda snapshot, hidden, at: to_state(snapshot.at, snapshot.lines, (hidden, past.excluded), at, value_of)
    )


def _carried(excluded: Hidden) -> StateOf[StoredSnapshot]:
    """Summed once for each statement."""
    known: dict[tuple[str, datetime, str, Hidden], State] = {}

    def state_of(snapshot: StoredSnapshot, hidden: Hidden, at: datetime) -> State:
        key = snapshot.source, snapshot.at, snapshot.snapshot_id, hidden
        if key not in known:
            known[key] = to_state(snapshot.at, snapshot.lines, (hidden, excluded), at, carried_value)
        return known[key]

    return state_of


async def _read_marks(api: Resources, snapshots: Mapping[str, Sequence[StoredSnapshot]], span: Span) -> ValueOf:
    chains = snapshots.values()
    held = {line.asset for chain in chains for one in chain for _, line in one.lines if line.asset is not None}
    prices = await read_price_book(
        api.warehouse, held, since=span.since, until=span.until, known_at=span.known_at, ranking=span.ranking
    )
    return marking(prices)


def _to_worth(bucket: Bucket, point: Point, refusals: Refusals, now: datetime) -> Worth:
    states = point.states
    reasons, waits = _summed(state.reasons for state in states), _summed(state.waits for state in states)
    known = Known(
        available=point.assets is not None,
        lines=sum(state.lines for state in states),
        lines_unpriced=point.unpriced,
        lines_stale=sum(state.stale for state in states),
        lines_excluded=sum(state.excluded for state in states),
        lines_truncated=None,
        sources=point.sources,
        sources_missing=point.sources_missing,
        sources_stale=sum(state.overdue for state in states),
        shares=to_shares(
            (state.gross for state in states if state.observed_at >= bucket.start),
            (state.gross for state in states),
        ),
        oldest_input=point.oldest,
        newest_input=point.newest,
        reasons=told_apart(reasons, waits, refusals, min(bucket.valued_at, now)),
    )
    return Worth(
        bucket=bucket,
        assets=None if point.assets is None else plain(point.assets),
        debt=None if point.debt is None else plain(point.debt),
        fill=point.fill,
        complete=point.complete,
        known=known,
    )


def _summed(lines: Iterable[Mapping[str, int]]) -> Counter[str]:
    return sum((Counter(of) for of in lines), Counter())
