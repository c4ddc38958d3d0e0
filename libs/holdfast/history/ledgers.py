"""The ledgers of a portfolio's sources, read so that the work grows with what changed, not with what is stored."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.ledger.entries import Entry, Transfer, ledger
from holdfast.domain.ledger.membership import ALWAYS, Interval, belonging
from holdfast.domain.ledger.statements import NOTHING_STATED, Coverage, to_coverage, unmeasured_assets
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import Window
from holdfast.history.left_out import lines_left_out
from holdfast.history.memberships import SourceMembership, sources_of
from holdfast.history.prices import read_price_book
from holdfast.history.receipts import RECEIPTS, Times, hidden_at, hidden_times, is_receipt, told_apart, without
from holdfast.history.snapshots import (
    Changes,
    Span,
    StoredSnapshot,
    read_changes,
    read_next,
    read_snapshots,
    read_standing,
    standing,
)
from holdfast.history.statements import to_statement
from holdfast.history.thinning import changes_of, instants_of_interest, instants_of_looking, thinned
from holdfast.history.transfers import Logged, read_feeds, read_stretches, read_transfers
from holdfast.warehouse.client import Warehouse


class SourceLedger(Struct, frozen=True, kw_only=True):
    """One source as its portfolio sees it, in USD and in order of time."""

    source: str
    account: str
    entries: tuple[Entry, ...]
    coverage: Coverage
    """Of the last of its statements of the window with lines without amounts; if none has any, of the last."""
    unmeasured: frozenset[str]
    """Assets that a statement of the window names without saying how much there is."""
    stated: datetime | None
    """When it last said something that its portfolio sees, up to the end of the window; None: never."""


class Ledgers(Struct, frozen=True, kw_only=True):
    """What `returns.book.build_book` is made of."""

    window: Window
    sources: tuple[SourceLedger, ...]
    """That have said something which their portfolio sees, and those that belong to it at the end and have not yet: a
    total misses these. Who joins later, or has left without a word, moved nothing and is not waited for."""
    prices: PriceBook
    """At the instants that the windows read need, and no others."""
    left_out: Mapping[str, int] = {}
    """Lines that are listed at the end of the window and have no part in it, by why: receipts, and by the rules."""


class _Around(NamedTuple):
    """Where statements are needed for the sake of exact transfers."""

    own: Mapping[str, Set[datetime]]
    """By source, on both sides: of its transfers, and of its first statement behind the window."""
    all: Set[datetime]
    """The last of every source: at a flow of a window everything is marked to market, with the prices stated."""


async def read_ledgers(
    warehouse: Warehouse,
    members: Sequence[SourceMembership],
    window: Window,
    *,
    excluded: frozenset[str] = frozenset(),
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> Ledgers:
    """Of sources that are measured together, from their very beginning to the end of the window.

    A source with a feed of transfers is read one statement further: only that tells what its transfers up to the end
    stand in for. So what windows that follow each other say adds up.

    `excluded`: assets that count nowhere. Raises WarehouseError; OutOfRangeError for values beyond Decimal(76, 36).
    """
    (found,) = await read_windows(
        warehouse, members, window.end, [window.start], excluded=excluded, known_at=known_at, ranking=ranking
    )
    return found


async def read_windows(
    warehouse: Warehouse,
    members: Sequence[SourceMembership],
    end: datetime,
    starts: Sequence[datetime | None],
    *,
    excluded: frozenset[str] = frozenset(),
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> list[Ledgers]:
    """The same of several windows that end together, read at once: what one of them needs changes no other."""
    windows = [Window(start, end) for start in starts]
    stretches = await read_stretches(warehouse, sources_of(members), known_at=known_at)
    reach = await read_next(warehouse, list(stretches), after=end, known_at=known_at)
    until = max(reach.values(), default=end)
    logged = await read_transfers(warehouse, stretches, until=until, known_at=known_at)
    span = Span(until=until, known_at=known_at, ranking=ranking)
    around = _around(logged, reach, windows)
    read = await _read(warehouse, members, windows, span, around)
    chains = {source: _kept(_until(chain, reach.get(source, end)), excluded) for source, chain in read.items()}
    changes = changes_of(chains)
    chains = thinned(chains, changes, sorted(_instants(changes, members, windows, around)), around.own)
    feeds = await read_feeds(warehouse, logged, chains, excluded=excluded)
    looking = {at for window in windows for at in instants_of_looking(chains, members, window)}
    prices = await _read_prices(warehouse, chains, feeds, looking, span)
    left_out = lines_left_out(members, read, end, excluded=excluded)
    return [
        Ledgers(
            window=window,
            sources=_to_source_ledgers(members, chains, prices, window, feeds),
            prices=prices,
            left_out=left_out,
        )
        for window in windows
    ]


def _to_source_ledgers(
    members: Sequence[SourceMembership],
    chains: Mapping[str, Sequence[StoredSnapshot]],
    prices: PriceBook,
    window: Window,
    feeds: Mapping[str, Sequence[Transfer]],
) -> tuple[SourceLedger, ...]:
    ledgers = [
        to_source_ledger(member, members, chains, prices, window, feed=feeds.get(member.source, ()))
        for member in members
    ]
    pairs = zip(ledgers, members, strict=True)
    return tuple(one for one, member in pairs if one.stated or member.belongs_at(window.end))


def _instants(
    changes: Changes, members: Sequence[SourceMembership], windows: Iterable[Window], around: _Around
) -> set[datetime]:
    return {at for window in windows for at in instants_of_interest(changes, members, window)} | around.all


async def _read_prices(
    warehouse: Warehouse,
    chains: Mapping[str, Sequence[StoredSnapshot]],
    feeds: Mapping[str, Sequence[Transfer]],
    instants: Set[datetime],
    span: Span,
) -> PriceBook:
    """Of what is held at a statement, and of what only came and went between two."""
    lines = [line for chain in chains.values() for one in chain for _, line in one.lines]
    held = {line.asset for line in lines if line.asset} | {line.waits_for for line in lines if line.waits_for}
    moved = [transfer for feed in feeds.values() for transfer in feed]
    return await read_price_book(
        warehouse,
        held | {transfer.asset for transfer in moved},
        instants=sorted(instants | {transfer.at for transfer in moved}),
        known_at=span.known_at,
        ranking=span.ranking,
    )


async def _read(
    warehouse: Warehouse, members: Sequence[SourceMembership], windows: Sequence[Window], span: Span, around: _Around
) -> dict[str, list[StoredSnapshot]]:
    """All that is needed, and maybe more. What was known once is read whole: digests are of what is known now."""
    sources = sources_of(members)
    if span.known_at is not None:
        return await read_snapshots(warehouse, sources, span)
    until = span.until or windows[0].end
    changes = await read_changes(warehouse, sources, until=until)
    instants = _instants(changes, members, windows, around)
    return await read_standing(warehouse, changes.of, instants, moved=around.own, until=until)


def _around(logged: Logged, reach: Mapping[str, datetime], windows: Sequence[Window]) -> _Around:
    opens, end = min(window.start or ALWAYS.start for window in windows), windows[0].end
    own = {source: {transfer.at for transfer in of} for source, of in logged.transfers.items()}
    within = {at for of in own.values() for at in of if opens < at <= end}
    for source, at in reach.items():
        own.setdefault(source, set()).add(at)
    return _Around(own, within)


def to_source_ledger(
    member: SourceMembership,
    members: Sequence[SourceMembership],
    chains: Mapping[str, Sequence[StoredSnapshot]],
    prices: PriceBook,
    window: Window,
    *,
    feed: Sequence[Transfer] = (),
) -> SourceLedger:
    """`feed`: transfers that stand in for differences (history.transfers)."""
    chain = chains[member.source]
    within = _until(chain, window.end)
    hidden = hidden_times(member, members, chains)
    apart = {*hidden, *told_apart(member, members, chain)}
    shown = [transfer for transfer in feed if transfer.asset not in apart]
    always = ledger([to_statement(_only(one, apart, receipts=False)) for one in chain], prices, shown)
    entries = belonging(always, member.during, prices)
    stated_elsewhere = {entry.asset for entry in always}
    for times, assets in _by_times(sorted(apart), hidden).items():
        moved = [transfer for transfer in feed if transfer.asset in assets]
        receipts = ledger([to_statement(_only(one, assets, receipts=True)) for one in chain], prices, moved)
        own = belonging(receipts, without(member.during, times), prices)
        # A line of its own where the same asset is held otherwise too: each keeps its amount and its worth.
        entries += [replace(e, source=f"{e.source}{RECEIPTS}") if e.asset in stated_elsewhere else e for e in own]
    coverage, unmeasured = _coverage(member, within, hidden, window)
    return SourceLedger(
        source=member.source,
        account=member.account,
        entries=tuple(sorted((one for one in entries if one.at <= window.end), key=attrgetter("at"))),
        coverage=coverage,
        unmeasured=unmeasured,
        stated=_last_word(member, within, window),
    )


def _by_times(assets: Iterable[str], hidden: Mapping[str, Times]) -> Mapping[Times, Set[str]]:
    """Those that leave and come back together, or never do."""
    found: dict[Times, set[str]] = {}
    for asset in assets:
        found.setdefault(hidden.get(asset, ()), set()).add(asset)
    return found


def _kept(chain: Iterable[StoredSnapshot], excluded: frozenset[str]) -> list[StoredSnapshot]:
    if not excluded:
        return list(chain)
    return [replace(one, lines=tuple(s for s in one.lines if s.line.asset not in excluded)) for one in chain]


def _until(chain: Sequence[StoredSnapshot], end: datetime) -> Sequence[StoredSnapshot]:
    return chain[: bisect_right(chain, end, key=attrgetter("at"))]


def _only(one: StoredSnapshot, assets: Collection[str | None], *, receipts: bool) -> StoredSnapshot:
    if not receipts and not assets:
        return one
    return replace(one, lines=tuple(stored for stored in one.lines if is_receipt(stored, assets) == receipts))


def _last_word(member: SourceMembership, chain: Sequence[StoredSnapshot], window: Window) -> datetime | None:
    """Its age is that of the statement, also where the account joined later; what it said after it left is not seen."""
    leaves = max((end for start, end in member.during if start <= window.end), default=ALWAYS.start)
    return max((one.at for one in chain if one.at < leaves), default=None)


def _coverage(
    member: SourceMembership, chain: Sequence[StoredSnapshot], hidden: Mapping[str, Times], window: Window
) -> tuple[Coverage, frozenset[str]]:
    """A statement stands until the next one, without the receipts that are stood for meanwhile: as in a total."""
    found, unmeasured = NOTHING_STATED, set[str]()
    for one, end in standing(chain):
        listed = {asset: times for asset, times in hidden.items() if any(is_receipt(s, (asset,)) for s in one.lines)}
        edges = {edge for times in listed.values() for during in times for edge in during}
        for at in _looks(member, Interval(one.at, end), edges, window):
            statement = to_statement(_only(one, hidden_at(listed, at), receipts=False))
            this = to_coverage(statement)
            if this.lines_without_amount:
                unmeasured |= unmeasured_assets(statement)
            if this.lines_without_amount or not found.lines_without_amount:
                found = this
    return found, frozenset(unmeasured)


def _looks(member: SourceMembership, stands: Interval, edges: Set[datetime], window: Window) -> list[datetime]:
    """When its portfolio begins to see a statement in the window, and when to see another part of it."""
    opens = max(stands.start, window.start or ALWAYS.start)
    seen = [Interval(max(opens, start), min(stands.end, end)) for start, end in member.during]
    looks = {at for start, end in seen for at in (start, *edges) if start <= at < end and at <= window.end}
    return sorted(looks)
