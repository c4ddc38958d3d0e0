"""Which reports of returns are judged, over which window, and what the warehouse has to judge them by."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.conversion import RateBook
from holdfast.domain.ledger.statements import Line
from holdfast.domain.ledger.statements import Statement as Holdings
from holdfast.domain.quotes import PriceBook
from holdfast.history.prices import read_price_book, read_rate_book
from holdfast.warehouse.client import Warehouse
from services.aggregator import sql
from services.aggregator.guards.rates import RatesTold, read_rates_told
from services.aggregator.guards.statements import Statements, shifted, weigh, weight
from services.aggregator.placing import Statement, to_json, to_lines

MOST = 100
"""Reports of one source judged at once, the newest: of what comes late, those before them are not judged again."""
Instant = tuple[str, str]
"""(source, when), as stored."""


class Report(Struct, frozen=True, array_like=True):
    """One row of sql/read_reported_returns.sql."""

    source: str
    at: str
    fetched_at: str
    event_id: str
    quote: str
    total: Decimal | None
    items: tuple[tuple[str, Decimal | None], ...]

    @property
    def weight(self) -> int:
        """As that of a statement."""
        return weigh(self.at, self.fetched_at, self.event_id)


class StatedLines(Struct, frozen=True, array_like=True):
    """One row of sql/read_stated_lines.sql."""

    source: str
    at: str
    snapshot_id: str
    held: tuple[tuple[str | None, Side, Decimal | None, Decimal | None, Decimal | None, str, str | None], ...]
    seen: str


class Limits(NamedTuple):
    """Of the settings: see GuardSettings."""

    tolerance: Decimal
    reach: timedelta
    window: timedelta


class Case(NamedTuple):
    """A report, the earlier one that opens the window, and our statements from the one that stood then on."""

    report: Report
    opening: Report | None
    statements: Sequence[Statement]
    seen: int
    """Grows with all that was reported and stated in the window and its reach: what opens it may come late, or be
    reported anew in another currency, and then less is compared of more that is known."""


class Known(NamedTuple):
    """What the warehouse has for some cases."""

    lines: Mapping[str, StatedLines]
    """By snapshot id; a statement without lines is not there."""
    prices: PriceBook
    rates: RateBook
    told: RatesTold

    def holdings(self, one: Statement) -> Holdings:
        held = self.lines[one.snapshot_id].held if one.snapshot_id in self.lines else ()
        at, fetched_at = parsed(one.observed_at), parsed(one.fetched_at)
        lines = tuple(Line(*line[:6], parsed(line[6]) if line[6] else None) for line in held)
        return Holdings(one.source, at, fetched_at, one.snapshot_id, lines)

    def seen(self, one: Statement) -> int:
        """Grows with the prices that its lines have seen."""
        return int(self.lines[one.snapshot_id].seen) if one.snapshot_id in self.lines else 0


_REPORTS = msgspec.json.Decoder(Report)
_LINES = msgspec.json.Decoder(StatedLines)


async def read_reports(warehouse: Warehouse, touched: Collection[Instant], limits: Limits) -> list[Report]:
    """Of the touched sources: all whose window may hold something touched, and those that open such a window."""
    times = [at for _, at in touched]
    asked = {
        "sources": to_json(sorted({source for source, _ in touched})),
        "since": shifted(min(times), -limits.window),
        "until": shifted(max(times), limits.window + limits.reach),
    }
    body = await warehouse.read_bytes(sql.load("read_reported_returns"), asked, format="JSONCompactEachRow")
    return _REPORTS.decode_lines(body)


def affected(reports: Iterable[Report], touched: Collection[Instant], limits: Limits) -> list[Report]:
    """Those of one source whose window holds something that was touched, oldest first."""
    found = []
    for one in reports:
        since = shifted(one.at, -limits.window - limits.reach)
        if any(source == one.source and since <= at <= one.at for source, at in touched):
            found.append(one)
    return found[-MOST:]


def spans(reports: Sequence[Report], window: timedelta) -> Iterator[list[Report]]:
    """Together what lies within a window: bounds the statements that are read at once to those of two."""
    rest = list(reports)
    while rest:
        end = shifted(rest[0].at, window)
        some = [one for one in rest if one.at <= end]
        yield some
        rest = rest[len(some) :]


def to_case(report: Report, reports: Iterable[Report], stated: Statements, limits: Limits) -> Case:
    """The window opens with its first report in the same currency that a statement of ours stands at."""
    since = shifted(report.at, -limits.window)
    reached = shifted(since, -limits.reach)
    within = [one for one in reports if since <= one.at <= report.at]
    own = [one for one in stated.of(report.source) if reached <= one.observed_at <= report.at]
    seen = sum(one.weight for one in within) + sum(map(weight, own))
    ours = stated.in_reach(report.source, report.at, limits.reach)
    if ours is None:
        return Case(report, None, (), seen)
    for one in within:
        first = stated.in_reach(report.source, one.at, limits.reach)
        if one.at < report.at and one.quote == report.quote and first is not None:
            return Case(report, one, own[own.index(first) :], seen)
    return Case(report, None, (ours,), seen)


async def read_known(warehouse: Warehouse, cases: Iterable[Case], ranking: Sequence[str]) -> Known:
    """`ranking`: price sources, the most trusted first."""
    comparable = [case for case in cases if case.opening is not None]
    lines = await _read_lines(warehouse, {one for case in comparable for one in case.statements})
    assets = {line[0] for one in lines.values() for line in one.held if line[0]}
    stored = {one.at for case in comparable for one in (case.report, case.opening) if one}
    stored |= {one.observed_at for case in comparable for one in case.statements}
    instants = sorted(parsed(one) for one in stored)
    quotes = {case.report.quote for case in comparable}
    told = await read_rates_told(warehouse, quotes, instants=instants)
    return Known(
        lines,
        await read_price_book(warehouse, assets, instants=instants, ranking=ranking),
        await read_rate_book(warehouse, quotes, instants=instants, ranking=ranking),
        told,
    )


async def _read_lines(warehouse: Warehouse, statements: Collection[Statement]) -> Mapping[str, StatedLines]:
    if not statements:
        return {}
    asked = {"statements": to_lines(sorted((one.source, one.observed_at, one.snapshot_id) for one in statements))}
    body = await warehouse.read_bytes(sql.load("read_stated_lines"), asked, format="JSONCompactEachRow")
    return {one.snapshot_id: one for one in _LINES.decode_lines(body)}


def parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
