"""Which disposal takes of which lot. Quantities alone decide, and the order in which the lots of a method leave.

A disposal takes the first lot in the order that there is. So the first lot in the order goes to the earliest disposals
behind it, the second one to the earliest of those that still want something, and so on: the same matching, told lot by
lot instead of disposal by disposal. So nothing has to be kept of a lot that has left altogether, and the disposals
that are satisfied are stepped over as in a union-find (Tarjan 1975; path halving: van Leeuwen and van der Weide 1977).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.exact import ZERO
from holdfast.domain.returns.trades import Trades


class Taken(NamedTuple):
    """Of one acquisition, by its number: what each disposal, by its number, took of it, in order of time."""

    lot: int
    takings: list[tuple[int, Decimal]]
    left: Decimal


def matched(trades: Trades, order: Iterable[int], *, gone: bool) -> Iterator[Taken]:
    """Lot by lot, in the order in which they leave; `gone`: also those of which nothing is left.

    Runs under `@exactly`.
    """
    wanted, end = trades.sold.copy(), len(trades.sold)
    # Each disposal itself while it wants something; then one behind it, nearer to the next that does.
    wanting = list(range(end + 1))
    quantities, disposals_before = trades.quantities, trades.disposals_before
    for lot in order:
        left, disposal = quantities[lot], disposals_before[lot]
        takings: list[tuple[int, Decimal]] = []
        while True:
            while (behind := wanting[disposal]) != disposal:
                wanting[disposal] = wanting[behind]
                disposal = behind
            if disposal == end:
                yield Taken(lot, takings, left)
                break
            wants = wanted[disposal]
            if left < wants:
                wanted[disposal] = wants - left
                if gone:
                    takings.append((disposal, left))
                    yield Taken(lot, takings, ZERO)
                break
            wanting[disposal] = disposal + 1
            takings.append((disposal, wants))
            left -= wants
            if not left:
                if gone:
                    yield Taken(lot, takings, ZERO)
                break
