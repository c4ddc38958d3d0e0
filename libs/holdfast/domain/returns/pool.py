"""Average cost: one pool of all that is held of an asset. Runs under `@exactly`."""

from collections.abc import Iterable
from decimal import Decimal

from holdfast.domain.balances import Side
from holdfast.domain.exact import UNIT, UNITS, ZERO
from holdfast.domain.returns.answers import Disposal, Lot, Movement
from holdfast.domain.returns.lots import OversoldError, acquired, disposed


class Pool:
    """A disposal takes pool · sold / held, cut. Source: IAS 2.27; UK HMRC CG51560 (section 104 holding)."""

    def __init__(self, side: Side) -> None:
        self._is_debt = side == "debt"
        self._opened: Movement | None = None
        self._held = ZERO
        self._units = ZERO
        """What it cost, counted in units of the last decimal: a share of it is a whole number, which the division cuts
        by itself and need not go on to 160 digits first."""

    def run(self, movements: Iterable[Movement], *, detail: bool) -> list[Disposal]:
        """Every movement has a value. Raises OversoldError."""
        is_debt, held, units = self._is_debt, self._held, self._units
        disposals = []
        for movement in movements:
            delta = -movement.delta if is_debt else movement.delta
            if delta > ZERO:
                if not held:
                    self._opened = movement
                held += delta
                units += (movement.value or ZERO) * UNITS
            elif delta:
                sold = -delta
                if sold > held:
                    raise OversoldError(movement.at)
                cost = units * sold // held
                held -= sold
                units -= cost
                if detail:
                    disposals.append(disposed(movement, cost * UNIT))
        self._held, self._units = held, units
        return disposals

    @property
    def cost(self) -> Decimal:
        """Of what is left."""
        return self._units * UNIT

    def left(self) -> tuple[Lot, ...]:
        """One for all, opened with the first."""
        held = -self._held if self._is_debt else self._held
        return (acquired(self._opened, held, self.cost),) if self._opened and held else ()
