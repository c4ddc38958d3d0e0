"""What is held of one asset, lot by lot, on its way through its movements."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from holdfast.domain.balances import Side
from holdfast.domain.exact import ONE, ZERO
from holdfast.domain.returns.answers import CostMethod, Disposal, Lot, Movement
from holdfast.domain.returns.lots import LOTS, TooLittleError


class OversoldError(ArithmeticError):
    """More left than was held."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"more left at {at.isoformat()} than was held")
        self.at = at


class Inventory:
    """Runs under `@exactly`. A debt is kept as what is owed: its signs are turned on the way in and on the way out."""

    def __init__(self, method: CostMethod, side: Side) -> None:
        self._lots = LOTS[method]()
        self._sign = -ONE if side == "debt" else ONE

    def run(self, movements: Iterable[Movement], sold: list[Disposal] | None = None) -> None:
        """What leaves is added to `sold`. Every movement has a value. Raises OversoldError."""
        put, take = self._lots.put, self._lots.take
        for movement in movements if self._sign is ONE else map(_turned, movements):
            delta = movement.delta
            if delta > ZERO:
                put(movement)
            elif delta:
                try:
                    cost = take(-delta)
                except TooLittleError as error:
                    raise OversoldError(movement.at) from error
                if sold is not None:
                    sold.append(self._disposal(movement, cost))

    @property
    def cost(self) -> Decimal:
        """Of what is left."""
        return sum(map(attrgetter("cost"), self._lots.left()), ZERO) * self._sign

    def left(self) -> tuple[Lot, ...]:
        """In order of opening."""
        lots = sorted(self._lots.left(), key=attrgetter("opened.at"))
        return tuple(Lot(lot.opened.at, lot.quantity * self._sign, lot.cost * self._sign) for lot in lots)

    def _disposal(self, movement: Movement, cost: Decimal) -> Disposal:
        proceeds = -(movement.value or ZERO)
        return Disposal(movement.at, -movement.delta * self._sign, proceeds * self._sign, cost * self._sign)


def _turned(movement: Movement) -> Movement:
    value = -(movement.value or ZERO)
    return Movement(movement.at, movement.asset, movement.side, -movement.delta, value)
