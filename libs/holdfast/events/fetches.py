"""How a fetch ended: outcome, cost and freshness."""

from holdfast.domain.jobs import JobWindow, Lane
from holdfast.events.event import AwareTime, Event, Id, Name


class FetchFinished(Event, frozen=True, kw_only=True):
    """A job was done and its events are stored in the stream."""

    job_id: Id
    provider: Name
    feed: Name
    target: str
    scope: str
    slot: AwareTime
    lane: Lane
    started_at: AwareTime
    finished_at: AwareTime
    attempts: int
    requests: int
    response_bytes: int
    snapshots: int
    lines: int
    window: JobWindow | None = None
    """The piece of history that was fetched; None for what was then."""


class FetchFailed(Event, frozen=True, kw_only=True):
    """An attempt failed. `outcome` says what the runtime did about it."""

    job_id: Id
    provider: Name
    feed: Name
    target: str
    scope: str
    slot: AwareTime
    lane: Lane
    started_at: AwareTime
    finished_at: AwareTime
    attempts: int
    error: str
    """The class of the error, as `RateLimited`."""
    message: str
    """Redacted: no credential, no body."""
    outcome: str
    """`retry`, `paused`, `stopped`, `no_history` or `dead_lettered`."""
    retry_at: AwareTime | None = None
    window: JobWindow | None = None
