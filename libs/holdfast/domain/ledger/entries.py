"""Ledger entries: what changed between two consecutive snapshots of a source, asset by asset.

    Δ_i = q_i − q_{i−1}        before the first snapshot q is 0; debt is a holding of negative sign
    f_i = Δ_i · p(a, t_i)      p is the holding's own price at that snapshot, elsewhere the price feed's, else unknown

An entry whose Δ is 0 is a mark: it moves the worth and no money. An amount that a statement does not say (`unreadable`,
`negative_amount`) is unknown, not 0: the line is held on, its worth unknown, and its next flow is the difference
between the statements around it that do say. A line of which the amount is stated and no price holds (`low_liquidity`,
`excluded`, `out_of_range`) has that amount at an unknown worth: to be doubted is not to be sold. Where a provider has a
transfer feed, its transfers stand in for the difference; what they do not explain (interest, rebasing) stays an entry
at the snapshot.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from sys import intern
from typing import NamedTuple

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.conversion import UNCONVERTED, Rate
from holdfast.domain.exact import ZERO, difference, exactly, times
from holdfast.domain.ledger.statements import (
    AssetSide,
    Holding,
    Statement,
    carried,
    lacks_rate,
    to_holdings,
    without_amount,
)
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.quotes import PriceBook
from holdfast.domain.valuation import price_age


class Entry(Struct, frozen=True, gc=False):
    """One source's asset at one instant. `before`, `value`, `worth` are in the ledger's currency; None: unknown."""

    at: datetime
    source: str
    asset: str
    side: Side
    delta: Decimal
    """What came in (+) or went out (−); borrowing is negative, repaying positive."""
    held: Decimal
    """From this instant on, signed."""
    price: Decimal | None
    """Of one unit, in USD."""
    before: Decimal | None
    """The worth just before: (held − delta) · price, in dollars; in another currency that at the rate, cut again."""
    value: Decimal | None
    """Of the flow: delta · price."""
    worth: Decimal | None
    """From this instant on: held · price."""
    rate: Rate | None = UNCONVERTED
    """The ledger's currency for one USD; None: unknown."""
    reason: str = ""
    """Why the price or the rate is unknown."""
    transfer: str = ""
    """The id of the transfer that it was read from; empty for a difference of snapshots."""
    since: datetime | None = None
    """When the price was stated, where that was before `at`: it serves from then on, not from here."""
    waits_for: str = ""
    """Without a price: the asset whose price it lacks (`Holding.waits_for`)."""


class Transfer(NamedTuple):
    """One exact movement from a transfer feed. `delta` is signed as in an Entry."""

    at: datetime
    source: str
    asset: str
    side: Side
    delta: Decimal
    id: str


def ledger(statements: Sequence[Statement], prices: PriceBook, transfers: Iterable[Transfer] = ()) -> list[Entry]:
    """All entries of one source, in order of time. `statements` are its current ones, in order of time."""
    feed = sorted(transfers, key=attrgetter("at"))
    times = [transfer.at for transfer in feed]
    entries: list[Entry] = []
    before, done = None, 0
    for statement in statements:
        moved, done = feed[done : (until := bisect_right(times, statement.at, done))], until
        this = carried(statement, _amounts(before, statement, moved)) if without_amount(statement) else statement
        entries += entries_between(before, this, prices, moved)
        before = this
    return entries


@exactly
def _amounts(before: Statement | None, this: Statement, feed: Sequence[Transfer]) -> dict[AssetSide, Decimal]:
    """What is known of the amounts just before a statement: those of the one before, and what has moved since."""
    known = {key: holding.amount for key, holding in (to_holdings(before) if before else {}).items()}
    for key, moved in _moved(before, this, feed).items():
        known[key] = known.get(key, ZERO) + sum((transfer.delta for transfer in moved), ZERO)
    return known


@exactly
def entries_between(
    before: Statement | None, this: Statement, prices: PriceBook, transfers: Sequence[Transfer] = ()
) -> list[Entry]:
    """Of one pair of neighbours, with amounts `carried`: all that an entry depends on besides prices."""
    was = to_holdings(before) if before else {}
    now = to_holdings(this)
    moved = _moved(before, this, transfers)
    entries = [
        entry
        for key in sorted({*was, *now, *moved})
        for entry in _of_line(
            before, this, key, was.get(key, _NOTHING), now.get(key, _NOTHING), moved=moved.get(key, ()), prices=prices
        )
    ]
    return sorted(entries, key=attrgetter("at"))


def _moved(before: Statement | None, this: Statement, feed: Iterable[Transfer]) -> dict[AssetSide, list[Transfer]]:
    moved: dict[AssetSide, list[Transfer]] = {}
    for transfer in feed:
        if transfer.at <= this.at and (before is None or transfer.at > before.at):
            moved.setdefault((transfer.asset, transfer.side), []).append(transfer)
    return moved


