"""What a wallet's DeFi positions are worth at an instant, leg by leg, as a portfolio service states it."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from services.simulator.world.curves import held
from services.simulator.world.numbers import product, total
from services.simulator.world.positions import Leg, Position
from services.simulator.world.world import World, price_of, to_units

STATED_DECIMALS = 33
"""Values are stated to so many decimals: 38 significant digits for five-digit sums."""


class LegState(Struct, frozen=True, kw_only=True):
    leg: Leg
    amount: Decimal
    value: Decimal | None
    """USD; None where nobody quotes the token."""

    @property
    def signed(self) -> Decimal:
        """Debt below zero, the unknown as nothing."""
        value = self.value or Decimal(0)
        return value.copy_negate() if self.leg.kind == "borrowed" else value


class PositionState(Struct, frozen=True, kw_only=True):
    position: Position
    legs: tuple[LegState, ...]

    @property
    def value(self) -> Decimal:
        """Assets less debt."""
        return total([leg.signed for leg in self.legs])


def positions_at(world: World, account: str, instant: datetime) -> list[PositionState]:
    return [
        PositionState(position=position, legs=tuple(_state(world, leg, instant) for leg in position.legs))
        for position in world.positions.get(account, ())
    ]


def _state(world: World, leg: Leg, instant: datetime) -> LegState:
    amount = to_units(held(world.seed, leg.holding, instant), leg.token)
    quote = price_of(world, leg.token, instant)
    value = product(amount, quote.price, STATED_DECIMALS) if quote is not None else None
    return LegState(leg=leg, amount=amount, value=value)
