"""What the lines of a statement are worth at an instant: carried as they were valued, or marked to market."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal

from holdfast.domain.exact import ZERO, exactly, times
from holdfast.domain.ledger.statements import Line, has_amount, lacks_rate
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.quotes import PriceBook
from holdfast.domain.refusals import MAY_BE_REFUSED, to_wait
from holdfast.domain.series import State
from holdfast.domain.valuation import price_age

_NEVER_MARKED = frozenset({"low_liquidity", "excluded", "out_of_range", "unreadable", "negative_amount"})
"""Reasons that a price must not override."""

ValueOf = Callable[[Line, datetime, datetime], tuple[Decimal | None, str]]
"""Of a line, when it was stated, and the instant asked for: the value in US dollars, or None and why."""


def carried_value(line: Line, stated_at: datetime, at: datetime) -> tuple[Decimal | None, str]:
    """As it was valued when it was observed, whenever it is asked for."""
    return line.value, line.reason


def marking(prices: PriceBook) -> ValueOf:
    """With the newest price of the last 24 hours (of a currency: 5 days), the statement's own or the feed's.

    The rule of ledger/marks.py. A value without an amount cannot move: it is carried as stated.
    """

    def marked_value(line: Line, stated_at: datetime, at: datetime) -> tuple[Decimal | None, str]:
        fixed = line.reason in _NEVER_MARKED or not has_amount(line)
        if at == stated_at or fixed or line.asset is None or line.amount is None:
            return line.value, line.reason
        feed = prices.newest(line.asset, at)
        since = line.since or stated_at
        own_is_fresh = line.value is not None and at - since <= price_age(line.asset)
        is_newer = feed is not None and feed.at > since
        if not is_newer and (own_is_fresh or lacks_rate(line.asset, line.waits_for)):
            return line.value, line.reason
        if feed is None:
            return None, prices.reason(line.asset, at)
        try:
            return times(line.amount, feed.price), ""
        except OutOfRangeError:
            return None, "out_of_range"

    return marked_value


@exactly
def to_state(
    stated_at: datetime,
    lines: Sequence[tuple[str, Line]],
    left_out: tuple[Collection[str | None], Collection[str | None]],
    at: datetime,
    value_of: ValueOf,
) -> State:
    """The sums over the lines of a statement. A line without a value is counted, and in no sum.

    `lines`: each after its kind. `left_out`: assets whose wallet lines other sources stand for, and assets that count
    nowhere.
    """
    receipts, excluded = left_out
    sums = {"asset": ZERO, "debt": ZERO}
    reasons: Counter[str] = Counter()
    waits: Counter[str] = Counter()
    unpriced = ruled_out = 0
    for kind, line in lines:
        if kind == "wallet" and line.asset in receipts:
            reasons["receipt_token"] += 1
            continue
        if line.asset in excluded:
            ruled_out += 1
            continue
        value, reason = value_of(line, stated_at, at)
        reasons[reason] += 1
        if value is None and line.waits_for and reason in MAY_BE_REFUSED:
            waits[to_wait(reason, line.waits_for)] += 1
        unpriced += value is None
        sums[line.side] += value or ZERO
    counted = len(lines) - reasons["receipt_token"] - ruled_out
    reasons["excluded"] += ruled_out
    return State(
        stated_at,
        sums["asset"],
        sums["debt"],
        unpriced,
        lines=counted,
        excluded=len(lines) - counted,
        stale=reasons["stale"],
        reasons={reason: lines for reason, lines in reasons.items() if reason and lines},
        waits=waits,
    )
