"""Why a method has no answer, in one shape and with the inputs that it would need."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Literal

from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import LineKey
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import Method, Missing, Movement, Unavailable, Why
from holdfast.domain.returns.book import Book, Worth

_LACKS: dict[Why, str] = {
    "no_price": "no price",
    "stale": "no price young enough",
    "rate_limited": "no price yet, as its feed was refused for asking too often,",
    "low_liquidity": "no price that its provider trusts",
    "excluded": "no value that its provider stands by",
    "unreadable": "no readable amount or value",
    "negative_amount": "no amount of 0 or more",
    "no_rate": "no rate",
    "out_of_range": "no price and no rate below 10^40",
}
"""By why the worth of a line is unknown."""
_UNPRICED: Why = "no_price"


def unavailable(
    book: Book,
    method: Method,
    reason: Why,
    detail: str,
    *,
    missing: Iterable[Missing] = (),
    covered: Decimal | None = None,
) -> Unavailable:
    return Unavailable(
        method=method,
        window=book.window,
        currency=book.currency,
        reason=reason,
        detail=detail,
        missing=tuple(missing),
        covered=covered,
    )


def not_observed(book: Book, method: Method) -> Unavailable | None:
    """Before any source has said anything nothing is known, not even that nothing was held."""
    if book.heard.sources:
        return None
    detail = f"no source had said anything by {book.window.end.isoformat()}"
    return unavailable(book, method, "not_observed", detail)


def without_amounts(book: Book, method: Method) -> Unavailable | None:
    """Lines without amounts have no flows: the share of value that has them is all that can be said."""
    without = book.coverage.lines_without_amount
    if not without:
        return None
    detail = f"{without} line(s) state no amount: their flows are unknown"
    return unavailable(book, method, "value_only", detail, covered=book.coverage.share)


def without_value(book: Book, method: Method, missing: Iterable[Missing]) -> Unavailable:
    """For the first of the inputs that are not there; all are listed."""
    first, *more = listed = tuple(missing)
    reason: Why = next((why for why in _LACKS if why == first.reason), _UNPRICED)
    detail = f"{_LACKS[reason]} of {first.asset} at {first.at.isoformat()}" + (
        f", and {len(more)} more" if more else ""
    )
    return unavailable(book, method, reason, detail, missing=listed)


def missing_of(
    book: Book, key: AssetSide, flows: Iterable[Movement], opening: Worth, closing: Worth
) -> tuple[Missing, ...]:
    """What one asset lacks: flows without a value, and its worth at either end while it was held."""
    ends = ((opening, book.window.start or book.window.end), (closing, book.window.end))
    unknown = [Missing(*key, at, worth.reason) for worth, at in ends if worth.worth is None]
    if key not in book.unvalued:
        return tuple(unknown)
    return (*(Missing(*key, flow.at, flow.reason) for flow in flows if flow.value is None), *unknown)


def unvalued(marks: Iterable[Entry]) -> tuple[Missing, ...]:
    """Lines that are held and worth an unknown amount."""
    return tuple(Missing(m.asset, m.side, m.at, m.reason) for m in marks if m.worth is None)


def unknown_at_flow(entries: Sequence[Entry]) -> tuple[Missing, ...]:
    """At the first flow at which there are any, all lines of unknown worth."""
    if _are_known(entries):
        return ()
    unknown: dict[LineKey, Missing] = {}
    for _, instant in groupby(entries, attrgetter("at")):
        at_once = tuple(instant)
        _note(unknown, at_once, "before")
        if unknown and any(entry.delta for entry in at_once):
            return tuple(unknown.values())
        _note(unknown, at_once, "worth")
    return ()


def _are_known(entries: Iterable[Entry]) -> bool:
    """A loop of its own: `all` would ask a generator for each of a million."""
    for entry in entries:  # noqa: SIM110
        if entry.before is None or entry.worth is None:
            return False
    return True


def _note(unknown: dict[LineKey, Missing], entries: Iterable[Entry], when: Literal["before", "worth"]) -> None:
    for entry in entries:
        line = entry.source, entry.asset, entry.side
        if getattr(entry, when) is None:
            unknown[line] = Missing(entry.asset, entry.side, entry.at, entry.reason)
        else:
            unknown.pop(line, None)
