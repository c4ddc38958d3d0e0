"""Who belongs to a portfolio, and when: a nested portfolio is the set of its accounts, each once.

An account that joins or leaves is a flow of its whole value at that instant.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import latest, marked, price_since
from holdfast.domain.quotes import PriceBook

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


class CycleError(ValueError):
    """A portfolio that contains itself; the message names the way round."""


class Interval(NamedTuple):
    """From `start` (inclusive) to `end` (exclusive)."""

    start: datetime = _BEGINNING
    end: datetime = _END


ALWAYS = Interval()


class Membership(NamedTuple):
    """An account or a nested portfolio, and when it belongs to the portfolio."""

    account: str | None
    portfolio: str | None
    during: Interval = ALWAYS


def accounts_of(portfolio: str, members: Mapping[str, Sequence[Membership]]) -> dict[str, tuple[Interval, ...]]:
    """Every account of the portfolio and of those nested in it, with its times merged. Raises CycleError."""
    found: dict[str, list[Interval]] = {}
    _collect(portfolio, ALWAYS, (), members, found)
    return {account: union(intervals) for account, intervals in sorted(found.items())}


def union(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """In order and apart: what overlaps or touches becomes one, what is empty disappears."""
    merged: list[Interval] = []
    for start, end in sorted(interval for interval in intervals if interval.start < interval.end):
        if merged and start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(Interval(start, end))
    return tuple(merged)


@exactly
def belonging(entries: Sequence[Entry], during: Sequence[Interval], prices: PriceBook) -> list[Entry]:
    """The entries of one source as its portfolio sees them: joining and leaving are entries of their own.

    `entries` are in order of time, `during` as `union` gives it.
    """
    seen: list[Entry] = []
    for start, end in during:
        inside = [entry for entry in entries if start < entry.at < end]
        if start == _BEGINNING:
            inside = [entry for entry in entries if entry.at < end]
        else:
            seen += _joining(entries, start, prices)
        seen += inside
        if end != _END:
            seen += _leaving([entry for entry in entries if entry.at < end], end, prices)
    return seen


def _joining(entries: Sequence[Entry], at: datetime, prices: PriceBook) -> list[Entry]:
    """A price is as old as it was outside: joining does not make it new."""
    held = [last for last in latest(entries, at).values() if last.held]
    marks = [(marked(last, at, prices), price_since(last, at, prices)) for last in held]
    return [replace(mark, delta=mark.held, before=ZERO, value=mark.worth, since=since) for mark, since in marks]


def _leaving(entries: Sequence[Entry], at: datetime, prices: PriceBook) -> list[Entry]:
    marks = (marked(last, at, prices) for last in latest(entries).values() if last.held)
    return [
        replace(
            mark,
            delta=-mark.held,
            held=ZERO,
            value=None if mark.worth is None else -mark.worth,
            worth=ZERO,
        )
        for mark in marks
    ]


def _collect(
    portfolio: str,
    during: Interval,
    way: tuple[str, ...],
    members: Mapping[str, Sequence[Membership]],
    found: dict[str, list[Interval]],
) -> None:
    if portfolio in way:
        raise CycleError(f"portfolio {portfolio!r} contains itself: {' > '.join((*way, portfolio))}; take one out")
    for member in members.get(portfolio, ()):
        both = Interval(max(during.start, member.during.start), min(during.end, member.during.end))
        if member.account is not None:
            found.setdefault(member.account, []).append(both)
        elif member.portfolio is not None:
            _collect(member.portfolio, both, (*way, portfolio), members, found)
