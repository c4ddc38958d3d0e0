"""Which statements the ledger needs: those that change something, and what stood where somebody looks.

A statement that lists the amounts of the one before it moves no money. Left out, the flows are the same; and so are the
values, as long as what each source said last before every instant of interest is kept. Exact transfers stand in only
between neighbours whose blocks are known, so the statements on both sides of each are kept too: a pair that reached
further than the one it stands for might leave what is known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.ledger.statements import LEFT_OUT, has_amount
from holdfast.domain.returns.answers import Window
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import Changes, StoredSnapshot

_MS = timedelta(milliseconds=1)

NONE_MOVED: Mapping[str, Collection[datetime]] = {}


def instants_of_interest(changes: Changes, members: Iterable[SourceMembership], window: Window) -> list[datetime]:
    """Both ends, every change of the window, and, also before it, where lines join or leave with their account or as
    receipts: a lot costs what the last word of then says. Each also just before."""
    opens = window.start or ALWAYS.start
    wanted = {at for of in changes.of.values() for at in of if at > opens} | changes.covers | _edges(members, window)
    return sorted({near for at in wanted for near in (at - _MS, at)})


def instants_of_looking(
    chains: Mapping[str, Sequence[StoredSnapshot]], members: Iterable[SourceMembership], window: Window
) -> list[datetime]:
    """When prices are looked up: at every statement that is kept, both ends, and where membership begins or ends."""
    return sorted({one.at for chain in chains.values() for one in chain} | _edges(members, window))


def _edges(members: Iterable[SourceMembership], window: Window) -> set[datetime]:
    edges = {edge for member in members for during in member.during for edge in during if edge not in ALWAYS}
    ends = {window.end} if window.start is None else {window.start, window.end}
    return {edge for edge in edges if edge <= window.end} | ends


def changes_of(chains: Mapping[str, Sequence[StoredSnapshot]]) -> Changes:
    """Exactly: by amounts, whatever they look like in writing."""
    covers = {at for chain in chains.values() for at in _changes_of_covers(chain)}
    return Changes({source: list(_changes(chain)) for source, chain in chains.items()}, covers)


def thinned(
    chains: Mapping[str, Sequence[StoredSnapshot]],
    changes: Changes,
    instants: Sequence[datetime],
    moved: Mapping[str, Collection[datetime]] = NONE_MOVED,
) -> dict[str, list[StoredSnapshot]]:
    """What changes something, what is the last word at any of the instants, and both neighbours of what `moved`."""
    return {
        source: _thinned(chain, (*changes.of[source], *instants), moved.get(source, ()))
        for source, chain in chains.items()
    }


def _thinned(
    chain: Sequence[StoredSnapshot], instants: Iterable[datetime], moved: Iterable[datetime]
) -> list[StoredSnapshot]:
    """A block that moved something may share the second of a statement's, before it or behind: both sides count."""
    times = [one.at for one in chain]
    kept = {bisect_right(times, at) - 1 for at in instants}
    for at in moved:
        behind = bisect_right(times, at)
        kept |= {bisect_left(times, at) - 1, behind - 1, behind}
    return [chain[place] for place in sorted(kept) if 0 <= place < len(chain)]


def _changes(chain: Sequence[StoredSnapshot]) -> Iterable[datetime]:
    held: object = ({}, [], ())
    for one in chain:
        now = (*_held(one), one.covers)
        if now != held:
            yield one.at
        held = now


def _changes_of_covers(chain: Sequence[StoredSnapshot]) -> Iterable[datetime]:
    covered: frozenset[str] = frozenset()
    for one in chain:
        before, covered = covered, frozenset(one.covers)
        if covered != before:
            yield one.at


@exactly
def _held(one: StoredSnapshot) -> tuple[dict[tuple[str, str, bool], Decimal], list[tuple[str, str, bool]]]:
    """Amounts by asset, side and whether they may be receipts; and which lines have none."""
    held: dict[tuple[str, str, bool], Decimal] = {}
    unknown: list[tuple[str, str, bool]] = []
    for kind, line in one.lines:
        if line.reason in LEFT_OUT:
            continue
        if not has_amount(line):
            unknown.append((line.asset or "", line.side, kind == "wallet"))
        elif line.asset and line.amount:
            key = line.asset, line.side, kind == "wallet"
            held[key] = held.get(key, ZERO) + line.amount
    return held, sorted(unknown)
