"""`FetchRequested`: the one request among the facts."""

from holdfast.domain.jobs import JobWindow, Lane
from holdfast.events.event import AwareTime, Event, Name


class FetchRequested(Event, frozen=True, kw_only=True):
    """Fetch one target of one provider. `id` is the job id (holdfast.domain.jobs.job_id)."""

    provider: Name
    feed: Name
    target: str
    """An account id, a token, or what else the feed watches."""
    scope: str
    slot: AwareTime
    """The instant this fetch is due; for lane `now` the moment it was asked for."""
    lane: Lane
    requested_at: AwareTime
    window: JobWindow | None = None
    """Fetch this piece of history instead of what is now; only in lane `backfill`."""
