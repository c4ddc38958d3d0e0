"""Realised and unrealised gains by cost: average cost, FIFO, LIFO, HIFO.

    realised   = Σ (proceeds − cost of what left), over the disposals of the window
    unrealised = worth − cost of what is left
    gain       = realised + unrealised(end) − unrealised(start) = the simple return, whatever the method

Lots keep what they cost before the window. A debt's lots open when borrowed and close when repaid. Movements between
the sources of the book have cancelled before: nothing is realised by moving an asset from one to the other.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, Disposal, Missing, Movement, Unavailable
from holdfast.domain.returns.book import NOTHING_HELD, Book, Worth, in_window, worth_by_asset
from holdfast.domain.returns.lots import LOTS, Lots, to_lots
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
        for key in sorted(book.movements)
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
    flows = in_window(movements, book.window)
    before = _Account(LOTS[method]())
    if short := before.run(movements[: len(movements) - len(flows)]):
        return _oversold(book, method, short)
    unrealised_opening = (opening.worth or ZERO) - before.cost
    account = before.from_now_on(detail=detail)
    if short := account.run(flows):
        return _oversold(book, method, short)
    unrealised = (closing.worth or ZERO) - account.cost
    return CostBasisReturn(
        method=method,
        window=book.window,
        currency=book.currency,
        held=closing.held,
        cost=account.cost,
        realised=account.realised,
        unrealised=unrealised,
        unrealised_opening=unrealised_opening,
        gain=account.realised + unrealised - unrealised_opening,
        flows=flows,
        disposals=tuple(account.disposals or ()),
        lots=to_lots(account.lots) if detail else (),
    )


class _Account:
    """One asset on its way through its movements."""

    def __init__(self, lots: Lots) -> None:
        self.lots = lots
        self.held = self.cost = self.realised = ZERO
        self.disposals: list[Disposal] | None = None

    def from_now_on(self, *, detail: bool) -> "_Account":
        """What was realised so far belongs to the time before the window."""
        self.realised = ZERO
        self.disposals = [] if detail else None
        return self

    def run(self, movements: Iterable[Movement]) -> Movement | None:
        """Returns the first movement that takes out more than is held."""
        held, cost, realised = self.held, self.cost, self.realised
        put, take, disposals = self.lots.put, self.lots.take, self.disposals
        for movement in movements:
            at, delta, value = movement.at, movement.delta, movement.value or ZERO
            if not delta:
                realised -= value
            elif (delta > 0) == (movement.side == "asset"):
                put(at, delta, value)
                held += delta
                cost += value
            elif abs(delta) > abs(held):
                return movement
            else:
                taken = take(-delta)
                held += delta
                cost -= taken
                realised -= value + taken
                if disposals is not None:
                    disposals.append(Disposal(at, -delta, -value, taken))
        self.held, self.cost, self.realised = held, cost, realised
        return None


def _oversold(book: Book, method: CostMethod, movement: Movement) -> Unavailable:
    asset, side, at = movement.asset, movement.side, movement.at
    detail = f"more of {asset} left at {at.isoformat()} than was held: its acquisition is not in the ledger"
    return unavailable(book, method, "oversold", detail, missing=[Missing(asset, side, at, "oversold")])


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
        flows=tuple(chain.from_iterable(answer.flows for answer in answers)),
        disposals=tuple(chain.from_iterable(answer.disposals for answer in answers)),
        lots=tuple(chain.from_iterable(answer.lots for answer in answers)),
    )
