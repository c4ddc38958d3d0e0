"""What a source stated, reduced to what the ledger needs: so much of an asset on a side, and its worth in USD."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly, ratio, times
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.valuation import NEVER_VALUED

LEFT_OUT = frozenset({"receipt_token"})
"""Reasons of lines that are no part of a total, and so none of the ledger. One whose value is unknown is part of it,
whatever the reason: without it a doubtful reading would be a sale, and a total that lacked it would be wrong."""

UNREADABLE = "unreadable"
HELD_ON = frozenset({UNREADABLE, "negative_amount"})
"""Of a holding that a statement lists without saying how much there is: neither sold nor priced until one says so."""

VALUE_ONLY = "value_only"
"""Of a value that is stated without an amount: it counts, and it has no flows. So does one beside an amount of 0."""

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
    waits_for: str = ""
    """The asset whose price would value it: its own, or its currency's; empty where it does not lack one."""


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
    reason: str = ""
    """Why its worth is unknown whatever the feed says; one of HELD_ON: the amount is what it last was known to be."""
    since: datetime | None = None
    """When the price was quoted, where that was before the statement: of several prices the oldest."""
    waits_for: str = ""
    """The asset whose price a line of it lacks: its own, or the currency that it was stated in."""


class Coverage(NamedTuple):
    """How much of the gross value (assets + debt, USD) is stated with amounts, and how many lines are not."""

    covered: Decimal
    gross: Decimal
    lines_unread: Mapping[str, int] = {}
    """Lines that do have an amount, which could not be read, by why; whether their asset is known or not."""
    lines_value_only: int = 0

    @property
    def lines_without_amount(self) -> int:
        return sum(self.lines_unread.values()) + self.lines_value_only

    @property
    def share(self) -> Decimal | None:
        return ratio(self.covered, self.gross) if self.gross else None


NOTHING_STATED = Coverage(ZERO, ZERO)


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


def has_amount(line: Line) -> bool:
    """Whether it says how much there is of something. An amount of 0 with a value does not: the total counts these."""
    return line.asset is not None and line.amount is not None and (bool(line.amount) or not line.value)


def without_amount(statement: Statement) -> dict[AssetSide, str]:
    """Assets that it names and should, but does not, say the amount of, and why."""
    unread = sorted(
        (_why_unread(line), line.asset, line.side)
        for line in statement.lines
        if line.amount is None and line.asset is not None and _is_unread(line)
    )
    return {(asset, side): why for why, asset, side in unread}


def _is_unread(line: Line) -> bool:
    """Of a line that states no amount: whether there is one. A value alone has none; of no asset one must say so."""
    return line.reason in HELD_ON or (line.asset is not None and line.reason not in _NEVER_AMOUNTS)


def _why_unread(line: Line) -> str:
    return line.reason if line.reason in HELD_ON else UNREADABLE


def carried(statement: Statement, known: Mapping[AssetSide, Decimal]) -> Statement:
    """The statement with the amounts, signed, that were known before in place of those that it does not say."""
    unread = without_amount(statement)
    kept = tuple(line for line in statement.lines if (line.asset, line.side) not in unread)
    lines = (Line(*key, abs(known[key]), reason=why) for key, why in sorted(unread.items()) if known.get(key))
    return statement._replace(lines=(*kept, *lines))


@exactly
def to_holdings(statement: Statement) -> dict[AssetSide, Holding]:
    """What is held, without lines of unknown amount: nothing is inferred from a value."""
    lines: dict[AssetSide, list[Line]] = {}
    for line in statement.lines:
        if line.asset is not None and has_amount(line) and line.reason not in LEFT_OUT:
            lines.setdefault((line.asset, line.side), []).append(line)
    return {key: _to_holding(key[1], of) for key, of in lines.items()}


def _to_holding(side: Side, lines: list[Line]) -> Holding:
    """The stated price, if the lines agree on it and their values follow from it; else their value per unit."""
    sign = -1 if side == "debt" else 1
    amount = sign * sum((line.amount or ZERO for line in lines), ZERO)
    if doubts := [line.reason for line in lines if line.amount and line.reason in NEVER_VALUED]:
        return Holding(amount, None, None, min(doubts))
    prices = {line.price for line in lines if line.amount}
    price = prices.pop() if len(prices) == 1 else None
    if unpriced := [line for line in lines if line.amount and line.value is None and line.price is None]:
        return Holding(amount, None, None, waits_for=_waits_for(unpriced))
    worth = sign * sum((_value(line) for line in lines), ZERO)
    since = min((line.since for line in lines if line.amount and line.since), default=None)
    try:
        if price is None or times(amount, price) != worth:
            price = ratio(worth, amount) if amount else None
        return Holding(amount, price, worth, since=since)
    except OutOfRangeError:
        return Holding(amount, None, None)


def _waits_for(unpriced: Iterable[Line]) -> str:
    """Of a currency rather than of its own: no price of its own would value all of it then."""
    return max((lacks_rate(line.asset, line.waits_for), line.waits_for) for line in unpriced)[1]


def lacks_rate(asset: str | None, waits_for: str) -> bool:
    """Whether it was stated in a currency without a rate into dollars: what its source said counts all the same, until
    somebody quotes a newer price, so what was quoted before is not looked at."""
    return waits_for not in ("", asset)


def _value(line: Line) -> Decimal:
    if line.value is not None:
        return line.value
    return ZERO if line.price is None or line.amount is None else times(line.amount, line.price)


@exactly
def to_coverage(statement: Statement) -> Coverage:
    covered, gross, value_only = ZERO, ZERO, 0
    unread: Counter[str] = Counter()
    for line in statement.lines:
        if line.reason in LEFT_OUT:
            continue
        gross += _value(line)
        if has_amount(line):
            covered += _value(line)
        elif line.amount is None and _is_unread(line):
            unread[_why_unread(line)] += 1
        else:
            value_only += 1
    return Coverage(covered, gross, unread, value_only)


def unmeasured_assets(statement: Statement) -> set[str]:
    """Assets of the lines without an amount that `to_coverage` counts. A line that names none may be of any."""
    lines = (line for line in statement.lines if line.reason not in LEFT_OUT and not has_amount(line))
    return {line.asset for line in lines if line.asset is not None}
