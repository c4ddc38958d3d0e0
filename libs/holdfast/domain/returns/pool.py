"""Average cost: one pool of all that is held of an asset. Runs under `@exactly`.

A disposal takes pool · sold / held, cut to scale. Source: IAS 2.27; UK HMRC CG51560 (section 104 holding).
"""

from decimal import Decimal
from itertools import accumulate, repeat
from operator import mul

from holdfast.domain.exact import UNIT, UNITS, ZERO
from holdfast.domain.returns.answers import Disposal, Lot
from holdfast.domain.returns.trades import Trades


def cost_of_pool(trades: Trades) -> Decimal:
    """Of what is left."""
    return sum(trades.paid, ZERO) - sum(_units(trades), ZERO) * UNIT


def pool_left(trades: Trades) -> tuple[Lot, ...]:
    """One for all, opened with the first. The trades are those since nothing was held."""
    if not trades.acquired:
        return ()
    held = sum(trades.quantities, ZERO) - sum(trades.sold, ZERO)
    return (trades.lot(0, held, cost_of_pool(trades)),)


def pool_disposed(trades: Trades) -> list[Disposal]:
    """In order of time."""
    return trades.disposals([units * UNIT for units in _units(trades)])


def _units(trades: Trades) -> list[Decimal]:
    """What each disposal took, counted in units of the last decimal: a share of the pool is a whole number then, which
    the division cuts by itself and need not go on to 160 digits first."""
    put = [ZERO, *accumulate(map(mul, trades.paid, repeat(UNITS)))]
    gone, takings = ZERO, []
    for acquired, sold, held in zip(trades.acquired_before, trades.sold, trades.held, strict=True):
        units = (put[acquired] - gone) * sold // held
        gone += units
        takings.append(units)
    return takings
