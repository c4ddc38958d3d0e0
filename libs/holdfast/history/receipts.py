"""Receipt tokens: a wallet line of a token does not count while another source of the account stands for it.

The line leaves when the other source lists the position and comes back when it no longer does, at that source's own
instants: both are flows of its whole value, as when an account leaves a portfolio and joins it again.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

from holdfast.domain.ledger.membership import ALWAYS, Interval, union
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import StoredLine, StoredSnapshot, standing

RECEIPTS = "#receipts"
"""Ends the source of a line of receipts in the ledger where the source holds the same asset otherwise too."""

Times = tuple[Interval, ...]


def hidden_times(
    member: SourceMembership, members: Iterable[SourceMembership], chains: Mapping[str, Sequence[StoredSnapshot]]
) -> dict[str, Times]:
    """When which tokens of this source's wallet lines are stood for by the other sources of its account."""
    found: dict[str, list[Interval]] = {}
    for other in members:
        if other.account == member.account and other.source != member.source:
            for asset, times in _covered(chains.get(other.source, ())).items():
                found.setdefault(asset, []).extend(intersection(times, other.during))
    return {asset: times for asset, of in sorted(found.items()) if (times := union(of))}


def told_apart(
    member: SourceMembership, members: Iterable[SourceMembership], chain: Iterable[StoredSnapshot]
) -> set[str]:
    """Assets that the source has in its wallet and otherwise, where another source may ever stand for the former.

    They are two lines from the beginning on: were they one until the first time, what flowed before would depend on
    whether a window reaches so far.
    """
    if not any(other.account == member.account and other.source != member.source for other in members):
        return set()
    found: tuple[set[str], set[str]] = set(), set()
    for one in chain:
        for kind, line in one.lines:
            if line.asset:
                found[kind == "wallet"].add(line.asset)
    return found[0] & found[1]


def hidden_at(hidden: Mapping[str, Times], at: datetime) -> frozenset[str]:
    """Which of the tokens are stood for at an instant."""
    return frozenset(asset for asset, times in hidden.items() if any(start <= at < end for start, end in times))


def intersection(a: Sequence[Interval], b: Sequence[Interval]) -> Times:
    both = (Interval(max(one.start, two.start), min(one.end, two.end)) for one in a for two in b)
    return union([one for one in both if one.start < one.end])


def without(during: Sequence[Interval], hidden: Sequence[Interval]) -> Times:
    """What of `during` is left. `hidden` is in order and apart."""
    edges = [ALWAYS.start, *(edge for one in hidden for edge in one), ALWAYS.end]
    return intersection(during, [Interval(*gap) for gap in zip(edges[::2], edges[1::2], strict=True)])


def is_receipt(stored: StoredLine, assets: Container[str | None]) -> bool:
    return stored.kind == "wallet" and stored.line.asset in assets


def _covered(chain: Sequence[StoredSnapshot]) -> dict[str, Times]:
    times: dict[str, list[Interval]] = {}
    for one, end in standing(chain):
        for asset in one.covers:
            times.setdefault(asset, []).append(Interval(one.at, end))
    return {asset: union(of) for asset, of in times.items()}
