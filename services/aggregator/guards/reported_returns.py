"""A provider's own returns against ours, over a window that both know: from one report to a later one.

Ours are by its definition, the simple return of `domain.returns`, of the same source and in its currency. Where there
is no earlier report in the window that a statement of ours stands at, nothing can be compared: `history_incomplete`.
"""

import asyncio
from collections.abc import Collection, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from holdfast.domain.agreement import judge
from holdfast.domain.assets import USD
from holdfast.domain.conversion import MissingRate, Rate
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.returns.answers import Window
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import SourceCheckRow, stored_time
from services.aggregator.guards.gains import Compared, compare, our_gains, their_gains
from services.aggregator.guards.return_cases import (
    Case,
    Instant,
    Known,
    Limits,
    Report,
    affected,
    parsed,
    read_known,
    read_reports,
    spans,
    to_case,
)
from services.aggregator.guards.statements import read_statements, shifted

KIND = "reported_return"


async def check_reported_returns(
    warehouse: Warehouse, touched: Collection[Instant], limits: Limits, *, ranking: Sequence[str] = ()
) -> list[SourceCheckRow]:
    """`touched`: statements and reports just stored. `ranking`: price sources, the most trusted first."""
    made: list[SourceCheckRow] = []
    for _, of in groupby(await read_reports(warehouse, touched, limits), key=attrgetter("source")):
        reports = list(of)
        for some in spans(affected(reports, touched, limits), limits.window):
            made += await _check(warehouse, reports, some, limits, ranking)
    return made


async def _check(
    warehouse: Warehouse, reports: Sequence[Report], judged: Sequence[Report], limits: Limits, ranking: Sequence[str]
) -> list[SourceCheckRow]:
    """All of one source."""
    since = shifted(judged[0].at, -limits.window - limits.reach)
    stated = await read_statements(warehouse, {judged[0].source}, since=since, until=judged[-1].at)
    cases = [to_case(one, reports, stated, limits) for one in judged]
    known = await read_known(warehouse, cases, ranking)
    # In a thread: the arithmetic of many statements is no reason to miss a ping.
    return await asyncio.to_thread(lambda: [_to_row(case, known, limits) for case in cases])


def _to_row(case: Case, known: Known, limits: Limits) -> SourceCheckRow:
    report, opening, statements, _ = case
    found = _compared(case, opening, known) if opening else None
    rate = known.rates.find(report.quote, USD, parsed(report.at))
    doubt = _doubt(case, found, rate)
    counted = found if not doubt else None
    ours, theirs = (_in_usd(number, rate) for number in ((counted.ours, counted.theirs) if counted else (None, None)))
    at_work = _in_usd(counted.at_work, rate) if counted else None
    judgement = judge(ours, theirs, tolerance=limits.tolerance, doubt=doubt, of=at_work)
    tenant, provider, account, scope = report.source.split("/")
    rate_at = rate.oldest if isinstance(rate, Rate) else None
    return SourceCheckRow(
        tenant=tenant,
        source=report.source,
        kind=KIND,
        against=report.source,
        platform="",
        at=report.at,
        since=opening.at if opening else None,
        version=_version(case, known),
        account=account,
        provider=provider,
        scope=scope,
        ours_at=statements[-1].observed_at if statements else None,
        ours=ours,
        theirs=theirs,
        currency=report.quote,
        stated=report.total,
        rate_at=None if rate_at is None else stored_time(rate_at),
        difference=judgement.difference,
        ratio=judgement.ratio,
        tolerance=limits.tolerance,
        verdict=judgement.verdict,
        reason=judgement.reason,
        lines_unpriced=found.left_out if found else 0,
        asset=counted.widest if counted else "",
        asset_difference=_in_usd(counted.apart, rate) if counted and counted.widest else None,
    )


def _compared(case: Case, opening: Report, known: Known) -> Compared:
    window = Window(parsed(opening.at), parsed(case.report.at))
    statements = [known.holdings(one) for one in case.statements]
    ours = our_gains(statements, window, known.prices, known.rates, case.report.quote)
    return compare(ours, their_gains(dict(opening.items), dict(case.report.items)))


def _doubt(case: Case, found: Compared | None, rate: Rate | MissingRate) -> str:
    """Why nothing can be said: the first that holds."""
    if not case.statements:
        return "not_seen"
    if found is None:
        return "history_incomplete"
    if isinstance(rate, MissingRate):
        return "no_rate"
    return "unpriced" if found.left_out and not found.assets else ""


def _in_usd(number: Decimal | None, rate: Rate | MissingRate) -> Decimal | None:
    try:
        return rate.of(number) if isinstance(rate, Rate) and number is not None else None
    except OutOfRangeError:
        return None


def _version(case: Case, known: Known) -> str:
    """Grows with what was stated and reported in the window, and below that with the prices that the lines have seen
    and the rates that convert them.
    """
    reports = [case.report, *([case.opening] if case.opening else [])]
    instants = {one.at for one in reports} | {one.observed_at for one in case.statements}
    rates = sum(known.told.seen(case.report.quote, parsed(at)) for at in instants)
    return str((case.seen << 80) + sum(known.seen(one) for one in case.statements) + rates)
