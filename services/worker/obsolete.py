"""Whether a job is still wanted: its account or watch may be gone or paused since it was published."""

from holdfast.events import FetchRequested
from holdfast.registry.state import RegistryState


def why_obsolete(state: RegistryState, job: FetchRequested) -> str | None:
    """The reason to drop the job, or None to do it."""
    watch = state.watches.get((job.tenant, job.provider, job.feed, job.target, job.scope))
    if watch is not None:
        return f"paused: {watch.paused}" if watch.paused else None
    account = state.accounts.get((job.tenant, job.target))
    if account is None:
        return "the account is not tracked any more"
    for source in account.sources:
        if (source.provider, source.feed, source.scope) == (job.provider, job.feed, job.scope):
            return f"paused: {source.paused}" if source.paused else None
    return "the account has no such source any more"


def spelling_of(state: RegistryState, job: FetchRequested) -> str:
    """The account as its owner wrote it; empty for what is no account."""
    account = state.accounts.get((job.tenant, job.target))
    return account.spelling if account else ""
