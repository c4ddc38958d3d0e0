"""Every return method over one ledger: how long a portfolio's whole answer takes, as its history grows.

Random buys, sales, borrowings and repayments, each asset twice a day, with a new price of each asset every day besides
(without one a holding is worth an unknown amount after 24 hours, and nothing could be answered), so that each holding
has to be marked every day. Timed from the ledger's entries to the last answer, marking everything to market at every
flow included: simple, average cost, FIFO, LIFO, HIFO, time-weighted, Modified Dietz and money-weighted, each over
everything and so over each asset on the way. One sale in twenty is of all there is, and what was sold before that has
no part in a cost; so a ledger in which nothing is ever sold off is told of as well, where every sale has.

Told twice, as a rebuild is: by the clock, and by processor time, which does not depend as much on who else uses the
machine. All of it is one thread of Python. The limit of the second are the decimal operations without which none of
these answers can be, done one after another on the ledger's own numbers: nothing is looked up, ordered or remembered.
"""

import asyncio
import gc
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from functools import partial
from itertools import accumulate
from operator import mul, sub
from typing import NamedTuple

from msgspec.structs import replace

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.entries import Entry, priced
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.returns.answers import Unavailable, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.methods import METHODS
from holdfast.domain.returns.methods import measure as measure_returns
from tests.bench.line import Line

NAME = "returns"

ASSETS = 200
START = datetime(2023, 1, 1, tzinfo=UTC)
A_DAY = 2 * ASSETS
"""Entries a day."""
PUBLISHED = {
    1_900: "Ghostfolio: 16 s a snapshot, its issue 7931",
    14_400: "Ghostfolio: HTTP 500, its issue 6914",
    48_000: "Ghostfolio: 5 s timeout, its issue 6863",
}
"""What its users report at these sizes; measured by them, on their machines."""
ALLOWED_S = {48_000: 1.0, 1_000_000: 10.0}


async def measure(quick: bool) -> list[Line]:
    """Two lines for each size, and one of a ledger without sell-offs; quick leaves out the million."""
    sizes = (1_900, 14_400, 48_000) if quick else (1_900, 14_400, 48_000, 1_000_000)
    lines = [line for size in sizes for line in await asyncio.to_thread(_lines, size)]
    return lines + [await asyncio.to_thread(_without_sell_offs, size) for size in sizes if size in ALLOWED_S]


def _without_sell_offs(size: int) -> Line:
    took = _measured(*to_ledger(size, random.Random(size), sold_off=0))
    name = f"{NAME}: the same, {size:,} ledger entries, nothing ever sold off"
    return replace(_line(name, [clock for clock, _ in took]), limit=ALLOWED_S[size], limit_name="allowed")


def _measured(entries: list[Entry], prices: PriceBook) -> list[tuple[float, float]]:
    return [_seconds(partial(answer_all, entries, prices)) for _ in range(1 if len(entries) >= 1_000_000 else 3)]


def _lines(size: int) -> list[Line]:
    entries, prices = to_ledger(size, random.Random(size))
    took = _measured(entries, prices)
    name = f"{NAME}: all eight methods, {size:,} ledger entries, {ASSETS} assets"
    by_clock = _line(name, [clock for clock, _ in took])
    by_processor = _line(f"{name}, processor time", [processor for _, processor in took])
    return [
        replace(
            by_clock,
            limit=ALLOWED_S.get(size),
            limit_name="allowed" if size in ALLOWED_S else "",
            rival=16.0 if size == 1_900 else None,
            rival_name=PUBLISHED.get(size, ""),
        ),
        replace(
            by_processor,
            limit=_seconds(partial(bare_arithmetic, to_numbers(entries)))[1],
            limit_name="the decimal operations alone",
        ),
    ]


def _line(name: str, raw: list[float]) -> Line:
    return Line(name=name, unit="s", value=statistics.median(raw), raw=raw, higher_is_better=False)


