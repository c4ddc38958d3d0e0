"""Amounts over time: raw integers as pure functions of the instant.

Each curve states where it is, not how it got there, so any instant costs the same. What makes a
transfer conserve is that both wallets hold the same curve, one with a plus, the other with a minus;
what makes a trade conserve is that its venue is a constant-product pool, where what was bought
depends only on what was sold.
"""

from datetime import datetime

from msgspec import Struct

from services.simulator.world.draws import draw
from services.simulator.world.instants import since_genesis

_YEAR_MINUTES = 365 * 24 * 60


class Fixed(Struct, frozen=True, kw_only=True):
    """An opening balance, or shares that nobody touches."""

    raw: int


class Moved(Struct, frozen=True, kw_only=True):
    """What has been sent in total, less what came back: between 0 and `cap`, another figure each period."""

    name: str
    cap: int
    period_s: int


class Bought(Struct, frozen=True, kw_only=True):
    """What `sold` fetches in a pool of `sold_reserve` × `bought_reserve`, cut to whole units."""

    sold: Moved
    sold_reserve: int
    bought_reserve: int


class Accrued(Struct, frozen=True, kw_only=True):
    """A principal that grows by simple interest, minute by minute, from genesis."""

    principal: int
    yearly_ppm: int
    keep_principal: bool = True
    """False is the interest alone."""


class Vesting(Struct, frozen=True, kw_only=True):
    """What is still locked of a grant that is released second by second over each cycle."""

    total: int
    cycle_s: int


Curve = Fixed | Moved | Bought | Accrued | Vesting


class Holding(Struct, frozen=True, kw_only=True):
    """Σ plus − Σ minus. Never negative: `minus` is capped below the opening balance when the world is built."""

    plus: tuple[Curve, ...] = ()
    minus: tuple[Curve, ...] = ()


def held(seed: int, holding: Holding, instant: datetime) -> int:
    return sum(reached(seed, curve, instant) for curve in holding.plus) - sum(
        reached(seed, curve, instant) for curve in holding.minus
    )


def reached(seed: int, curve: Curve, instant: datetime) -> int:
    """The raw integer of one curve at an instant."""
    match curve:
        case Fixed(raw=raw):
            return raw
        case Moved():
            return _moved(seed, curve, instant)
        case Bought(sold=sold, sold_reserve=reserve, bought_reserve=other):
            paid = _moved(seed, sold, instant)
            return other * paid // (reserve + paid)
        case Accrued(principal=principal, yearly_ppm=ppm, keep_principal=keep):
            interest = principal * ppm * (since_genesis(instant) // 60) // (_YEAR_MINUTES * 1_000_000)
            return interest + principal * keep
        case Vesting(total=total, cycle_s=cycle):
            return total - total * (since_genesis(instant) % cycle) // cycle


def _moved(seed: int, curve: Moved, instant: datetime) -> int:
    """In one period of four everything has come back, so that holdings appear and disappear."""
    period = since_genesis(instant) // curve.period_s
    if draw(seed, f"{curve.name}/rest/{period}", 4) == 0:
        return 0
    return draw(seed, f"{curve.name}/{period}", curve.cap + 1)
