"""Lots: what was acquired when and for how much, and which of it leaves first.

A disposal takes whole lots in the order of the method; of the last one it takes cost · sold / held, cut to scale, and
the remainder stays. So realised + unrealised is exact. Quantities and costs are signed: a debt's are negative.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from holdfast.domain.exact import share
from holdfast.domain.returns.answers import CostMethod, Lot


class OpenLot(Struct, gc=False):
    """One acquisition and what is left of it."""

    opened_at: datetime
    quantity: Decimal
    cost: Decimal


class Lots(Protocol):
    """Open lots of one asset."""

    def put(self, at: datetime, quantity: Decimal, cost: Decimal) -> None: ...
    def take(self, quantity: Decimal) -> Decimal:
        """Take so much out; returns what it cost. No more than is there."""
        ...

    def left(self) -> Iterable[OpenLot]: ...


class AverageCost:
    """One pool: a disposal takes pool · sold / held. Source: IAS 2.27; UK HMRC CG51560 (section 104 holding)."""

    def __init__(self) -> None:
        self._pool: OpenLot | None = None

    def put(self, at: datetime, quantity: Decimal, cost: Decimal) -> None:
        if self._pool is None:
            self._pool = OpenLot(at, quantity, cost)
        else:
            self._pool.quantity += quantity
            self._pool.cost += cost

    def take(self, quantity: Decimal) -> Decimal:
        pool = self._pool
        if pool is None:
            raise ValueError("nothing is held")
        if quantity == pool.quantity:
            self._pool = None
            return pool.cost
        return _part(pool, quantity)

    def left(self) -> Iterable[OpenLot]:
        return (self._pool,) if self._pool else ()


class FirstInFirstOut:
    """The oldest lot leaves first. Source: IAS 2.27."""

    def __init__(self) -> None:
        self._lots: deque[OpenLot] = deque()

    def put(self, at: datetime, quantity: Decimal, cost: Decimal) -> None:
        self._lots.append(OpenLot(at, quantity, cost))

    def take(self, quantity: Decimal) -> Decimal:
        lots, cost = self._lots, Decimal(0)
        while quantity:
            lot = lots[0]
            if abs(quantity) < abs(lot.quantity):
                return cost + _part(lot, quantity)
            lots.popleft()
            quantity -= lot.quantity
            cost += lot.cost
        return cost

    def left(self) -> Iterable[OpenLot]:
        return self._lots


class LastInFirstOut:
    """The newest lot leaves first."""

    def __init__(self) -> None:
        self._lots: list[OpenLot] = []

    def put(self, at: datetime, quantity: Decimal, cost: Decimal) -> None:
        self._lots.append(OpenLot(at, quantity, cost))

    def take(self, quantity: Decimal) -> Decimal:
        lots, cost = self._lots, Decimal(0)
        while quantity:
            lot = lots[-1]
            if abs(quantity) < abs(lot.quantity):
                return cost + _part(lot, quantity)
            lots.pop()
            quantity -= lot.quantity
            cost += lot.cost
        return cost

    def left(self) -> Iterable[OpenLot]:
        return self._lots


class HighestInFirstOut:
    """The lot with the highest cost per unit at its opening leaves first; of equal ones the oldest."""

    def __init__(self) -> None:
        self._lots: list[tuple[Decimal, int, OpenLot]] = []
        self._opened = 0

    def put(self, at: datetime, quantity: Decimal, cost: Decimal) -> None:
        self._opened += 1
        heapq.heappush(self._lots, (-cost / quantity, self._opened, OpenLot(at, quantity, cost)))

    def take(self, quantity: Decimal) -> Decimal:
        lots, cost = self._lots, Decimal(0)
        while quantity:
            lot = lots[0][2]
            if abs(quantity) < abs(lot.quantity):
                return cost + _part(lot, quantity)
            heapq.heappop(lots)
            quantity -= lot.quantity
            cost += lot.cost
        return cost

    def left(self) -> Iterable[OpenLot]:
        return (lot for _, _, lot in sorted(self._lots, key=lambda item: item[1]))


LOTS: dict[CostMethod, type[Lots]] = {
    "average_cost": AverageCost,
    "fifo": FirstInFirstOut,
    "lifo": LastInFirstOut,
    "hifo": HighestInFirstOut,
}


def to_lots(lots: Lots) -> tuple[Lot, ...]:
    return tuple(Lot(lot.opened_at, lot.quantity, lot.cost) for lot in lots.left())


def _part(lot: OpenLot, quantity: Decimal) -> Decimal:
    cost = share(lot.cost, quantity, lot.quantity)
    lot.quantity -= quantity
    lot.cost -= cost
    return cost
