"""A late or corrected snapshot changes the entries up to it and from it to the next one, and no others."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from holdfast.domain.ledger.entries import Entry, Transfer, entries_between
from holdfast.domain.ledger.statements import Statement
from holdfast.domain.quotes import PriceBook


class Repair(NamedTuple):
    """What leaves the ledger and what enters it. Entries that stay as they were are in neither."""

    removed: list[Entry]
    added: list[Entry]


class Neighbours(NamedTuple):
    """The current statements of the source around the instant; `replaced` is the one at it, if there is one."""

    before: Statement | None
    replaced: Statement | None
    after: Statement | None


def repair(late: Statement, around: Neighbours, prices: PriceBook, transfers: Sequence[Transfer] = ()) -> Repair:
    """What `late` changes. It is the current one at its instant: a copy that lost against another changes nothing."""
    before, replaced, after = around
    was = [statement for statement in (replaced, after) if statement]
    now = [statement for statement in (late, after) if statement]
    return _difference(_chain(before, was, prices, transfers), _chain(before, now, prices, transfers))


def _chain(
    before: Statement | None, statements: Sequence[Statement], prices: PriceBook, transfers: Sequence[Transfer]
) -> list[Entry]:
    entries: list[Entry] = []
    for statement in statements:
        entries += entries_between(before, statement, prices, transfers)
        before = statement
    return entries


def _difference(was: list[Entry], now: list[Entry]) -> Repair:
    old, new = Counter(was), Counter(now)
    return Repair(removed=list((old - new).elements()), added=list((new - old).elements()))
