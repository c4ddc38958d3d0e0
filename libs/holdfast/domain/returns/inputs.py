"""What a return rests on: the flows of its window, and how much is known of the value at its end."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.statements import HELD_ON, VALUE_ONLY, Coverage
from holdfast.domain.returns.book import Book


class Inputs(Struct, frozen=True, kw_only=True):
    """Counts of lines held at the end of the window, and of the sources that have said anything by then.

    The lines include those that stated no amount in the window: no return can be had while there are any.
    """

    lines: int
    lines_unpriced: int
    """Without a worth, or without an amount."""
    lines_stale: int
    lines_excluded: int
    """Listed at the end of the window and left out on purpose: not among the lines."""
    sources: int
    sources_missing: int
    """Members that have not said anything yet; one that said that it holds nothing has."""
    oldest: datetime | None
    """Of what each source said last, the oldest; None if none said anything."""
    newest: datetime | None
    reasons: Mapping[str, int]
    """Lines by why they have no value, no amount or no part."""


def inputs_of(book: Book, stated: Sequence[datetime | None], *, left_out: Mapping[str, int]) -> Inputs:
    """`stated`: when each source that is measured last said something, be it nothing new; None: it never did.

    `left_out`: lines that have no part on purpose, by why.
    """
    closing = [mark for mark in book.closing if mark.held]
    reasons = Counter(mark.reason for mark in closing if mark.reason)
    apart = _without_mark(book.coverage, reasons)
    last = [at for at in stated if at is not None]
    return Inputs(
        lines=len(closing) + apart.total(),
        lines_unpriced=sum(mark.worth is None for mark in closing) + apart.total(),
        lines_stale=sum(mark.reason == "stale" for mark in closing),
        lines_excluded=sum(left_out.values()),
        sources=len(last),
        sources_missing=len(stated) - len(last),
        oldest=min(last, default=None),
        newest=max(last, default=None),
        reasons=reasons + apart + Counter(left_out),
    )


def _without_mark(coverage: Coverage, marks: Counter[str]) -> Counter[str]:
    """Lines without an amount by reason, but for those that are held on as what they last were: these have a mark."""
    held_on = Counter({reason: marks[reason] for reason in HELD_ON})
    return Counter(coverage.lines_unread) - held_on + Counter({VALUE_ONLY: coverage.lines_value_only})


def flows_of(book: Book) -> Iterable[Entry]:
    """Of the window, source by source: what is netted in a return is listed apart."""
    start = book.window.start
    return (entry for entry in book.entries if (entry.delta or entry.value) and (start is None or entry.at > start))
