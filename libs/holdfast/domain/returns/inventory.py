"""What is held of one asset, lot by lot, on its way through its movements.

Which lots a disposal takes, quantities alone decide; what they cost is worked out only where somebody asks, which for
lots that have left altogether nobody does but for the detail.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO
from holdfast.domain.returns.answers import CostMethod, Disposal, Lot, Movement
from holdfast.domain.returns.lots import OpenLot, OversoldError, acquired, disposed
from holdfast.domain.returns.orders import ORDERS, Order
from holdfast.domain.returns.pool import Pool


class Taking(Struct, frozen=True, gc=False):
    """So much of a lot left with a movement."""

    by: Movement
    lot: OpenLot
    quantity: Decimal


class Inventory(Protocol):
    """Runs under `@exactly`."""

    def run(self, movements: Iterable[Movement], *, detail: bool) -> list[Disposal]:
        """Every movement has a value. What leaves is told with `detail`. Raises OversoldError."""
        ...

    @property
    def cost(self) -> Decimal:
        """Of what is left."""
        ...

    def left(self) -> tuple[Lot, ...]:
        """In order of opening."""
        ...


def open_inventory(method: CostMethod, side: Side) -> Inventory:
    return Pool(side) if method == "average_cost" else LotByLot(ORDERS[method](), side)


class LotByLot:
    """Lots that leave in an order."""

    def __init__(self, lots: Order, side: Side) -> None:
        self._lots = lots
        self._is_debt = side == "debt"

    def run(self, movements: Iterable[Movement], *, detail: bool) -> list[Disposal]:
        takings = _matched(movements, self._lots, is_debt=self._is_debt)
        if detail:
            return _paid(takings)
        for taking in takings:
            if taking.lot.left:
                taking.lot.pay(taking.quantity)
        return []

    @property
    def cost(self) -> Decimal:
        return sum(map(attrgetter("cost"), self._lots), ZERO)

    def left(self) -> tuple[Lot, ...]:
        lots = sorted(self._lots, key=attrgetter("opened.at"))
        return tuple(acquired(lot.opened, -lot.left if self._is_debt else lot.left, lot.cost) for lot in lots)


def _matched(movements: Iterable[Movement], lots: Order, *, is_debt: bool) -> list[Taking]:
    """Puts in what comes and takes out what leaves."""
    put, first, drop = lots.put, lots.first, lots.drop
    takings: list[Taking] = []
    for movement in movements:
        delta = -movement.delta if is_debt else movement.delta
        if delta > ZERO:
            put(OpenLot(movement, delta, delta, movement.value or ZERO))
            continue
        while delta:
            try:
                lot = first()
            except IndexError as error:
                raise OversoldError(movement.at) from error
            rest = lot.left + delta
            if rest > ZERO:
                takings.append(Taking(movement, lot, -delta))
                lot.left = rest
                break
            takings.append(Taking(movement, lot, lot.left))
            lot.left = ZERO
            drop()
            delta = rest
    return takings


def _paid(takings: Iterable[Taking]) -> list[Disposal]:
    return [
        disposed(movement, sum((taking.lot.pay(taking.quantity) for taking in of), ZERO))
        for movement, of in groupby(takings, attrgetter("by"))
    ]
