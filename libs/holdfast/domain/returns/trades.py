"""What came in and what went out of one asset, apart and in columns: made once, read by every cost method."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO
from holdfast.domain.returns.answers import Disposal, Lot, Movement


class Trades(NamedTuple):
    """In order of time. Quantities are positive, of a debt as well; what was paid has the sign of the debt."""

    side: Side
    acquired: list[Movement]
    quantities: list[Decimal]
    """Of what was acquired."""
    paid: list[Decimal]
    """For it."""
    disposals_before: list[int]
    """How many there were before each acquisition: so the number of the first one that can take of it."""
    disposed: list[Movement]
    sold: list[Decimal]
    held: list[Decimal]
    """Just before each disposal."""
    acquired_before: list[int]
    """How many acquisitions there were before each disposal."""

    def lot(self, number: int, quantity: Decimal, cost: Decimal) -> Lot:
        """What is left of an acquisition."""
        opened = self.acquired[number]
        return Lot(opened.asset, self.side, opened.at, -quantity if self.side == "debt" else quantity, cost)

    def disposals(self, costs: Iterable[Decimal]) -> list[Disposal]:
        """With what each of them had cost."""
        return [
            Disposal(gone.asset, self.side, gone.at, -gone.delta, -(gone.value or ZERO), cost)
            for gone, cost in zip(self.disposed, costs, strict=True)
        ]


def to_trades(movements: Iterable[Movement], side: Side) -> Trades:
    """They begin where nothing was held, every one has a value, and never did more leave than was held.

    Runs under `@exactly`.
    """
    trades = Trades(side, [], [], [], [], [], [], [], [])
    _, acquired, quantities, paid, disposals_before, disposed, sold, held_before, acquired_before = trades
    is_debt, held = side == "debt", ZERO
    for movement in movements:
        delta = -movement.delta if is_debt else movement.delta
        if delta > ZERO:
            disposals_before.append(len(disposed))
            acquired.append(movement)
            quantities.append(delta)
            paid.append(movement.value or ZERO)
        elif delta:
            acquired_before.append(len(acquired))
            disposed.append(movement)
            sold.append(-delta)
            held_before.append(held)
        held += delta
    return trades
