"""The orders in which lots leave: acquisitions by their number, the first to leave first. Runs under `@exactly`."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Inexact
from functools import cmp_to_key
from itertools import groupby
from typing import Literal

from holdfast.domain.returns.trades import Trades

_DIGITS = 38
"""Of a unit's cost: as many as most prices have at the very most, and as are divided as fast as half of them."""


def first_in_first_out(trades: Trades) -> Iterable[int]:
    """The oldest lot leaves first. Source: IAS 2.27."""
    return range(len(trades.acquired))


def last_in_first_out(trades: Trades) -> Iterable[int]:
    """The newest lot leaves first."""
    return reversed(range(len(trades.acquired)))


def highest_in_first_out(trades: Trades) -> Iterable[int]:
    """The lot with the highest cost per unit at its opening leaves first; of equal ones the oldest."""
    context = Context(prec=_DIGITS)
    unit_costs = list(map(context.divide, trades.paid, trades.quantities))
    # What a debt brought in counts below zero. Either way, what is equal stays in order of time.
    falling = trades.side == "asset"
    order = sorted(range(len(unit_costs)), key=unit_costs.__getitem__, reverse=falling)
    if not context.flags[Inexact]:
        return order

    def dearer(a: int, b: int) -> int:
        """To the last digit, without a division."""
        return int((trades.paid[a] * trades.quantities[b]).compare(trades.paid[b] * trades.quantities[a]))

    alike = (list(of) for _, of in groupby(order, unit_costs.__getitem__))
    return [lot for of in alike for lot in (sorted(of, key=cmp_to_key(dearer), reverse=falling) if of[1:] else of)]


ORDERS: Mapping[Literal["fifo", "lifo", "hifo"], Callable[[Trades], Iterable[int]]] = {
    "fifo": first_in_first_out,
    "lifo": last_in_first_out,
    "hifo": highest_in_first_out,
}
