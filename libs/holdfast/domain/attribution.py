"""Attribution: why a value changed between two instants, line by line.

From each flow of a line to its next (money that came or went, joining or leaving), from the start to the first and from
the last to the end of the window:

    FX effect    = q · p · (r' − r)        on the worth so far, at the old price
    price effect = q · (p' − p) · r'       at the new rate
    flow         = Δ · p' · r'

    V(end) − V(start) = price + flows + moved + FX + rounding

Flows are those of the returns, of what crosses the border of what is measured. What moves from one line to another is
`moved`, at what it was worth where it left, and adds up to 0 over the lines (`own_moves`); that it is quoted otherwise
where it arrived is a price effect there.

So the split follows from the line's own flows and the two ends. A statement of the same amount, a quote, or a flow of
another line is no step: with each of them the price and the FX effect would move money between them, and what a line
is said to owe to its price would depend on how often somebody looked. Nor need the worth be known there.

Values are in the book's currency: each product with a price is cut once, in dollars, and converting it cuts it once
more. So `rounding` is at most one unit of the 36th decimal for each flow, in dollars and again in another currency, and
exactly what makes the sum right. An FX effect is 0 in USD, the currency of the prices.
Source: Bacon (2008), chapter 6 (currency attribution: the cross product goes to the local price).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly, fitted, times
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import LineKey
from holdfast.domain.ledger.statements import VALUE_ONLY
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.own_moves import NO_FLOW, Portion, portions
from holdfast.domain.returns.answers import Missing, Window
from holdfast.domain.returns.book import Book
from holdfast.domain.returns.inputs import flows_of


class Effects(Struct, frozen=True, kw_only=True):
    """end − start = price + flows + moved + fx + rounding, exactly."""

    start: Decimal
    end: Decimal
    price: Decimal
    flows: Decimal
    """From outside and to it; of a complete total the same number as that of the returns."""
    moved: Decimal
    """From other lines and to them: 0 in a complete total."""
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


class _Step(NamedTuple):
    """A flow of a line, or its mark at one end of the window."""

    entry: Entry
    portion: Portion | None

    @property
    def is_known(self) -> bool:
        return self.portion is not None and self.entry.before is not None and self.entry.worth is not None

    @property
    def missing(self) -> Missing:
        """A flow that has a value, and no portions, has too great ones."""
        entry, too_great = self.entry, self.portion is None and self.entry.value is not None
        return Missing(entry.asset, entry.side, entry.at, "out_of_range" if too_great else entry.reason)


class Attribution(Struct, frozen=True, kw_only=True):
    """`total` sums the lines that have effects; it is of everything exactly if `complete`, and None where nothing is
    known: no line has any, and there may be more."""

    window: Window
    currency: str
    total: Effects | None
    reason: str = ""
    """Why there is no total; empty where there is one."""
    lines: tuple[LineAttribution, ...]
    complete: bool
    """Every source has said something, none states values without amounts, and every line has effects."""


@exactly
def attribute(book: Book) -> Attribution:
    """Every line ever held. Unknown is left out of the total, named, and never counted as 0."""
    flows = list(flows_of(book))
    steps: dict[LineKey, list[_Step]] = {_line(mark): [_Step(mark, NO_FLOW)] for mark in book.opening}
    for entry, portion in zip(flows, portions(flows), strict=True):
        steps.setdefault(_line(entry), []).append(_Step(entry, portion))
    for mark in book.closing:
        steps.setdefault(_line(mark), []).append(_Step(mark, NO_FLOW))
    opened = {_line(mark) for mark in book.opening}
    lines = tuple(_of_line(key, steps[key], opened=key in opened) for key in sorted(steps))
    unknown = [*(line.missing[0].reason for line in lines if line.missing), *_unheard(book)]
    try:
        total = _added([line.effects for line in lines if line.effects])
    except OutOfRangeError:
        total, unknown = None, ["out_of_range", *unknown]
    if unknown and not any(line.effects for line in lines):
        total = None
    return Attribution(
        window=book.window,
        currency=book.currency,
        total=total,
        reason=unknown[0] if total is None else "",
        lines=lines,
        complete=not unknown,
    )


def unattributed(window: Window, currency: str, reason: str) -> Attribution:
    """Of what could not be read."""
    return Attribution(window=window, currency=currency, total=None, reason=reason, lines=(), complete=False)


def _unheard(book: Book) -> Iterator[str]:
    """Why there may be lines that nobody knows of."""
    sources, silent = book.heard
    if silent or not sources:
        yield "not_observed"
    if book.coverage.lines_without_amount:
        yield VALUE_ONLY


def _line(entry: Entry) -> LineKey:
    return entry.source, entry.asset, entry.side


def _of_line(key: LineKey, steps: list[_Step], *, opened: bool) -> LineAttribution:
    source, asset, side = key
    missing = tuple(step.missing for step in steps if not step.is_known)
    try:
        effects = None if missing else _effects(steps, opened=opened)
    except OutOfRangeError:
        effects, missing = None, (Missing(asset, side, steps[-1].entry.at, "out_of_range"),)
    return LineAttribution(source=source, asset=asset, side=side, effects=effects, missing=missing)


def _effects(steps: list[_Step], *, opened: bool) -> Effects:
    last = steps[0].entry if opened else None
    start = worth = _known(last.worth) if last else ZERO
    price = flows = moved = fx = ZERO
    for step in steps[1:] if opened else steps:
        entry, portion = step.entry, step.portion or NO_FLOW
        at_new_rate = _at_rate_of(entry, last, worth)
        fx += at_new_rate - worth
        price += _known(entry.before) - at_new_rate + portion.requoted
        flows += portion.crossed
        moved += portion.moved
        last, worth = entry, _known(entry.worth)
    rounding = worth - start - price - flows - moved - fx
    return _fitted(start=start, end=worth, price=price, flows=flows, moved=moved, fx=fx, rounding=rounding)


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
    return _fitted(**sums)


def _fitted(**numbers: Decimal) -> Effects:
    """Each at the stored scale, which it has already. Raises OutOfRangeError from 10^40 on."""
    return Effects(**{name: fitted(number) for name, number in numbers.items()})
