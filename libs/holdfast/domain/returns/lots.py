"""Lots: what was acquired when and for how much, and what of it is left.

A disposal takes whole lots in the order of the method (`orders`); of the last one it takes cost · sold / held, cut to
scale, and the remainder stays. So realised + unrealised is exact. Runs under `@exactly`.
"""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.exact import UNIT, UNITS, ZERO
from holdfast.domain.returns.answers import Disposal, Lot, Movement


class OversoldError(ArithmeticError):
    """More left than was held."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"more left at {at.isoformat()} than was held")
        self.at = at


class OpenLot(Struct, gc=False):
    """One acquisition. Quantities are positive, of a debt as well; what it cost has the sign of the debt."""

    opened: Movement
    left: Decimal
    """What no disposal has taken."""
    quantity: Decimal
    """What has not been paid for: as much as `cost` is the cost of."""
    cost: Decimal

    def pay(self, quantity: Decimal) -> Decimal:
        """Let go of so much; returns what it cost."""
        # Counted in units of the last decimal the quotient is a whole number: the division itself cuts, and need not
        # go on to 160 digits first.
        whole = quantity == self.quantity
        cost = self.cost if whole else self.cost * quantity * UNITS // self.quantity * UNIT
        self.quantity -= quantity
        self.cost -= cost
        return cost

    def __lt__(self, other: "OpenLot") -> bool:
        """Leaves before the other where the highest cost does: dearer per unit at its opening, else older."""
        mine, its = self.opened, other.opened
        # value ÷ delta of one against that of the other, without a division: to the last digit.
        dear, cheap = (mine.value or ZERO) * its.delta, (its.value or ZERO) * mine.delta
        return dear > cheap if dear != cheap else mine.at < its.at


def acquired(movement: Movement, left: Decimal, cost: Decimal) -> Lot:
    """A movement that came in, with what is left of it."""
    return Lot(movement.asset, movement.side, movement.at, left, cost)


def disposed(movement: Movement, cost: Decimal) -> Disposal:
    """A movement that took out, with what that had cost."""
    return Disposal(movement.asset, movement.side, movement.at, -movement.delta, -(movement.value or ZERO), cost)
