"""Attribution: why a value changed between two instants, line by line.

From each flow of a line to its next (money that came or went, joining or leaving), from the start to the first and from
the last to the end of the window:

    FX effect    = q · p · (r' − r)        on the worth so far, at the old price
    price effect = q · (p' − p) · r'       at the new rate
    flow         = Δ · p' · r'

    V(end) − V(start) = price + flows + FX + rounding

So the split follows from the line's own flows and the two ends. A statement of the same amount, a quote, or a flow of
another line is no step: with each of them the price and the FX effect would move money between them, and what a line
is said to owe to its price would depend on how often somebody looked. Nor need the worth be known there.

Values are in the book's currency: each product with a price is cut once, in dollars, and converting it cuts it once
more. So `rounding` is at most one unit of the 36th decimal for each flow, in dollars and again in another currency, and
exactly what makes the sum right. An FX effect is 0 in USD, the currency of the prices.
Source: Bacon (2008), chapter 6 (currency attribution: the cross product goes to the local price).
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly, times
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import LineKey
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.returns.answers import Missing, Window
from holdfast.domain.returns.book import Book


class Effects(Struct, frozen=True, kw_only=True):
    """end − start = price + flows + fx + rounding, exactly."""

    start: Decimal
    end: Decimal
    price: Decimal
    flows: Decimal
    fx: Decimal
    rounding: Decimal


class LineAttribution(Struct, frozen=True, kw_only=True):
    """Of one asset of one source. `effects` is None where its worth at an end, or at a flow of its own, is unknown or
    too great: see `missing`."""

    source: str
    asset: str
    side: Side
    effects: Effects | None
    missing: tuple[Missing, ...] = ()


class Attribution(Struct, frozen=True, kw_only=True):
    """`total` sums the lines that have effects; it is of everything exactly if `complete`, and None where nothing is
    known: no line has any, and there may be more."""

    window: Window
    currency: str
    total: Effects | None
    lines: tuple[LineAttribution, ...]
    complete: bool
    """Every source has said something, none states values without amounts, and every line has effects."""


@exactly
def attribute(book: Book) -> Attribution:
    """Every line ever held. Unknown is left out of the total, named, and never counted as 0."""
    start = book.window.start
    states: dict[LineKey, list[Entry]] = {_line(mark): [mark] for mark in book.opening}
    for entry in book.entries:
        if (entry.delta or entry.value) and (start is None or entry.at > start):
            states.setdefault(_line(entry), []).append(entry)
    for mark in book.closing:
        states.setdefault(_line(mark), []).append(mark)
    opened = {_line(mark) for mark in book.opening}
    lines = tuple(_of_line(key, of, opened=key in opened) for key, of in sorted(states.items()))
    known = [line.effects for line in lines if line.effects]
    complete = len(known) == len(lines) and _is_all_told(book)
    return Attribution(
        window=book.window,
        currency=book.currency,
        total=_added(known) if known or complete else None,
        lines=lines,
        complete=complete,
    )


def _is_all_told(book: Book) -> bool:
    sources, silent = book.heard
    return bool(sources) and not silent and not book.coverage.lines_without_amount


def _line(entry: Entry) -> LineKey:
    return entry.source, entry.asset, entry.side


def _of_line(key: LineKey, states: list[Entry], *, opened: bool) -> LineAttribution:
    source, asset, side = key
    missing = tuple(
        Missing(asset, side, s.at, s.reason) for s in states if s.worth is None or s.value is None or s.before is None
    )
    try:
        effects = None if missing else _effects(states, opened=opened)
    except OutOfRangeError:
        effects, missing = None, (Missing(asset, side, states[-1].at, "out_of_range"),)
    return LineAttribution(source=source, asset=asset, side=side, effects=effects, missing=missing)


def _effects(states: list[Entry], *, opened: bool) -> Effects:
    last = states[0] if opened else None
    start = worth = _known(last.worth) if last else ZERO
    price = flows = fx = ZERO
    for state in states[1:] if opened else states:
        at_new_rate = _at_rate_of(state, last, worth)
        fx += at_new_rate - worth
        price += _known(state.before) - at_new_rate
        flows += _known(state.value)
        last, worth = state, _known(state.worth)
    return Effects(start=start, end=worth, price=price, flows=flows, fx=fx, rounding=worth - start - price - flows - fx)


def _at_rate_of(state: Entry, last: Entry | None, worth: Decimal) -> Decimal:
    """What the line was worth, had only the rate changed since."""
    if last is None or last.price is None or not last.held or state.rate is None or state.rate.is_that_of(last.rate):
        return worth
    return state.rate.of(times(last.held, last.price))


def _known(number: Decimal | None) -> Decimal:
    if number is None:
        raise ValueError("an unknown worth was not kept out")
    return number


def _added(effects: Iterable[Effects]) -> Effects:
    sums = dict.fromkeys(Effects.__struct_fields__, ZERO)
    for of_line in effects:
        for field in sums:
            sums[field] += getattr(of_line, field)
    return Effects(**sums)
