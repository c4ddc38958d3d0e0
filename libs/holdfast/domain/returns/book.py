"""Everything that the return methods need of a set of sources over a window: made once, read by all of them.

An asset, an account, a source, a portfolio and a nested portfolio differ only in which entries are put in.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.assets import USD
from holdfast.domain.conversion import RateBook
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.currency import in_currency, marks_in_currency
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import valuation, with_marks_at_flows
from holdfast.domain.ledger.statements import NOTHING_STATED, AssetSide, Coverage
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import CashFlow, Missing, Movement, Window

KeyT = TypeVar("KeyT")


class Book(Struct, frozen=True, kw_only=True):
    """In one currency. `entries` are in order of time, up to the end of the window, from the very beginning."""

    window: Window
    currency: str
    entries: tuple[Entry, ...]
    """Flows, and marks of what else was held at every flow."""
    opening: tuple[Entry, ...]
    """Every line marked at the start; empty from the beginning."""
    closing: tuple[Entry, ...]
    """Every line ever held, marked at the end."""
    movements: dict[AssetSide, tuple[Movement, ...]]
    """By asset and side, netted over the sources, from the very beginning."""
    flows: tuple[CashFlow, ...]
    """Of the window, over everything. Empty if `missing` names one without a value."""
    missing: tuple[Missing, ...]
    """Flows of the window that have no value."""
    coverage: Coverage


class Worth(NamedTuple):
    """Of an asset at one end of the window; `worth` is None if that of any of its lines is unknown."""

    held: Decimal
    worth: Decimal | None
    reason: str


NOTHING_HELD = Worth(ZERO, ZERO, "")


@exactly
def build_book(
    ledgers: Iterable[Sequence[Entry]],
    *,
    window: Window,
    prices: PriceBook,
    rates: RateBook | None = None,
    currency: str = USD,
    coverage: Iterable[Coverage] = (),
) -> Book:
    """From the ledgers in USD of the sources that are measured together (`ledger.entries`, `ledger.membership`)."""
    entries = sorted((e for e in chain.from_iterable(ledgers) if e.at <= window.end), key=attrgetter("at"))
    found = rates or RateBook()
    opening = valuation(entries, window.start, prices) if window.start else ()
    return to_book(
        in_currency(with_marks_at_flows(entries, prices, anew=_valued_anew(window, currency, found)), currency, found),
        opening=marks_in_currency(opening, currency, found),
        closing=marks_in_currency(valuation(entries, window.end, prices), currency, found),
        window=window,
        currency=currency,
        coverage=added(coverage),
    )


@exactly
def to_book(
    entries: Iterable[Entry],
    *,
    opening: Iterable[Entry],
    closing: Iterable[Entry],
    window: Window,
    currency: str = USD,
    coverage: Coverage = NOTHING_STATED,
) -> Book:
    """From entries in order of time that are already marked and in the currency."""
    kept = tuple(entries)
    movements = _movements(kept)
    missing = _missing(movements, window)
    return Book(
        window=window,
        currency=currency,
        entries=kept,
        opening=tuple(opening),
        closing=tuple(closing),
        movements=movements,
        flows=() if missing else _flows(movements, window),
        missing=missing,
        coverage=coverage,
    )


def only(book: Book, wanted: Callable[[Entry], bool]) -> Book:
    """The part of the book that is about some lines: one asset, one source, one side."""
    return to_book(
        filter(wanted, book.entries),
        opening=filter(wanted, book.opening),
        closing=filter(wanted, book.closing),
        window=book.window,
        currency=book.currency,
        coverage=book.coverage,
    )


def parts(book: Book, key: Callable[[Entry], KeyT]) -> dict[KeyT, Book]:
    """The book taken apart, each line into the part that `key` names: by asset, by source …"""
    entries, opening, closing = (_grouped(of, key) for of in (book.entries, book.opening, book.closing))
    return {
        name: to_book(
            entries.get(name, ()),
            opening=opening.get(name, ()),
            closing=closing.get(name, ()),
            window=book.window,
            currency=book.currency,
            coverage=book.coverage,
        )
        for name in dict.fromkeys((*entries, *opening, *closing))
    }


def in_window(movements: tuple[Movement, ...], window: Window) -> tuple[Movement, ...]:
    if window.start is None:
        return movements
    start = window.start
    return tuple(movement for movement in movements if movement.at > start)


def worth_by_asset(marks: Iterable[Entry]) -> dict[AssetSide, Worth]:
    """Summed over the sources."""
    sums: dict[AssetSide, Worth] = {}
    for mark in marks:
        held, worth, reason = sums.get((mark.asset, mark.side), NOTHING_HELD)
        known = None if worth is None or mark.worth is None else worth + mark.worth
        sums[mark.asset, mark.side] = Worth(held + mark.held, known, reason or mark.reason)
    return sums


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], KeyT]) -> dict[KeyT, list[Entry]]:
    groups: dict[KeyT, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _valued_anew(window: Window, currency: str, rates: RateBook) -> Callable[[datetime], object]:
    """Changes where a worth does although no price has: with the rate, and behind the valuation at the start."""
    start = window.start
    if currency == USD:
        return lambda at: start is not None and at > start
    return lambda at: (start is not None and at > start, rates.find(USD, currency, at))


def _movements(entries: Iterable[Entry]) -> dict[AssetSide, tuple[Movement, ...]]:
    """Flows at one instant become one, so that a transfer between two of the sources leaves nothing."""
    moved: dict[AssetSide, list[Movement]] = {}
    for entry in entries:
        at, asset, side, delta, value = entry.at, entry.asset, entry.side, entry.delta, entry.value
        of = moved.get((asset, side))
        if of is None:
            of = moved[asset, side] = []
        if delta or value:
            this = Movement(at, asset, side, delta, value, entry.reason)
            if of and of[-1].at == at:
                of[-1] = _netted(of[-1], this)
            else:
                of.append(this)
    return {key: tuple(m for m in of if m.delta or m.value != 0) for key, of in moved.items()}


def _netted(a: Movement, b: Movement) -> Movement:
    delta = a.delta + b.delta
    if a.value is None or b.value is None:
        return replace(a, delta=delta, value=None if delta else ZERO, reason=a.reason or b.reason)
    return replace(a, delta=delta, value=a.value + b.value)


def _missing(movements: dict[AssetSide, tuple[Movement, ...]], window: Window) -> tuple[Missing, ...]:
    return tuple(
        Missing(movement.asset, movement.side, movement.at, movement.reason)
        for of in movements.values()
        for movement in of
        if movement.value is None and (window.start is None or movement.at > window.start)
    )


def _flows(movements: dict[AssetSide, tuple[Movement, ...]], window: Window) -> tuple[CashFlow, ...]:
    """Money that crossed the border of what is measured: a trade inside it at one price is none."""
    start, at_instant = window.start, dict[datetime, Decimal]()
    for of in movements.values():
        for movement in of:
            at, value = movement.at, movement.value
            if value is not None and (start is None or at > start):
                at_instant[at] = at_instant[at] + value if at in at_instant else value
    return tuple(CashFlow(at, at_instant[at]) for at in sorted(at_instant) if at_instant[at])


@exactly
def added(coverage: Iterable[Coverage]) -> Coverage:
    return reduce(
        lambda a, b: Coverage(
            a.covered + b.covered,
            a.gross + b.gross,
            a.lines_without_amount + b.lines_without_amount,
            a.lines_unreadable + b.lines_unreadable,
        ),
        coverage,
        NOTHING_STATED,
    )
