"""What a source stated, reduced to what the ledger needs: so much of an asset on a side, and its worth in USD."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly, ratio, times
from holdfast.domain.money import OutOfRangeError

LEFT_OUT = frozenset({"negative_amount", "receipt_token", "excluded", "low_liquidity"})
"""Reasons of lines that are no part of a total, and so none of the ledger. One that is worth more than can be stored
is part of it: a total that lacked it without a word would be wrong."""

UNREADABLE = "unreadable"
"""Of a holding that a statement lists without saying how much there is: neither sold nor priced until one says so."""

VALUE_ONLY = "value_only"
"""Of a value that is stated without an amount: it counts, and it has no flows."""

_NEVER_AMOUNTS = LEFT_OUT | {VALUE_ONLY}

AssetSide = tuple[str, Side]


class Line(NamedTuple):
    """One line of a snapshot. `amount` and `value` are not negative; `price` and `value` are in USD."""

    asset: str | None
    side: Side
    amount: Decimal | None
    price: Decimal | None = None
    value: Decimal | None = None
    reason: str = ""
    since: datetime | None = None
    """When the feed quoted the price; None: it was stated with the line."""


class Statement(NamedTuple):
    """A snapshot: complete, so what it does not list is zero."""

    source: str
    at: datetime
    """`observed_at`."""
    fetched_at: datetime
    snapshot_id: str
    lines: tuple[Line, ...]


class Holding(NamedTuple):
    """All of an asset on one side. Debt is negative."""

    amount: Decimal
    price: Decimal | None
    """Per unit in USD, as stated; None: look at the price feed."""
    worth: Decimal | None
    """In USD, the sum of its lines' values."""
    readable: bool = True
    """False: the amount is what it last was known to be, and its worth is unknown."""
    since: datetime | None = None
    """When the price was quoted, where that was before the statement: of several prices the oldest."""


class Coverage(NamedTuple):
    """How much of the gross value (assets + debt, USD) is stated with amounts, and how many lines are not."""

    covered: Decimal
    gross: Decimal
    lines_without_amount: int
    lines_unreadable: int = 0
    """Of those: lines that do have an amount, which could not be read; whether their asset is known or not."""

    @property
    def lines_value_only(self) -> int:
        return self.lines_without_amount - self.lines_unreadable

    @property
    def share(self) -> Decimal | None:
        return ratio(self.covered, self.gross) if self.gross else None


NOTHING_STATED = Coverage(ZERO, ZERO, 0)


def current(statements: Iterable[Statement]) -> list[Statement]:
    """In order of source and time; of several for one instant, that with the greatest (fetched_at, snapshot_id)."""
    newest: dict[tuple[str, datetime], Statement] = {}
    for statement in statements:
        key = statement.source, statement.at
        held = newest.get(key)
        if held is None or _rank(statement) > _rank(held):
            newest[key] = statement
    return sorted(newest.values(), key=attrgetter("source", "at"))


def _rank(statement: Statement) -> tuple[datetime, str]:
    return statement.fetched_at, statement.snapshot_id


def without_amount(statement: Statement) -> set[AssetSide]:
    """Assets that it names and should, but does not, say the amount of."""
    return {
        (line.asset, line.side)
        for line in statement.lines
        if line.amount is None and line.asset is not None and _is_unread(line)
    }


def _is_unread(line: Line) -> bool:
    """Of a line that states no amount: whether there is one. A value alone has none; of no asset one must say so."""
    return line.reason == UNREADABLE or (line.asset is not None and line.reason not in _NEVER_AMOUNTS)


def carried(statement: Statement, known: Mapping[AssetSide, Decimal]) -> Statement:
    """The statement with the amounts, signed, that were known before in place of those that it does not say."""
    unread = without_amount(statement)
    kept = tuple(line for line in statement.lines if (line.asset, line.side) not in unread)
    lines = (Line(*key, abs(known[key]), reason=UNREADABLE) for key in sorted(unread) if known.get(key))
    return statement._replace(lines=(*kept, *lines))


@exactly
def to_holdings(statement: Statement) -> dict[AssetSide, Holding]:
    """What is held, without lines of unknown amount: nothing is inferred from a value."""
    lines: dict[AssetSide, list[Line]] = {}
    for line in statement.lines:
        if line.asset is not None and line.amount is not None and line.reason not in LEFT_OUT:
            lines.setdefault((line.asset, line.side), []).append(line)
    return {key: _to_holding(key[1], of) for key, of in lines.items()}


def _to_holding(side: Side, lines: list[Line]) -> Holding:
    """The stated price, if the lines agree on it and their values follow from it; else their value per unit."""
    sign = -1 if side == "debt" else 1
    amount = sign * sum((line.amount or ZERO for line in lines), ZERO)
    if any(line.reason == UNREADABLE for line in lines):
        return Holding(amount, None, None, readable=False)
    prices = {line.price for line in lines if line.amount}
    price = prices.pop() if len(prices) == 1 else None
    if any(line.value is None and line.price is None for line in lines if line.amount):
        return Holding(amount, None, None)
    worth = sign * sum((_value(line) for line in lines), ZERO)
    since = min((line.since for line in lines if line.amount and line.since), default=None)
    try:
        if price is None or times(amount, price) != worth:
            price = ratio(worth, amount) if amount else None
        return Holding(amount, price, worth, since=since)
    except OutOfRangeError:
        return Holding(amount, None, None)


def _value(line: Line) -> Decimal:
    if line.value is not None:
        return line.value
    return ZERO if line.price is None or line.amount is None else times(line.amount, line.price)


@exactly
def to_coverage(statement: Statement) -> Coverage:
    covered, gross, without, unread = ZERO, ZERO, 0, 0
    for line in statement.lines:
        if line.reason in LEFT_OUT:
            continue
        gross += _value(line)
        if line.amount is None or line.asset is None:
            without += 1
            unread += line.amount is None and _is_unread(line)
        else:
            covered += _value(line)
    return Coverage(covered, gross, without, unread)