_NOTHING = Holding(ZERO, None, None)


def _of_line(
    before: Statement | None,
    this: Statement,
    key: AssetSide,
    was: Holding,
    now: Holding,
    *,
    moved: Sequence[Transfer],
    prices: PriceBook,
) -> list[Entry]:
    entries: list[Entry] = []
    held = was.amount
    for transfer in moved:
        held += transfer.delta
        if transfer.at == this.at and (now.price is not None or lacks_rate(key[0], now.waits_for)):
            waits_for, (price, since, reason) = now.waits_for, _price_then(this, key, now, prices)
        else:
            stated_at = before.at if before else transfer.at
            waits_for, (price, since, reason) = was.waits_for, _price_since(stated_at, key, was, transfer.at, prices)
        entries.append(
            priced(
                transfer.at,
                this.source,
                key,
                delta=transfer.delta,
                held=held,
                price=price,
                reason=reason,
                transfer=transfer.id,
                since=since,
                waits_for=waits_for,
            )
        )
    if now.amount != held or (now.amount and not (entries and entries[-1].at == this.at)):
        entries.append(_at_snapshot(this, key, held, now, prices))
    return entries


def _at_snapshot(this: Statement, key: AssetSide, held: Decimal, now: Holding, prices: PriceBook) -> Entry:
    delta = now.amount - held
    if now.reason:
        return priced(this.at, this.source, key, delta=delta, held=now.amount, price=None, reason=now.reason)
    price, since, reason = _price_then(this, key, now, prices)
    return priced(
        this.at,
        this.source,
        key,
        delta=delta,
        held=now.amount,
        price=price,
        worth=now.worth,
        reason=reason,
        since=since,
        waits_for=now.waits_for,
    )


_Priced = tuple[Decimal | None, datetime | None, str]
"""A price, the instant that it was quoted for (None: it was stated there), and why there is none."""


def _price_then(this: Statement, key: AssetSide, now: Holding, prices: PriceBook) -> _Priced:
    """At its snapshot: what it states, and if it states none the feed's."""
    if now.price is not None:
        return now.price, now.since, ""
    if lacks_rate(key[0], now.waits_for):
        return None, None, prices.reason(now.waits_for, this.at)
    return _feed_price(key[0], this.at, prices)


def _price_since(stated_at: datetime, key: AssetSide, was: Holding, at: datetime, prices: PriceBook) -> _Priced:
    """Behind its snapshot, as marks have it: the feed's where that is newer or what was stated has become too old."""
    quote, since = prices.newest(key[0], at), was.since or stated_at
    if quote is None or quote.at <= since:
        if was.price is not None and at - since <= price_age(key[0]):
            return was.price, since, ""
        if lacks_rate(key[0], was.waits_for):
            return None, None, prices.reason(was.waits_for, at, stated_at=stated_at)
    return _feed_price(key[0], at, prices)


def _feed_price(asset: str, at: datetime, prices: PriceBook) -> _Priced:
    """With the instant that it was quoted for: being looked at does not make it new."""
    quote = prices.newest(asset, at)
    return (quote.price, quote.at, "") if quote else (None, None, prices.reason(asset, at))


def priced(
    at: datetime,
    source: str,
    key: AssetSide,
    *,
    delta: Decimal,
    held: Decimal,
    price: Decimal | None,
    worth: Decimal | None = None,
    reason: str = "",
    transfer: str = "",
    since: datetime | None = None,
    waits_for: str = "",
) -> Entry:
    """The entry in dollars; each of its three products is cut once. Without a price only what is surely 0 is known.

    `worth`: as stated; where it is not held · price to the last digit (lines at several prices), the flow is what
    remains of it, so that before + value = worth still holds.
    """
    # A million entries tell of some hundred names: of one string each, which is found without looking at its letters.
    source, asset, side = intern(source), intern(key[0]), key[1]
    was = difference(held, delta) if delta else held
    if price is None:
        before, value, known = (None if amount else ZERO for amount in (was, delta, held))
        unpriced = UNCONVERTED, reason, transfer, None, waits_for
        return Entry(at, source, asset, side, delta, held, None, before, value, known, *unpriced)
    try:
        marked = times(held, price)
        before, value = (times(was, price), times(delta, price)) if delta else (marked, ZERO)
    except OutOfRangeError:
        return priced(at, source, key, delta=delta, held=held, price=None, reason="out_of_range", transfer=transfer)
    if worth is not None and worth != marked:
        marked, value = worth, difference(worth, before)
        if not delta:
            before, value = worth, ZERO
    why = UNCONVERTED, reason, transfer, since
    return Entry(at, source, asset, side, delta, held, price, before, value, marked, *why)
