"""Lots: what was acquired when and for how much, and which of it leaves first.

A disposal takes whole lots in the order of the method; of the last one it takes cost · sold / held, cut to scale, and
the remainder stays. So realised + unrealised is exact. Quantities are positive, of a debt as well: its movements are
given with the opposite sign (`inventory`). Runs under `@exactly`.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from holdfast.domain.exact import UNIT, UNITS, ZERO
from holdfast.domain.returns.answers import CostMethod, Movement


class TooLittleError(ArithmeticError):
    """More is to leave than is there."""


class OpenLot(Struct, gc=False):
    """One acquisition and what is left of it."""

    opened: Movement
    quantity: Decimal
    cost: Decimal

    def __lt__(self, other: "OpenLot") -> bool:
        """Leaves before the other where the highest cost does: dearer per unit at its opening, else older."""
        mine, its = self.opened, other.opened
        # value ÷ delta of one against that of the other, without a division: to the last digit.
        dear, cheap = (mine.value or ZERO) * its.delta, (its.value or ZERO) * mine.delta
        return dear > cheap if dear != cheap else mine.at < its.at


class Lots(Protocol):
    """Open lots of one asset."""

    def put(self, opened: Movement) -> None: ...
    def take(self, quantity: Decimal) -> Decimal:
        """Take so much out; returns what it cost. Raises TooLittleError."""
        ...

    def left(self) -> Iterable[OpenLot]:
        """In no order."""
        ...


class AverageCost:
    """One pool: a disposal takes pool · sold / held. Source: IAS 2.27; UK HMRC CG51560 (section 104 holding)."""

    def __init__(self) -> None:
        self._pool: OpenLot | None = None

    def put(self, opened: Movement) -> None:
        pool = self._pool
        if pool is None:
            self._pool = OpenLot(opened, opened.delta, opened.value or ZERO)
        else:
            pool.quantity += opened.delta
            pool.cost += opened.value or ZERO

    def take(self, quantity: Decimal) -> Decimal:
        pool = self._pool
        if pool is None or quantity > pool.quantity:
            raise TooLittleError
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

    def put(self, opened: Movement) -> None:
        self._lots.append(OpenLot(opened, opened.delta, opened.value or ZERO))

    def take(self, quantity: Decimal) -> Decimal:
        lots, cost = self._lots, ZERO
        while lots:
            lot = lots[0]
            if quantity < lot.quantity:
                return cost + _part(lot, quantity)
            lots.popleft()
            cost += lot.cost
            quantity -= lot.quantity
            if not quantity:
                return cost
        raise TooLittleError

    def left(self) -> Iterable[OpenLot]:
        return self._lots


class LastInFirstOut:
    """The newest lot leaves first."""

    def __init__(self) -> None:
        self._lots: list[OpenLot] = []

    def put(self, opened: Movement) -> None:
        self._lots.append(OpenLot(opened, opened.delta, opened.value or ZERO))

    def take(self, quantity: Decimal) -> Decimal:
        lots, cost = self._lots, ZERO
        while lots:
            lot = lots[-1]
            if quantity < lot.quantity:
                return cost + _part(lot, quantity)
            lots.pop()
            cost += lot.cost
            quantity -= lot.quantity
            if not quantity:
                return cost
        raise TooLittleError

    def left(self) -> Iterable[OpenLot]:
        return self._lots


class HighestInFirstOut:
    """The lot with the highest cost per unit at its opening leaves first; of equal ones the oldest."""

    def __init__(self) -> None:
        self._lots: list[tuple[Decimal, OpenLot]] = []
        """A heap by the unit's cost cut to scale; where two are the same so far, the lots compare themselves."""

    def put(self, opened: Movement) -> None:
        unit_cost = (opened.value or ZERO) * UNITS // opened.delta
        heapq.heappush(self._lots, (-unit_cost, OpenLot(opened, opened.delta, opened.value or ZERO)))

    def take(self, quantity: Decimal) -> Decimal:
        lots, cost = self._lots, ZERO
        while lots:
            lot = lots[0][1]
            if quantity < lot.quantity:
                return cost + _part(lot, quantity)
            heapq.heappop(lots)
            cost += lot.cost
            quantity -= lot.quantity
            if not quantity:
                return cost
        raise TooLittleError

    def left(self) -> Iterable[OpenLot]:
        return (lot for _, lot in self._lots)


LOTS: dict[CostMethod, type[Lots]] = {
    "average_cost": AverageCost,
    "fifo": FirstInFirstOut,
    "lifo": LastInFirstOut,
    "hifo": HighestInFirstOut,
}


def _part(lot: OpenLot, quantity: Decimal) -> Decimal:
    # Counted in units of the last decimal the quotient is a whole number: the division itself cuts, and need not go on
    # to 160 digits first.
    cost = lot.cost * quantity * UNITS // lot.quantity * UNIT
    lot.quantity -= quantity
    lot.cost -= cost
    return cost
