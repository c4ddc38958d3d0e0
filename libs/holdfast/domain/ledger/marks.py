"""Marked to market: what a line is worth between the snapshots that state it, by the newest price there is.

A price serves for 24 hours (a currency's for 5 days), the one stated with the snapshot like one from the feed; of both
the newer counts. A line without one is worth an unknown amount, with the reason `stale` or `no_price`, never what it
was worth long ago.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter

from msgspec.structs import replace

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, times
from holdfast.domain.ledger.entries import Entry, priced
from holdfast.domain.ledger.statements import lacks_rate
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.valuation import NEVER_VALUED, price_age

LineKey = tuple[str, str, Side]
"""(source, asset, side)."""
_LINE = attrgetter("source", "asset", "side")


def marked(last: Entry, at: datetime, prices: PriceBook) -> Entry:
    """The line of `last` at a later instant: no flow, the same amount, its worth then."""
    key = last.asset, last.side
    if last.at == at or not last.held:
        worth, reason = last.worth, last.reason if last.worth is None else ""
        entry = Entry(at, last.source, *key, ZERO, last.held, last.price, worth, ZERO, worth, reason=reason)
        return replace(entry, waits_for=last.waits_for) if last.waits_for else entry
    found = in_use(last, at, prices.newest(last.asset, at), price_age(last.asset))
    return mark_with(last, at, found[1] if found else None, prices)


def mark_with(last: Entry, at: datetime, price: Decimal | None, prices: PriceBook) -> Entry:
    """The same with the price that is in use then; without one `prices` tells why."""
    if price is None:
        return _unpriced(last, at, _why_unknown(last, at, prices), waits_for=last.waits_for)
    worth = last.worth if price == last.price else None
    if worth is None:
        try:
            worth = times(last.held, price)
        except OutOfRangeError:
            return _unpriced(last, at, "out_of_range")
    # Directly: there are as many marks as instants and lines, and no part of them is a flow.
    return Entry(at, last.source, last.asset, last.side, ZERO, last.held, price, worth, ZERO, worth)


def _why_unknown(last: Entry, at: datetime, prices: PriceBook) -> str:
    if last.reason in NEVER_VALUED:
        return last.reason
    if lacks_rate(last.asset, last.waits_for):
        return prices.reason(last.waits_for, at, waits_for=last.asset, stated_at=last.at)
    return prices.reason(last.asset, at)


def _unpriced(last: Entry, at: datetime, reason: str, *, waits_for: str = "") -> Entry:
    key = last.asset, last.side
    return priced(at, last.source, key, delta=ZERO, held=last.held, price=None, reason=reason, waits_for=waits_for)


def in_use(last: Entry, at: datetime, feed: Quote | None, age: timedelta) -> tuple[datetime, Decimal] | None:
    """Of the price stated with the line, which serves for `age`, and that of the feed the newer one, and since when.

    One that was stated in a currency without a rate is unknown, and the feed's counts once it is newer all the same.
    """
    if last.reason in NEVER_VALUED:
        return None
    since = last.since or last.at
    if feed and feed.at > since:
        return feed
    if last.price is None:
        return None if lacks_rate(last.asset, last.waits_for) else feed
    if at - since > age:
        return feed
    return since, last.price


def price_since(last: Entry, at: datetime, prices: PriceBook) -> datetime | None:
    """When the price was stated that marks the line at `at`; None where it was then, or there is none."""
    found = in_use(last, at, prices.newest(last.asset, at), price_age(last.asset))
    return found[0] if found else None


def latest(entries: Sequence[Entry], at: datetime | None = None) -> dict[LineKey, Entry]:
    """The last entry of each line, at or before `at`. `entries` are in order of time."""
    known = entries if at is None else entries[: bisect_right(entries, at, key=attrgetter("at"))]
    return dict(zip(map(_LINE, known), known, strict=True))


def valuation(lines: Iterable[Entry], at: datetime, prices: PriceBook) -> tuple[Entry, ...]:
    """Every line ever held, by its last entry, marked at `at`."""
    return tuple(marked(last, at, prices) for last in lines)
