"""Everything that the return methods need of a set of sources over a window: made once, read by all of them.

An asset, an account, a source, a portfolio and a nested portfolio differ only in which entries are put in.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, TypeVar

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import RateBook
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.currency import in_currency, marks_in_currency
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import latest, valuation
from holdfast.domain.ledger.marks_at_flows import with_marks_at_flows
from holdfast.domain.ledger.statements import NOTHING_STATED, AssetSide, Coverage
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import CashFlow, Missing, Movement, Window
from holdfast.domain.returns.joined import Joined
from holdfast.domain.returns.movements import Depletion, InWindow, cash_flows, in_window, missing_flows, to_movements

KeyT = TypeVar("KeyT")


class Heard(NamedTuple):
    """Of the sources that are measured together: how many had said anything by the end of the window, and how many not
    yet."""

    sources: int = 1
    silent: int = 0


class Book(Struct, frozen=True, kw_only=True):
    """In one currency. `entries` are in order of time, up to the end of the window, from the very beginning."""

    window: Window
    currency: str
    entries: Sequence[Entry]
    """Flows, and marks of what else was held at every flow."""
    opening: tuple[Entry, ...]
    """Every line marked at the start; empty from the beginning."""
    closing: tuple[Entry, ...]
    """Every line ever held, marked at the end."""
    movements: dict[AssetSide, Sequence[Movement]]
    """By asset and side, netted over the sources, from the very beginning."""
    depleted: dict[AssetSide, Depletion]
    unvalued: frozenset[AssetSide]
    """Those of which the value of a movement may be unknown."""
    knows_worths: bool
    """Whether none of the entries is of an unknown worth, before or after it."""
    repriced: dict[datetime, Decimal]
    """What moving from one source to another that has another price gained: a price effect, and no flow."""
    in_window: dict[AssetSide, InWindow]
    """Those of the window, in order of asset and side."""
    moved: Sequence[Movement]
    """The same, one asset after another."""
    flows: tuple[CashFlow, ...]
    """Of the window, over everything. Empty if `missing` names one without a value."""
    missing: tuple[Missing, ...]
    """Flows of the window that have no value."""
    coverage: Coverage
    heard: Heard


class Worth(NamedTuple):
    """Of an asset at one end of the window; `worth` is None if that of any of its lines is unknown."""

    held: Decimal
    worth: Decimal | None
    reason: str


NOTHING_HELD = Worth(ZERO, ZERO, "")
_ONE_SOURCE = Heard()


def to_heard(stated: Iterable[datetime | None]) -> Heard:
    """`stated`: when each source last said something; None: it never did."""
    said = [at is not None for at in stated]
    return Heard(sum(said), len(said) - sum(said))


@exactly
def build_book(
    ledgers: Iterable[Sequence[Entry]],
    *,
    window: Window,
    prices: PriceBook,
    rates: RateBook | None = None,
    currency: str = USD,
    coverage: Iterable[Coverage] = (),
    heard: Heard = _ONE_SOURCE,
) -> Book:
    """From the ledgers in USD of the sources that are measured together (`ledger.entries`, `ledger.membership`)."""
    entries = sorted(chain.from_iterable(ledgers), key=attrgetter("at"))
    del entries[bisect_right(entries, window.end, key=attrgetter("at")) :]
    found = rates or RateBook()
    walked = with_marks_at_flows(entries, prices, anew=_valued_anew(window, currency, found))
    opening = valuation(latest(entries, window.start).values(), window.start, prices) if window.start else ()
    return to_book(
        in_currency(walked.entries, currency, found),
        opening=marks_in_currency(opening, currency, found),
        closing=marks_in_currency(valuation(walked.latest, window.end, prices), currency, found),
        window=window,
        currency=currency,
        coverage=added(coverage),
        heard=heard,
    )


@exactly
def to_book(
    entries: Sequence[Entry],
    *,
    opening: Iterable[Entry],
    closing: Iterable[Entry],
    window: Window,
    currency: str = USD,
    coverage: Coverage = NOTHING_STATED,
    heard: Heard = _ONE_SOURCE,
) -> Book:
    """From entries in order of time that are already marked and in the currency; they are kept, and not copied."""
    movements = to_movements(entries)
    missing = missing_flows(movements, window)
    within = in_window(movements, window)
    return Book(
        window=window,
        currency=currency,
        entries=entries,
        opening=tuple(opening),
        closing=tuple(closing),
        movements=movements.of,
        depleted=movements.depleted,
        unvalued=movements.unvalued,
        knows_worths=movements.knows_worths,
        repriced=movements.repriced,
        in_window=within,
        moved=Joined([one.flows for one in within.values()]),
        flows=() if missing else cash_flows(entries, movements, window),
        missing=missing,
        coverage=coverage,
        heard=heard,
    )


def only(book: Book, wanted: Callable[[Entry], bool]) -> Book:
    """The part of the book that is about some lines: one asset, one source, one side."""
    return to_book(
        list(filter(wanted, book.entries)),
        opening=filter(wanted, book.opening),
        closing=filter(wanted, book.closing),
        window=book.window,
        currency=book.currency,
        coverage=book.coverage,
        heard=book.heard,
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
            heard=book.heard,
        )
        for name in dict.fromkeys((*entries, *opening, *closing))
    }


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


def _valued_anew(window: Window, currency: str, rates: RateBook) -> Callable[[datetime], object] | None:
    """Changes where a worth does although no price has: with the rate, and behind the valuation at the start."""
    start = window.start
    if currency == USD:
        return None if start is None else lambda at: at > start
    return lambda at: (start is not None and at > start, rates.find(USD, currency, at))


@exactly
def added(coverage: Iterable[Coverage]) -> Coverage:
    return reduce(
        lambda a, b: Coverage(
            a.covered + b.covered,
            a.gross + b.gross,
            Counter(a.lines_unread) + Counter(b.lines_unread),
            a.lines_value_only + b.lines_value_only,
        ),
        coverage,
        NOTHING_STATED,
    )
