"""Marked to market: what a line is worth between the snapshots that state it, by the newest price there is.

A price serves for 24 hours (a currency's for 5 days), the one stated with the snapshot like one from the feed; of both
the newer counts. A line without one is worth an unknown amount, with the reason `stale` or `no_price`, never what it
was worth long ago.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.entries import Entry, priced
from holdfast.domain.ledger.statements import UNREADABLE
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.valuation import price_age

_MOMENT = timedelta(milliseconds=1)

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
        reason = UNREADABLE if last.reason == UNREADABLE else prices.reason(last.asset, at)
        return priced(at, last.source, key, delta=ZERO, held=last.held, price=None, reason=reason)
    worth = last.worth if quote.price == last.price else None
    return priced(at, last.source, key, delta=ZERO, held=last.held, price=quote.price, worth=worth)


def _newest(last: Entry, at: datetime, prices: PriceBook) -> Quote | None:
    if last.reason == UNREADABLE:
        return None
    feed = prices.newest(last.asset, at)
    if last.price is None or at - last.at > price_age(last.asset) or (feed and feed.at > last.at):
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


def _never(_at: datetime) -> object:
    return None


@exactly
def with_marks_at_flows(
    entries: Sequence[Entry], prices: PriceBook, *, anew: Callable[[datetime], object] = _never
) -> list[Entry]:
    """The entries and, at each instant at which money moved, a mark of every other line whose price has changed.

    `anew`: where it answers something else than at the flow before, every line that is held is marked, although its
    price is the same: the rate into the currency has changed, or the line was valued in between.

    Takes O(entries + prices) steps, and the lines held for each `anew`: a line is looked at when a quote came for it or
    when the price in use expires.
    """
    walk = _Walk(prices)
    done: list[Entry] = []
    answered: object = None
    for at, moved, at_once in instants(entries):
        if moved:
            every = answered != (answered := anew(at))
            if every or walk.has_due(at):
                stated = {(entry.source, entry.asset, entry.side) for entry in at_once}
                done += walk.marks(at, stated, every=every)
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


class _Line(Struct, gc=False):
    """A line on its way: its last entry, the price it was last marked with, and whether it waits on the heap."""

    last: Entry
    used: Decimal | None
    waits: bool = False


class _Walk:
    """The lines as the walk through time finds them; what has to be looked at next is on top of the heap."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices
        self._lines: dict[LineKey, _Line] = {}
        self._due: list[tuple[datetime, LineKey]] = []
        """Each line once: what is due of it only comes later when it changes."""

    def take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            key = entry.source, entry.asset, entry.side
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = _Line(entry, entry.price)
            else:
                line.last, line.used = entry, entry.price
            if not line.waits and entry.held:
                self._wait(key, line, entry.at, self._newest(line, entry.at))

    def has_due(self, at: datetime) -> bool:
        return bool(self._due) and self._due[0][0] <= at

    def marks(self, at: datetime, stated: set[LineKey], *, every: bool) -> list[Entry]:
        changed = self._changed(at, stated)
        if not every:
            return [marked(line.last, at, self._prices) for line in changed]
        held = (line for key, line in self._lines.items() if line.last.held and key not in stated)
        return [marked(line.last, at, self._prices) for line in held]

    def _changed(self, at: datetime, stated: set[LineKey]) -> list[_Line]:
        """Those whose price has: each is due again by what it is marked with from here on."""
        found: list[_Line] = []
        while self._due and self._due[0][0] <= at:
            key = heapq.heappop(self._due)[1]
            line = self._lines[key]
            line.waits = False
            if key in stated or not line.last.held:
                continue
            quote = self._newest(line, at)
            price = quote.price if quote else None
            if price != line.used:
                line.used = price
                found.append(line)
            self._wait(key, line, at, quote)
        return found

    def _newest(self, line: _Line, at: datetime) -> Quote | None:
        return _newest(line.last, at, self._prices)

    def _wait(self, key: LineKey, line: _Line, at: datetime, used: Quote | None) -> None:
        """Until the next quote comes, or the price in use has become too old."""
        due = self._prices.of(key[1]).following(at)
        if used:
            expiry = used.at + price_age(key[1]) + _MOMENT
            # A dollar's price by definition, which has no date, stays in use.
            due = expiry if expiry > at and (due is None or expiry < due) else due
        if due:
            line.waits = True
            heapq.heappush(self._due, (due, key))
