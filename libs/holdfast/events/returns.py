"""Returns that a provider computed itself."""

from decimal import Decimal

from holdfast.domain.reported import ReportedReturn
from holdfast.events.event import AwareTime, Event, Id, Name


class ReturnsReported(Event, frozen=True, kw_only=True):
    """From the account's beginning to `observed_at`: compared with ours, never added to it."""

    provider: Name
    account: str
    scope: Name
    observed_at: AwareTime
    fetched_at: AwareTime
    job_id: Id
    quote: str
    total_return: Decimal | None
    items: tuple[ReportedReturn, ...]
    block_number: int | None = None
    raw: tuple[str, ...] = ()
