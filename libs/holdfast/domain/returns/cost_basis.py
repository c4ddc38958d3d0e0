"""Realised and unrealised gains by cost: average cost, FIFO, LIFO, HIFO.

    realised   = Σ (proceeds − cost of what left), over the disposals of the window
    unrealised = worth − cost of what is left
    gain       = realised + unrealised(end) − unrealised(start) = the simple return, whatever the method

Lots keep what they cost before the window. A debt's lots open when borrowed and close when repaid. Movements between
the sources of the book have cancelled before: nothing is realised by moving an asset from one to the other, also where
the two state different prices.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, Missing, Unavailable
from holdfast.domain.returns.book import NOTHING_HELD, Book, Worth, worth_by_asset
from holdfast.domain.returns.inventory import open_inventory
from holdfast.domain.returns.lots import OversoldError
from holdfast.domain.returns.refusing import missing_of, unavailable, without_amounts, without_value


@exactly
def cost_basis_by_asset(
    book: Book, method: CostMethod, *, detail: bool = False
) -> dict[AssetSide, CostBasisReturn | Unavailable]:
    """Every asset ever held. `detail` adds the lots that are left and the disposals of the window."""
    if refusal := without_amounts(book, method):
        return dict.fromkeys(book.movements, refusal)
    opening, closing = worth_by_asset(book.opening), worth_by_asset(book.closing)
    return {
        key: _of_asset(book, method, key, opening.get(key, NOTHING_HELD), closing.get(key, NOTHING_HELD), detail=detail)
        for key in book.in_window
    }


@exactly
def cost_basis(book: Book, method: CostMethod, *, detail: bool = False) -> CostBasisReturn | Unavailable:
    """Of everything in the book: the sum over its assets."""
    if refusal := without_amounts(book, method):
        return refusal
    return _total(book, method, cost_basis_by_asset(book, method, detail=detail))


def _of_asset(
    book: Book, method: CostMethod, key: AssetSide, opening: Worth, closing: Worth, *, detail: bool
) -> CostBasisReturn | Unavailable:
    movements = book.movements[key]
    if missing := missing_of(book, key, movements, opening, closing):
        return without_value(book, method, missing)
    flows, invested = book.in_window[key]
    inventory = open_inventory(method, key[1])
    try:
        inventory.run(movements[: len(movements) - len(flows)], detail=False)
        cost_opening = inventory.cost
        disposals = inventory.run(flows, detail=detail)
    except OversoldError as error:
        return _oversold(book, method, key, error.at)
    cost = inventory.cost
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
        disposals=tuple(disposals),
        lots=inventory.left() if detail else (),
    )


def _oversold(book: Book, method: CostMethod, key: AssetSide, at: datetime) -> Unavailable:
    detail = f"more of {key[0]} left at {at.isoformat()} than was held: its acquisition is not in the ledger"
    return unavailable(book, method, "oversold", detail, missing=[Missing(*key, at, "oversold")])


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
