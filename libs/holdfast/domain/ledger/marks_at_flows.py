"""Marks at the instants at which money moved: a walk through time that looks only at what may have changed.

Takes O(entries + prices) steps: a line is looked at when a quote came for it or when the price in use has become too
old, and everything that is held where `anew` says so.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.exact import exactly
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import LineKey, in_use, mark_with, marked
from holdfast.domain.quotes import PriceBook, QuotesInOrder
from holdfast.domain.valuation import price_age

_MOMENT = timedelta(milliseconds=1)
_NEVER = datetime.max.replace(tzinfo=UTC)


class Walked(NamedTuple):
    """What the walk through time has met."""

    entries: list[Entry]
    """And, at each instant at which money moved, a mark of every other line whose price has changed."""
    latest: list[Entry]
    """The last entry of each line, without its marks."""


@exactly
def with_marks_at_flows(
    entries: Sequence[Entry], prices: PriceBook, *, anew: Callable[[datetime], object] | None = None
) -> Walked:
    """From the beginning to the last of the entries.

    `anew`: where it answers something else than at the flow before, every line that is held is marked, although its
    price is the same: the rate into the currency has changed, or the line was valued in between.
    """
    walk, done, copied = _Walk(prices), list[Entry](), 0
    now: datetime | None = None
    answered: object = None
    for index, entry in enumerate(entries):
        at = entry.at
        if at != now:
            now = at
            answer = anew(at) if anew else None
            if walk.due <= at or answer != answered:
                at_once = _at_once(entries, index)
                if any(one.delta for one in at_once):
                    done += entries[copied:index]
                    done += walk.marks(at, at_once, every=answer != answered)
                    copied, answered = index, answer
        walk.take(entry)
    done += entries[copied:]
    return Walked(done, walk.latest())


def _at_once(entries: Sequence[Entry], start: int) -> Sequence[Entry]:
    end, at = start, entries[start].at
    while end < len(entries) and entries[end].at == at:
        end += 1
    return entries[start:end]


@dataclass(slots=True, eq=False)
class _Line:
    """A line on its way: its last entry, the price it was last marked with, and when it is to be looked at.

    No Struct: a million entries change it, and a slot is set in a third of the time of a Struct's field.
    """

    quotes: QuotesInOrder
    age: timedelta
    """How long a price of it serves."""
    expiry: timedelta
    """After how long it is too old."""
    last: Entry
    used: Decimal | None
    due: datetime = _NEVER
    sooner: datetime = _NEVER
    """A price stated before this will be too old before the line is due."""


class _Walk:
    """The lines as the walk through time finds them."""

    def __init__(self, prices: PriceBook) -> None:
        self.due = _NEVER
        """When the next of them may have changed by itself."""
        self._prices = prices
        self._lines: dict[LineKey, _Line] = {}
        self._due: dict[datetime, list[_Line]] = {}
        """Quotes of many come at one instant. A line counts where its own `due` says so: a price that was stated since
        may be too old sooner than what the line had waited for, and leaves it behind there."""
        self._times: list[datetime] = []
        """Its keys, as a heap."""

    def take(self, entry: Entry) -> None:
        key = entry.source, entry.asset, entry.side
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = self._line(entry)
        else:
            line.last, line.used = entry, entry.price
        # Of a million this is asked of few: only then is the amount itself looked at.
        if (entry.since or entry.at) < line.sooner and entry.held and (entry.price is not None or line.due is _NEVER):
            self._wait(line, _looked_up(line, entry.at)[1])

    def latest(self) -> list[Entry]:
        return [line.last for line in self._lines.values()]

    def marks(self, at: datetime, stated: Iterable[Entry], *, every: bool) -> list[Entry]:
        """Of lines that are held and not stated: those whose price has changed, or all."""
        of_stated = {self._lines.get((entry.source, entry.asset, entry.side)) for entry in stated}
        changed = self._changed(at, of_stated)
        if not every:
            return [mark_with(line.last, at, line.used, self._prices) for line in changed]
        held = (line.last for line in self._lines.values() if line.last.held and line not in of_stated)
        return [marked(last, at, self._prices) for last in held]

    def _line(self, entry: Entry) -> _Line:
        age = price_age(entry.asset)
        return _Line(self._prices.of(entry.asset).in_order(), age, age + _MOMENT, entry, entry.price)

    def _changed(self, at: datetime, stated: Set[_Line | None]) -> list[_Line]:
        """Each is due again by what it is marked with from here on."""
        found = []
        while self.due <= at:
            for line in self._popped():
                if not line.last.held or line in stated:
                    continue
                price, due = _looked_up(line, at)
                if price != line.used:
                    line.used = price
                    found.append(line)
                self._wait(line, due)
        return found

    def _wait(self, line: _Line, due: datetime | None) -> None:
        if due is None or due == line.due:
            return
        line.due, line.sooner = due, due - line.expiry
        waiting = self._due.get(due)
        if waiting is None:
            waiting = self._due[due] = []
            heapq.heappush(self._times, due)
            self.due = self._times[0]
        waiting.append(line)

    def _popped(self) -> list[_Line]:
        now = heapq.heappop(self._times)
        self.due = self._times[0] if self._times else _NEVER
        found = []
        for line in self._due.pop(now):
            if line.due == now:
                line.due = line.sooner = _NEVER
                found.append(line)
        return found


def _looked_up(line: _Line, at: datetime) -> tuple[Decimal | None, datetime | None]:
    """The price in use, and when it is next to be looked at: a quote comes, or this one has become too old."""
    feed, due = line.quotes.around(at, age=line.age)
    found = in_use(line.last, at, feed, line.age)
    if found is None:
        return None, due
    since, price = found
    if due is not None and due - since <= line.expiry:
        return price, due
    expiry = since + line.expiry
    # A dollar's price by definition, which has no date, stays in use.
    return price, expiry if expiry > at else due
