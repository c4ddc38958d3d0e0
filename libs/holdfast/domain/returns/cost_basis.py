"""Realised and unrealised gains by cost: average cost, FIFO, LIFO, HIFO.

    realised   = Σ (proceeds − cost of what left), over the disposals of the window
    unrealised = worth − cost of what is left
    gain       = realised + unrealised(end) − unrealised(start) = the simple return, whatever the method

Lots keep what they cost before the window. A debt's lots open when borrowed and close when repaid. Movements between
the sources of the book have cancelled before: nothing is realised by moving an asset from one to the other, also where
the two state different prices.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, Missing, Unavailable
from holdfast.domain.returns.book import NOTHING_HELD, Book, Worth, worth_by_asset
from holdfast.domain.returns.inventory import cost_left, disposed, left
from holdfast.domain.returns.refusing import missing_of, unavailable, without_amounts, without_value
from holdfast.domain.returns.trades import Trades, to_trades

ByAsset = dict[AssetSide, CostBasisReturn | Unavailable]


@exactly
def cost_bases_by_asset(
    book: Book, methods: Sequence[CostMethod], *, detail: bool = False
) -> dict[CostMethod, ByAsset]:
    """Every asset ever held, by each of the methods. `detail` adds the lots that are left and the disposals of the
    window."""
    found: dict[CostMethod, ByAsset] = {method: {} for method in methods}
    opening, closing = worth_by_asset(book.opening), worth_by_asset(book.closing)
    # One asset after another: what came in and what went out is told apart once, and still at hand for every method.
    for key in book.in_window:
        asset = _Asset(book, key, opening.get(key, NOTHING_HELD), closing.get(key, NOTHING_HELD))
        for method, answer in zip(methods, _of_asset(asset, methods, detail=detail), strict=True):
            found[method][key] = answer
    return found


def cost_basis_by_asset(book: Book, method: CostMethod, *, detail: bool = False) -> ByAsset:
    """The same by one method."""
    return cost_bases_by_asset(book, [method], detail=detail)[method]


@exactly
def cost_bases(
    book: Book, methods: Sequence[CostMethod], *, detail: bool = False
) -> dict[CostMethod, CostBasisReturn | Unavailable]:
    """Of everything in the book: the sum over its assets."""
    by_method = cost_bases_by_asset(book, methods, detail=detail)
    return {method: without_amounts(book, method) or _total(book, method, of) for method, of in by_method.items()}


def cost_basis(book: Book, method: CostMethod, *, detail: bool = False) -> CostBasisReturn | Unavailable:
    """The same by one method."""
    return cost_bases(book, [method], detail=detail)[method]


class _Asset(NamedTuple):
    """One of those in the book, and what it was worth at both ends."""

    book: Book
    key: AssetSide
    opening: Worth
    closing: Worth


class _Known(NamedTuple):
    """Of one asset, each from where nothing was held: what was sold before has no part in any of them."""

    before: Trades
    """Up to the start of the window."""
    now: Trades
    """Up to its end."""
    told: Trades
    """Of the whole window, if its disposals are asked for; they begin with those of `before`."""


def _of_asset(asset: _Asset, methods: Iterable[CostMethod], *, detail: bool) -> Sequence[CostBasisReturn | Unavailable]:
    refused = [refusal for method in methods if (refusal := _refused(asset, method))]
    if refused:
        return refused
    if oversold := asset.book.depleted[asset.key].oversold:
        return [_oversold(asset, method, oversold) for method in methods]
    known = _known(asset, detail=detail)
    return [_answer(asset, method, known, detail=detail) for method in methods]


def _known(asset: _Asset, *, detail: bool) -> _Known:
    book, key, side = asset.book, asset.key, asset.key[1]
    movements, since = book.movements[key], book.depleted[key].lots_since
    start = book.window.start
    opened = 0 if start is None else bisect_right(movements, start, key=attrgetter("at"))
    first = since(opened)
    return _Known(
        before=to_trades(movements[first:opened], side),
        now=to_trades(movements[since(len(movements)) :], side),
        told=to_trades(movements[first:] if detail else (), side),
    )


def _refused(asset: _Asset, method: CostMethod) -> Unavailable | None:
    """None of the reasons is that of one method alone."""
    book, key, opening, closing = asset
    if refusal := without_amounts(book, method):
        return refusal
    missing = missing_of(book, key, book.movements[key], opening, closing)
    return without_value(book, method, missing) if missing else None


def _oversold(asset: _Asset, method: CostMethod, at: datetime) -> Unavailable:
    name, _ = key = asset.key
    detail = f"more of {name} left at {at.isoformat()} than was held: its acquisition is not in the ledger"
    return unavailable(asset.book, method, "oversold", detail, missing=[Missing(*key, at, "oversold")])


def _answer(asset: _Asset, method: CostMethod, known: _Known, *, detail: bool) -> CostBasisReturn:
    book, key, opening, closing = asset
    cost_opening, cost = cost_left(known.before, method), cost_left(known.now, method)
    flows, invested = book.in_window[key]
    # What was paid in is either the cost of what is still there, or has gone out as the cost of what left.
    realised = cost - cost_opening - invested
    unrealised_opening, unrealised = (opening.worth or ZERO) - cost_opening, (closing.worth or ZERO) - cost
    return CostBasisReturn(
        method=method,
        window=book.window,
        currency=book.currency,
        held=closing.held,
        cost=cost,
        realised=realised,
        unrealised=unrealised,
        unrealised_opening=unrealised_opening,
        gain=realised + unrealised - unrealised_opening,
        flows=flows,
        disposals=tuple(disposed(known.told, method)[len(known.before.disposed) :]),
        lots=left(known.now, method) if detail else (),
    )


def _total(
    book: Book, method: CostMethod, by_asset: Mapping[AssetSide, CostBasisReturn | Unavailable]
) -> CostBasisReturn | Unavailable:
    refused = [answer for answer in by_asset.values() if isinstance(answer, Unavailable)]
    if refused:
        missing = chain.from_iterable(answer.missing for answer in refused)
        return unavailable(book, method, refused[0].reason, refused[0].detail, missing=missing)
    answers = [answer for answer in by_asset.values() if isinstance(answer, CostBasisReturn)]

    def added(field: str) -> Decimal:
        return sum((getattr(answer, field) for answer in answers), ZERO)

    return CostBasisReturn(
        method=method,
        window=book.window,
        currency=book.currency,
        held=None,
        cost=added("cost"),
        realised=added("realised"),
        unrealised=added("unrealised"),
        unrealised_opening=added("unrealised_opening"),
        gain=added("gain"),
        flows=book.moved,
        disposals=tuple(sorted(chain.from_iterable(answer.disposals for answer in answers), key=attrgetter("at"))),
        lots=tuple(sorted(chain.from_iterable(answer.lots for answer in answers), key=attrgetter("opened_at"))),
    )
