"""The orders in which open lots leave. `first` raises IndexError where there is none."""

import heapq
from collections import deque
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Protocol

from holdfast.domain.exact import ZERO
from holdfast.domain.returns.answers import CostMethod
from holdfast.domain.returns.lots import OpenLot

_RANK = Context(prec=19)


class Order(Protocol):
    """Open lots of one asset, the next to leave at `first`."""

    def put(self, lot: OpenLot, /) -> None: ...
    def first(self) -> OpenLot: ...
    def drop(self) -> object:
        """Take out the first."""
        ...

    def __iter__(self) -> Iterator[OpenLot]: ...


class FirstInFirstOut(deque[OpenLot]):
    """The oldest lot leaves first. Source: IAS 2.27."""

    put, drop = deque.append, deque.popleft

    def first(self) -> OpenLot:
        return self[0]


class LastInFirstOut(list[OpenLot]):
    """The newest lot leaves first."""

    put, drop = list.append, list.pop

    def first(self) -> OpenLot:
        return self[-1]


class HighestInFirstOut:
    """The lot with the highest cost per unit at its opening leaves first; of equal ones the oldest."""

    def __init__(self) -> None:
        self._lots: list[tuple[Decimal, OpenLot]] = []
        """A heap by the first digits of the unit's cost; where two are the same so far, the lots compare themselves."""

    def put(self, lot: OpenLot, /) -> None:
        opened = lot.opened
        heapq.heappush(self._lots, (-_RANK.divide(opened.value or ZERO, opened.delta), lot))

    def first(self) -> OpenLot:
        return self._lots[0][1]

    def drop(self) -> None:
        heapq.heappop(self._lots)

    def __iter__(self) -> Iterator[OpenLot]:
        return (lot for _, lot in self._lots)


ORDERS: dict[CostMethod, type[Order]] = {
    "fifo": FirstInFirstOut,
    "lifo": LastInFirstOut,
    "hifo": HighestInFirstOut,
}
