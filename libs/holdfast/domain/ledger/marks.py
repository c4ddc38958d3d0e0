"""Marked to market: what a line is worth between the snapshots that state it, by the newest price there is.

A price serves for 24 hours, the one stated with the snapshot like one from the feed; of both the newer counts. A line
without one is worth an unknown amount, with the reason `stale` or `no_price`, never what it was worth long ago.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.entries import Entry, priced
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.valuation import ASSET_PRICE_AGE

_TICK = timedelta(milliseconds=1)

LineKey = tuple[str, str, Side]
"""(source, asset, side)."""


def marked(last: Entry, at: datetime, prices: PriceBook) -> Entry:
    """The line of `last` at a later instant: no flow, the same amount, its worth then."""
    key = last.asset, last.side
    if last.at == at or not last.held:
        worth, reason = last.worth, last.reason if last.worth is None else ""
        return Entry(at, last.source, *key, ZERO, last.held, last.price, worth, ZERO, worth, reason=reason)
    quote = _newest(last, at, prices)
    if quote is None:
        return priced(
            at, last.source, key, delta=ZERO, held=last.held, price=None, reason=prices.reason(last.asset, at)
        )
    worth = last.worth if quote.price == last.price else None
    return priced(at, last.source, key, delta=ZERO, held=last.held, price=quote.price, worth=worth)


def _newest(last: Entry, at: datetime, prices: PriceBook) -> Quote | None:
    feed = prices.newest(last.asset, at)
    if last.price is None or at - last.at > ASSET_PRICE_AGE or (feed and feed.at > last.at):
        return feed
    return Quote(last.at, last.price)


def latest(entries: Iterable[Entry], at: datetime | None = None) -> dict[LineKey, Entry]:
    """The last entry of each line, at or before `at`. `entries` are in order of time."""
    last: dict[LineKey, Entry] = {}
    for entry in entries:
        if at is not None and entry.at > at:
            break
        last[entry.source, entry.asset, entry.side] = entry
    return last


def valuation(entries: Iterable[Entry], at: datetime, prices: PriceBook) -> tuple[Entry, ...]:
    """Every line ever held, marked at `at`."""
    return tuple(marked(last, at, prices) for last in latest(entries, at).values())


@exactly
def with_marks_at_flows(entries: Sequence[Entry], prices: PriceBook) -> list[Entry]:
    """The entries and, at each instant at which money moved, a mark of every other line whose price has changed.

    Takes O(entries + prices) steps: a line is looked at when a quote came for it or when the price in use expires.
    """
    walk = _Walk(prices)
    done: list[Entry] = []
    for at, moved, at_once in instants(entries):
        if moved and walk.has_due(at):
            done += walk.marks(at, {(entry.source, entry.asset, entry.side) for entry in at_once})
        done += at_once
        walk.take(at_once)
    return done


def instants(entries: Sequence[Entry]) -> Iterator[tuple[datetime, bool, Sequence[Entry]]]:
    """(instant, whether anything moved at it, its entries), in order of time as `entries` are."""
    start, size = 0, len(entries)
    while start < size:
        at = entries[start].at
        end, moved = start, False
        while end < size and entries[end].at == at:
            moved = moved or bool(entries[end].delta)
            end += 1
        yield at, moved, entries[start:end]
        start = end


class _Walk:
    """The lines as the walk through time finds them; what has to be looked at next is on top of the heap."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices
        self._last: dict[LineKey, Entry] = {}
        self._used: dict[LineKey, Decimal | None] = {}
        self._due: list[tuple[datetime, LineKey]] = []
        self._pending: set[LineKey] = set()
        """On the heap, once each: what is due of a line only comes later when it changes."""

    def take(self, entries: Iterable[Entry]) -> None:
        pending = self._pending
        for entry in entries:
            line = entry.source, entry.asset, entry.side
            self._last[line] = entry
            self._used[line] = entry.price
            if line not in pending and entry.held:
                self._look_again(line, entry.at)

    def has_due(self, at: datetime) -> bool:
        return bool(self._due) and self._due[0][0] <= at

    def marks(self, at: datetime, stated: set[LineKey]) -> list[Entry]:
        found: list[Entry] = []
        for line in sorted(self._to_look_at(at) - stated):
            last = self._last[line]
            if not last.held:
                continue
            mark = marked(last, at, self._prices)
            if mark.price != self._used[line]:
                self._used[line] = mark.price
                found.append(mark)
            self._look_again(line, at)
        return found

    def _to_look_at(self, at: datetime) -> set[LineKey]:
        lines: set[LineKey] = set()
        while self._due and self._due[0][0] <= at:
            line = heapq.heappop(self._due)[1]
            self._pending.remove(line)
            lines.add(line)
        return lines

    def _look_again(self, line: LineKey, at: datetime) -> None:
        """When the next quote comes, or just after the price in use has become too old."""
        last = self._last[line]
        history = self._prices.of(last.asset)
        following = history.following(at)
        used = _newest(last, at, self._prices)
        expiry = used.at + ASSET_PRICE_AGE + _TICK if used else None
        due = min((instant for instant in (following, expiry) if instant), default=None)
        if due:
            self._pending.add(line)
            heapq.heappush(self._due, (due, line))
