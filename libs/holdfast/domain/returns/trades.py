"""What came in and what went out of one asset, apart and in columns: made once, read by every cost method."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate, compress
from operator import attrgetter
from typing import NamedTuple

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO
from holdfast.domain.returns.answers import Disposal, Lot, Movement

_DELTA = attrgetter("delta")


class OversoldError(ArithmeticError):
    """More left than was held."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"more left at {at.isoformat()} than was held")
        self.at = at


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


def held_after(movements: Sequence[Movement], side: Side) -> list[Decimal]:
    """What was held from each of them on, signed. Raises OversoldError. Runs under `@exactly`."""
    held = list(accumulate(map(_DELTA, movements)))
    least = max if side == "debt" else min
    if held and _is_oversold(least(held), side):
        raise OversoldError(next(compress(movements, (_is_oversold(amount, side) for amount in held))).at)
    return held


def _is_oversold(held: Decimal, side: Side) -> bool:
    return held > ZERO if side == "debt" else held < ZERO


def since_nothing_was_held(movements: Sequence[Movement], held: Sequence[Decimal]) -> Sequence[Movement]:
    """All that what is left can be of: each lot that was opened before has gone, in whatever order they leave."""
    for number in range(len(held), 0, -1):
        if not held[number - 1]:
            return movements[number:]
    return movements


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
