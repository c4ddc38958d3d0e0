"""What is to be fetched and how often; and the job that asks for it, whoever asks.

The scheduler turns schedules into jobs of lane `due`; the API and the command line publish the same
jobs in lane `now` themselves, which overtake.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from holdfast.domain.jobs import JobWindow, Lane, job_id
from holdfast.domain.time import floor_to
from holdfast.events.jobs import FetchRequested
from holdfast.registry.state import RegistryState
from holdfast.registry.validation import existing_account


class Schedule(Struct, frozen=True, kw_only=True):
    """One target of one feed: a source of an account, or a watch."""

    tenant: str
    provider: str
    feed: str
    target: str
    scope: str
    every_s: int
    paused: str | None = None

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        return (self.tenant, self.provider, self.feed, self.target, self.scope)


def schedules_of(state: RegistryState) -> list[Schedule]:
    """Everything that is fetched, paused or not."""
    sources = [
        Schedule(
            tenant=account.tenant,
            provider=setting.provider,
            feed=setting.feed,
            target=account.id,
            scope=setting.scope,
            every_s=setting.every_s,
            paused=setting.paused,
        )
        for account in state.accounts.values()
        for setting in account.sources
    ]
    watches = [
        Schedule(
            tenant=watch.tenant,
            provider=watch.provider,
            feed=watch.feed,
            target=watch.target,
            scope=watch.scope,
            every_s=watch.every_s,
            paused=watch.paused,
        )
        for watch in state.watches.values()
    ]
    return sources + watches


def to_request(
    schedule: Schedule, *, slot: datetime, lane: Lane, now: datetime, window: JobWindow | None = None
) -> FetchRequested:
    """The job of one slot. Whoever builds it for the same slot builds the same job, with the same id."""
    return FetchRequested(
        id=job_id(
            tenant=schedule.tenant,
            provider=schedule.provider,
            feed=schedule.feed,
            target=schedule.target,
            scope=schedule.scope,
            slot=slot,
            window=window,
        ),
        tenant=schedule.tenant,
        provider=schedule.provider,
        feed=schedule.feed,
        target=schedule.target,
        scope=schedule.scope,
        slot=slot,
        lane=lane,
        requested_at=now,
        window=window,
    )


def requests_now(state: RegistryState, tenant: str, account: str, *, now: datetime) -> list[FetchRequested]:
    """The jobs of lane `now` for every source of an account that is not paused; to be published as they are.

    The slot is the whole second, so that a double click is one job. Raises RegistryError for an
    account that the tenant does not have.
    """
    existing_account(state, tenant, account)
    slot = floor_to(now, timedelta(seconds=1))
    return [
        to_request(schedule, slot=slot, lane="now", now=now)
        for schedule in schedules_of(_only(state, tenant, account))
        if schedule.paused is None
    ]


def _only(state: RegistryState, tenant: str, account: str) -> RegistryState:
    return RegistryState(revision=state.revision, accounts={(tenant, account): state.accounts[tenant, account]})
