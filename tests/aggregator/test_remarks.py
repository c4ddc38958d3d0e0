"""What a provider says against its own total reaches the table, and makes it another statement."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from holdfast.domain.assets import USD
from holdfast.domain.balances import ReportedTotal, TotalReason
from holdfast.domain.jobs import job_id
from holdfast.events import FetchRequested, TotalsReported
from holdfast.providers.kit.contract import Fetched
from services.aggregator.event_rows import to_reported_total_row
from services.worker.results import Run, fetched_events

AT = datetime(2026, 3, 24, 16, tzinfo=UTC)
NAMES = {"tenant": "acme", "provider": "dalp", "feed": "balances", "target": "dalp:me", "scope": "dalp"}


def told(reason: TotalReason | None) -> TotalsReported:
    identity = job_id(**NAMES, slot=AT)
    job = FetchRequested(id=identity, **NAMES, slot=AT, lane="due", requested_at=AT)
    total = ReportedTotal(
        account="dalp:me", scope="dalp", observed_at=AT, currency=USD, total=Decimal(5), reason=reason
    )
    run = Run(job=job, attempt=1, started_at=AT)
    [event] = fetched_events(run, Fetched(totals=(total,)), finished_at=AT, limit_bytes=100_000)
    assert isinstance(event, TotalsReported)
    return event


@pytest.mark.parametrize(("reason", "stored"), [(None, ""), ("unreliable_conversion", "unreliable_conversion")])
def test_a_remark_on_a_total_is_stored_beside_it(reason: TotalReason | None, stored: str) -> None:
    row = to_reported_total_row(told(reason), recorded_at=AT)
    assert (row.total, row.reason) == (Decimal(5), stored)


def test_the_same_total_with_a_remark_is_another_statement() -> None:
    assert told(None).id != told("unreliable_conversion").id