def _seconds(work: Callable[[], None]) -> tuple[float, float]:
    """By the clock and of the processor."""
    gc.collect()
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def answer_all(entries: list[Entry], prices: PriceBook) -> None:
    """Raises RuntimeError if any method has no answer: nothing would have been measured."""
    book = build_book([entries], window=Window(None, entries[-1].at), prices=prices)
    refused = [answer for answer in measure_returns(book, METHODS) if isinstance(answer, Unavailable)]
    if refused:
        raise RuntimeError(f"no answer to measure: {refused[0].method}, {refused[0].reason}: {refused[0].detail}")


class Numbers(NamedTuple):
    """Of a ledger, as the methods meet them."""

    values: list[Decimal]
    worths: list[Decimal]
    milliseconds: list[int]
    deltas: list[Decimal]


@exactly
def to_numbers(entries: list[Entry]) -> Numbers:
    return Numbers(
        values=[one.value or ZERO for one in entries],
        worths=[one.worth or ZERO for one in entries],
        milliseconds=[(entries[-1].at - one.at) // timedelta(milliseconds=1) for one in entries],
        deltas=[one.delta for one in entries],
    )


@exactly
def bare_arithmetic(of: Numbers) -> None:
    """One operation for each that the methods cannot do without. Costs are those of what was bought since nothing was
    held: here, where everything is sold off now and then, hardly any."""
    for _ in ("flows", "simple", "modified_dietz", "money_weighted"):
        _done(accumulate(of.values))
    _done(accumulate(map(mul, of.values, of.milliseconds)))
    for _ in ("before", "after"):
        _done(accumulate(map(sub, of.worths, of.values)))
    with localcontext(Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN)):
        for _ in ("above", "below"):
            _done(accumulate(of.worths, mul))
    _done(accumulate(of.deltas))


def _done(numbers: Iterable[Decimal]) -> None:
    deque(numbers, maxlen=0)


def to_ledger(size: int, chance: random.Random, *, sold_off: float = 0.05) -> tuple[list[Entry], PriceBook]:
    """Every tenth asset is a debt. Prices wander; amounts have up to 18 decimals.

    `sold_off`: the share of the sales that are of all there is.
    """
    held = [Decimal(0)] * ASSETS
    cents = [chance.randint(1_00, 5_000_00) for _ in range(ASSETS)]
    quotes: list[list[Quote]] = [[] for _ in range(ASSETS)]
    step = timedelta(days=1) / A_DAY
    entries = []
    for number in range(size):
        at = START + step * number
        if number % A_DAY == 0:
            for asset, of in enumerate(quotes):
                cents[asset] = _wandered(cents[asset], chance)
                of.append(Quote(at, Decimal(cents[asset]) / 100))
        asset = number % ASSETS if number < ASSETS else chance.randrange(ASSETS)
        cents[asset] = _wandered(cents[asset], chance)
        entries.append(_entry(asset, at, _delta(held[asset], chance, sold_off), held, Decimal(cents[asset]) / 100))
    return entries, PriceBook({f"asset-{asset}": of for asset, of in enumerate(quotes)})


def _entry(asset: int, at: datetime, delta: Decimal, held: list[Decimal], price: Decimal) -> Entry:
    held[asset] += delta
    side: Side = "debt" if asset % 10 == 9 else "asset"
    sign = -1 if side == "debt" else 1
    key = f"asset-{asset}", side
    return priced(at, f"source-{asset % 20}", key, delta=delta * sign, held=held[asset] * sign, price=price)


def _wandered(cents: int, chance: random.Random) -> int:
    return max(1_00, cents + chance.randint(-2_00, 2_05))


def _delta(held: Decimal, chance: random.Random, sold_off: float) -> Decimal:
    if held and chance.random() < 0.45:
        everything = chance.random() < sold_off
        return -held if everything else -(held * chance.randint(1, 90) / 100).quantize(Decimal("1e-18"))
    return Decimal(chance.randint(1, 10**21)).scaleb(-18)
