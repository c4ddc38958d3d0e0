"""What a check has seen of exchange rates: a part of its version."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import accumulate, permutations

from holdfast.domain.assets import USD
from holdfast.domain.conversion import HOPS
from holdfast.domain.prices import CROSSED
from holdfast.domain.valuation import CURRENCY_PRICE_AGE
from holdfast.warehouse.client import Warehouse
from services.aggregator import sql

_NEEDED = 1 << 76
"""More than any rate has counted for in a stored version: its time, and whether it was one instead of two."""
Told = tuple[str, str, datetime, int]
"""(base, quote, when, how much was said of it)."""


class RatesTold:
    """How much has been said of what a conversion to dollars may go through. Only grows, whatever comes in which order:
    rates that are newer, better, corrected or taken back.
    """

    def __init__(self, found: Iterable[Told] = ()) -> None:
        """In order of time."""
        times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        counts: dict[tuple[str, str], list[int]] = defaultdict(list)
        for base, quote, at, told in found:
            times[base, quote].append(at)
            counts[base, quote].append(told)
        self._upto = {pair: (own, [0, *accumulate(counts[pair])]) for pair, own in times.items()}

    def seen(self, currency: str, at: datetime) -> int:
        """Of rates that may serve at an instant; 0 where none is needed."""
        if currency == USD:
            return 0
        return _NEEDED + sum(self._within(pair, at) for pair in _pairs([currency]))

    def _within(self, pair: tuple[str, str], at: datetime) -> int:
        times, upto = self._upto.get(pair, ((), (0,)))
        return upto[bisect_right(times, at)] - upto[bisect_left(times, at - CURRENCY_PRICE_AGE)]


async def read_rates_told(
    warehouse: Warehouse, currencies: Collection[str], *, instants: Sequence[datetime]
) -> RatesTold:
    """To be read before the rates themselves: what comes in between is then seen by whoever looks next.

    `instants`: in order. Raises WarehouseError.
    """
    pairs = _pairs(set(currencies) - {USD})
    if not pairs or not instants:
        return RatesTold()
    asked = {"pairs": pairs, "since": instants[0] - CURRENCY_PRICE_AGE, "until": instants[-1], "but": CROSSED}
    rows = await warehouse.rows(sql.load("read_rates_told"), asked)
    return RatesTold((str(base), str(quote), at, int(told)) for base, quote, at, told in rows)


def _pairs(currencies: Collection[str]) -> list[tuple[str, str]]:
    """Each with dollars and with what a path may go over, both ways round."""
    return sorted({pair for one in currencies for pair in permutations({one, USD, *HOPS}, 2)})
