"""What a source stated about an account."""

from decimal import Decimal

from holdfast.domain.balances import Balance, Block, TotalReason
from holdfast.events.event import AwareTime, Event, Id, Name


class BalancesObserved(Event, frozen=True, kw_only=True):
    """One whole snapshot, or one numbered part of a snapshot that is over the payload limit.

    `id` is the snapshot id for a whole one; a part has an id of its own (holdfast.events.splitting).
    The position of a line in the snapshot is `offset` + its index here.
    """

    provider: Name
    account: str
    scope: Name
    snapshot_id: Id
    observed_at: AwareTime
    fetched_at: AwareTime
    job_id: Id
    balances: tuple[Balance, ...]
    covers: tuple[str, ...] = ()
    block: Block | None = None
    raw: tuple[str, ...] = ()
    part: int = 1
    parts: int = 1
    offset: int = 0
    lines: int
    """Lines of the whole snapshot, over all parts."""


class TotalsReported(Event, frozen=True, kw_only=True):
    """A total that the provider computed itself: compared with ours, never added to it."""

    provider: Name
    account: str
    scope: Name
    observed_at: AwareTime
    fetched_at: AwareTime
    job_id: Id
    currency: str
    total: Decimal | None
    platform: str = ""
    reason: TotalReason | None = None
    raw: tuple[str, ...] = ()
