"""The reported past: one range of DALP's own series for a window, as totals that it reported.

Each point is recorded at the timestamp that DALP gives it, the start of its bucket. These are totals and nothing else:
they fill the provider's own series beside ours, and never become holdings.
"""

from datetime import datetime
from decimal import Decimal

from holdfast.domain.assets import fiat
from holdfast.domain.balances import ReportedTotal
from holdfast.domain.jobs import JobWindow
from holdfast.domain.money import LIMIT
from holdfast.providers.dalp.balances import SCOPE
from holdfast.providers.dalp.client import DalpClient, parse_participant
from holdfast.providers.dalp.wire import (
    RANGES_PATH,
    STEPS,
    Interval,
    Point,
    Series,
    ShapeError,
    TimestampError,
    parse_timestamp,
    range_query,
    to_resource,
)
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import UnexpectedResponseError

INTERVALS: dict[int, Interval] = {int(step.total_seconds()): interval for interval, step in STEPS.items()}
"""By seconds."""
POINTS = 168
"""Of one request: a week of hours. DALP documents no limit."""


async def fetch_history(client: DalpClient, target: Target, window: JobWindow) -> Fetched:
    """Raises ProviderError."""
    interval = INTERVALS.get(window.every_s)
    if interval is None:
        raise UnexpectedResponseError(f"no series in steps of {window.every_s} s; there are {[*INTERVALS]}")
    participant = parse_participant(target.target)
    query = range_query(interval, window.start, window.end)
    answer = await client.fetch(RANGES_PATH, query, participant=participant)
    try:
        series = to_resource(answer.json(), Series).data
        return Fetched(totals=_to_totals(series, answer, client, target))
    except (ShapeError, TimestampError) as error:
        raise answer.unexpected(f"series: {error}") from error


def _to_totals(series: Series, answer: Answer, client: DalpClient, target: Target) -> tuple[ReportedTotal, ...]:
    instants = [_instant(point, target.window) for point in series.data]
    if instants != sorted(set(instants)):
        raise ShapeError("data: its points are not in order")
    return tuple(
        ReportedTotal(
            account=target.target,
            scope=SCOPE,
            observed_at=at,
            currency=fiat(client.settings.base_currency),
            total=_total(point),
            reason=None if series.conversion_reliable else "unreliable_conversion",
            raw=(answer.sha256,),
        )
        for at, point in zip(instants, series.data, strict=True)
    )


def _instant(point: Point, window: JobWindow | None) -> datetime:
    at = parse_timestamp(point.timestamp)
    if window is not None and not window.holds(at):
        raise ShapeError("data: a point outside the range that was asked for")
    return at


def _total(point: Point) -> Decimal:
    total = point.total_value_in_base_currency
    if abs(total) >= LIMIT:
        raise ShapeError("data: a total beyond any amount")
    return total
