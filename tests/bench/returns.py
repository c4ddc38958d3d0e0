"""Every return method over one ledger: how long a portfolio's whole answer takes, as its history grows.

Random buys, sales, borrowings and repayments, each asset twice a day, with a price of each asset every day besides
(without one a holding is worth an unknown amount after 24 hours, and nothing could be answered). Timed from the
ledger's entries to the last answer, marking everything to market at every flow included: simple, average cost, FIFO,
LIFO, HIFO, time-weighted, Modified Dietz and money-weighted, each over everything and so over each asset on the way.
"""

import asyncio
import gc
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from holdfast.domain.balances import Side
from holdfast.domain.ledger.entries import Entry, priced
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.returns.answers import CostMethod, Unavailable, Window
from holdfast.domain.returns.book import build_book
from holdfast.domain.returns.cost_basis import cost_basis
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.domain.returns.simple import simple_return
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.bench.line import Line

NAME = "returns"

ASSETS = 200
START = datetime(2023, 1, 1, tzinfo=UTC)
A_DAY = 2 * ASSETS
"""Entries a day."""
COST_METHODS: tuple[CostMethod, ...] = ("average_cost", "fifo", "lifo", "hifo")
PUBLISHED = {
    1_900: "Ghostfolio: 16 s a snapshot, its issue 7931",
    14_400: "Ghostfolio: HTTP 500, its issue 6914",
    48_000: "Ghostfolio: 5 s timeout, its issue 6863",
}
"""What its users report at these sizes; measured by them, on their machines."""
ALLOWED_S = {48_000: 1.0, 1_000_000: 10.0}


async def measure(quick: bool) -> list[Line]:
    """One line for each size; quick leaves out the million."""
    sizes = (1_900, 14_400, 48_000) if quick else (1_900, 14_400, 48_000, 1_000_000)
    return [await asyncio.to_thread(_line, size) for size in sizes]


def _line(size: int) -> Line:
    entries, prices = to_ledger(size, random.Random(size))
    raw = [_seconds(entries, prices) for _ in range(1 if size >= 1_000_000 else 3)]
    return Line(
        name=f"{NAME}: all eight methods, {size:,} ledger entries, {ASSETS} assets",
        unit="s",
        value=statistics.median(raw),
        raw=raw,
        higher_is_better=False,
        limit=ALLOWED_S.get(size),
        limit_name="allowed" if size in ALLOWED_S else "",
        rival=16.0 if size == 1_900 else None,
        rival_name=PUBLISHED.get(size, ""),
    )


def _seconds(entries: list[Entry], prices: PriceBook) -> float:
    gc.collect()
    began = time.perf_counter()
    answer_all(entries, prices)
    return time.perf_counter() - began


def answer_all(entries: list[Entry], prices: PriceBook) -> None:
    """Raises RuntimeError if any method has no answer: nothing would have been measured."""
    book = build_book([entries], window=Window(None, entries[-1].at), prices=prices)
    answers: list[object] = [simple_return(book), *(cost_basis(book, method) for method in COST_METHODS)]
    answers += [time_weighted_return(book), modified_dietz(book), money_weighted_return(book)]
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    if refused:
        raise RuntimeError(f"no answer to measure: {refused[0].method}, {refused[0].reason}: {refused[0].detail}")


def to_ledger(size: int, chance: random.Random) -> tuple[list[Entry], PriceBook]:
    """Every tenth asset is a debt. Prices wander; amounts have up to 18 decimals."""
    held = [Decimal(0)] * ASSETS
    cents = [chance.randint(1_00, 5_000_00) for _ in range(ASSETS)]
    quotes: list[list[Quote]] = [[] for _ in range(ASSETS)]
    step = timedelta(days=1) / A_DAY
    entries = []
    for number in range(size):
        at = START + step * number
        if number % A_DAY == 0:
            for asset, of in enumerate(quotes):
                of.append(Quote(at, Decimal(cents[asset]) / 100))
        asset = number % ASSETS if number < ASSETS else chance.randrange(ASSETS)
        cents[asset] = max(1_00, cents[asset] + chance.randint(-2_00, 2_05))
        entries.append(_entry(asset, at, _delta(held[asset], chance), held, Decimal(cents[asset]) / 100))
    return entries, PriceBook({f"asset-{asset}": of for asset, of in enumerate(quotes)})


def _entry(asset: int, at: datetime, delta: Decimal, held: list[Decimal], price: Decimal) -> Entry:
    held[asset] += delta
    side: Side = "debt" if asset % 10 == 9 else "asset"
    sign = -1 if side == "debt" else 1
    key = f"asset-{asset}", side
    return priced(at, f"source-{asset % 20}", key, delta=delta * sign, held=held[asset] * sign, price=price)


def _delta(held: Decimal, chance: random.Random) -> Decimal:
    if held and chance.random() < 0.45:
        return -held if chance.random() < 0.05 else -(held * chance.randint(1, 90) / 100).quantize(Decimal("1e-18"))
    return Decimal(chance.randint(1, 10**21)).scaleb(-18)
