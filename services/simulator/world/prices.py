"""Price paths: exact, and known at every instant without walking there.

A path is a base price moved by five waves of value noise: each draws a level at every multiple of
its own length and runs straight between them, in whole numbers. Any instant costs five look-ups.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from services.simulator.world.draws import draw
from services.simulator.world.instants import at_second, since_genesis

PRICE_DECIMALS = 15

_HOUR_S = 3_600
_DAY_S = 86_400
_WAVES = ((30 * _DAY_S, 40), (5 * _DAY_S, 25), (_DAY_S, 18), (3 * _HOUR_S, 11), (_HOUR_S, 6))
"""Length and share of the swing, in percent."""
_LEVELS = 1_000_000


class PricePath(Struct, frozen=True, kw_only=True):
    """USD per unit. Steps divide an hour, so that hours and days are steps too."""

    name: str
    base: Decimal
    step_s: int = 60
    swing_ppm: int = 250_000
    """The most that the price departs from its base."""


class Quote(NamedTuple):
    at: datetime
    """The instant of the step: the price holds from here to the next."""
    price: Decimal


def price_at(seed: int, path: PricePath, instant: datetime) -> Quote:
    """The newest price at or before the instant. Raises BeforeGenesisError."""
    second = since_genesis(instant) // path.step_s * path.step_s
    # Parts per (10^6 of swing × 10^6 levels × 100 percent).
    departed = path.swing_ppm * sum(share * _wave(seed, path.name, length, second) for length, share in _WAVES)
    whole = 100 * _LEVELS * 1_000_000
    base = int(path.base.scaleb(PRICE_DECIMALS))
    return Quote(at_second(second), Decimal(base * (whole + departed) // whole).scaleb(-PRICE_DECIMALS))


def _wave(seed: int, name: str, length_s: int, second: int) -> int:
    """In [−levels, levels]: on the straight line between two drawn levels."""
    step, inside = divmod(second, length_s)
    left = draw(seed, f"price/{name}/{length_s}/{step}", 2 * _LEVELS + 1) - _LEVELS
    right = draw(seed, f"price/{name}/{length_s}/{step + 1}", 2 * _LEVELS + 1) - _LEVELS
    return (left * (length_s - inside) + right * inside) // length_s
