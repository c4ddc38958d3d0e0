"""Lots: what each acquisition cost, and what of it went out with every disposal. Runs under `@exactly`.

A disposal takes whole lots in the order of the method (`orders`); of the last one it takes cost · sold / held, cut to
scale, and the remainder stays. So realised + unrealised is exact. What a lot cost is worked out only where something
of it is left, or somebody asks what left.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from holdfast.domain.exact import UNIT, UNITS, ZERO
from holdfast.domain.returns.answers import Disposal, Lot
from holdfast.domain.returns.matching import Taken, matched
from holdfast.domain.returns.trades import Trades


def cost_of_lots(trades: Trades, order: Iterable[int]) -> Decimal:
    """Of what is left."""
    return sum((_cost_left(trades, taken) for taken in matched(trades, order, gone=False)), ZERO)


def lots_left(trades: Trades, order: Iterable[int]) -> tuple[Lot, ...]:
    """In order of opening."""
    left = sorted(matched(trades, order, gone=False))
    return tuple(trades.lot(taken.lot, taken.left, _cost_left(trades, taken)) for taken in left)


def lots_disposed(trades: Trades, order: Iterable[int]) -> list[Disposal]:
    """In order of time."""
    costs = [ZERO] * len(trades.sold)
    for taken in matched(trades, order, gone=True):
        for (disposal, _), cost in zip(taken.takings, _costs(trades, taken), strict=True):
            costs[disposal] += cost
    return trades.disposals(costs)


def _cost_left(trades: Trades, taken: Taken) -> Decimal:
    return trades.paid[taken.lot] - sum(_costs(trades, taken), ZERO)


def _costs(trades: Trades, taken: Taken) -> Iterator[Decimal]:
    """Of each taking from one lot."""
    held, cost = trades.quantities[taken.lot], trades.paid[taken.lot]
    for _, quantity in taken.takings:
        # Counted in units of the last decimal the quotient is a whole number: the division itself cuts, and need not
        # go on to 160 digits first.
        part = cost if quantity == held else cost * quantity * UNITS // held * UNIT
        held, cost = held - quantity, cost - part
        yield part
