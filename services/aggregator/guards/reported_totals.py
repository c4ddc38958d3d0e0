"""A provider's own totals against the sum of its lines, as we value them, at each instant that it reported one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec
from msgspec import Struct

from holdfast.domain.agreement import judge
from holdfast.domain.assets import USD
from holdfast.domain.conversion import MissingRate, Rate, RateBook
from holdfast.domain.money import OutOfRangeError
from holdfast.history.prices import read_rate_book
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import SourceCheckRow, stored_time
from services.aggregator import sql
from services.aggregator.guards.rates import RatesTold, read_rates_told
from services.aggregator.guards.statements import Worth, parsed, read_statements, read_worth, shifted, weigh, weight
from services.aggregator.placing import Statement, to_lines

KIND = "reported_total"
Instant = tuple[str, str]
"""(source, when), as stored."""


class Report(Struct, frozen=True, array_like=True):
    """One row of sql/read_reports.sql."""

    source: str
    at: str
    platform: str
    currency: str
    total: Decimal | None
    reason: str
    fetched_at: str
    event_id: str

    @property
    def weight(self) -> int:
        """As that of a statement."""
        return weigh(self.at, self.fetched_at, self.event_id)


_REPORTS = msgspec.json.Decoder(Report)


async def check_reported_totals(
    warehouse: Warehouse,
    touched: Collection[Instant],
    *,
    tolerance: Decimal,
    reach: timedelta,
    ranking: Sequence[str] = (),
) -> list[SourceCheckRow]:
    """`touched`: statements and reports just stored. `reach`: how much older than the report the statement may be.

    `ranking`: price sources, the most trusted first.
    """
    asked = {"touched": to_lines(sorted(touched)), "reach_s": int(reach.total_seconds())}
    body = await warehouse.read_bytes(sql.load("read_reports"), asked, format="JSONCompactEachRow")
    reports = _REPORTS.decode_lines(body)
    if not reports:
        return []
    times_ = [report.at for report in reports]
    sources = {report.source for report in reports}
    since = shifted(min(times_), -reach)
    statements = await read_statements(warehouse, sources, since=since, until=max(times_))
    ours = [statements.in_reach(report.source, report.at, reach) for report in reports]
    worth = await read_worth(warehouse, [one for one in ours if one is not None])
    instants = sorted({parsed(report.at) for report in reports if report.currency != USD})
    currencies = {report.currency for report in reports}
    told = await read_rates_told(warehouse, currencies, instants=instants)
    rates = await read_rate_book(warehouse, currencies, instants=instants, ranking=ranking)
    return [
        _check(report, one, worth, (rates, told), tolerance=tolerance)
        for report, one in zip(reports, ours, strict=True)
    ]


def _check(
    report: Report,
    one: Statement | None,
    worth: Mapping[str, Worth],
    known: tuple[RateBook, RatesTold],
    *,
    tolerance: Decimal,
) -> SourceCheckRow:
    ours = worth[one.snapshot_id].on(report.platform) if one is not None else None
    (rates, told), at = known, parsed(report.at)
    rate = rates.find(report.currency, USD, at)
    theirs = _in_usd(report.total, rate)
    judgement = judge(ours.net if ours else None, theirs, tolerance=tolerance, doubt=_doubt(report, ours, rate, theirs))
    tenant, provider, account, scope = report.source.split("/")
    stated = weight(one) + report.weight
    rate_at = rate.oldest if isinstance(rate, Rate) else None
    return SourceCheckRow(
        tenant=tenant,
        source=report.source,
        kind=KIND,
        against=report.source,
        platform=report.platform,
        at=report.at,
        version=str((stated << 80) + (ours.seen if ours else 0) + told.seen(report.currency, at)),
        account=account,
        provider=provider,
        scope=scope,
        ours_at=one.observed_at if one else None,
        ours=ours.net if ours else None,
        theirs=theirs,
        currency=report.currency,
        stated=report.total,
        rate_at=None if rate_at is None else stored_time(rate_at),
        difference=judgement.difference,
        ratio=judgement.ratio,
        tolerance=tolerance,
        verdict=judgement.verdict,
        reason=judgement.reason,
        lines_unpriced=ours.lines_unpriced if ours else 0,
        asset="",
        asset_difference=None,
    )


def _in_usd(total: Decimal | None, rate: Rate | MissingRate) -> Decimal | None:
    try:
        return None if total is None or isinstance(rate, MissingRate) else rate.of(total)
    except OutOfRangeError:
        return None


def _doubt(report: Report, ours: Worth | None, rate: Rate | MissingRate, theirs: Decimal | None) -> str:
    """Why a difference would prove nothing: the first that holds."""
    if ours is None:
        return "not_seen"
    if report.total is None:
        return "no_total"
    if isinstance(rate, MissingRate):
        return "no_rate"
    if theirs is None:
        return "out_of_range"
    if ours.lines_unpriced:
        return "unpriced"
    return report.reason
