"""`plan_jobs`: what is due now. Pure, so that two schedulers who see the same plan the same.

Every schedule has a grid of slots, `every_s` apart and shifted by a hash of its identity, so that ten
thousand hourly accounts do not all fall due on the hour. Due is the newest slot that has passed, if it
is later than the one the cursor knows: slots missed while nobody was there are skipped, not replayed.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from holdfast.registry.schedules import Schedule

Identity = tuple[str, str, str, str, str]
"""(tenant, provider, feed, target, scope): see holdfast.registry.schedules."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Cursor(Struct, frozen=True, kw_only=True):
    """How far a schedule has come, as this scheduler sees it."""

    slot: datetime
    published: bool
    """False: claimed by `owner`, who has not confirmed (yet) that the job is in the stream."""
    owner: str
    revision: int
    seen_at: datetime
    """Since when this scheduler has seen it so, without a gap."""


class PlannedJob(Struct, frozen=True, kw_only=True):
    schedule: Schedule
    slot: datetime
    skipped: int
    """Slots between the last one published and this one."""
    cursor: Cursor | None
    """What the claim must replace; None where there is nothing yet."""


def plan_jobs(
    schedules: Iterable[Schedule],
    cursors: Mapping[Identity, Cursor],
    now: datetime,
    *,
    owner: str,
    takeover_after: timedelta,
) -> list[PlannedJob]:
    """The jobs that `owner` should claim and publish now, oldest slot first. A paused schedule has none."""
    jobs = [
        job
        for schedule in schedules
        if schedule.paused is None
        and (job := _due(schedule, cursors.get(schedule.identity), now, owner, takeover_after)) is not None
    ]
    return sorted(jobs, key=lambda job: (job.slot, job.schedule.identity))


def _due(
    schedule: Schedule, cursor: Cursor | None, now: datetime, owner: str, takeover_after: timedelta
) -> PlannedJob | None:
    if cursor is not None and cursor.published and now - cursor.slot < timedelta(seconds=schedule.every_s):
        return None  # almost all of them, almost always
    slot = newest_slot(schedule, now)
    if cursor is None:
        return PlannedJob(schedule=schedule, slot=slot, skipped=0, cursor=None)
    if cursor.published:
        due = slot > cursor.slot
    else:
        # Somebody's unfinished claim: ours to finish if it is our own, or if they seem to be gone.
        free = cursor.owner == owner or now - cursor.seen_at >= takeover_after
        due = free and slot >= cursor.slot
    return (
        PlannedJob(schedule=schedule, slot=slot, skipped=_between(schedule, cursor.slot, slot), cursor=cursor)
        if due
        else None
    )


def newest_slot(schedule: Schedule, now: datetime) -> datetime:
    """The latest point of the schedule's grid that is not after `now`."""
    every_ms = schedule.every_s * 1000
    shift_ms = zlib.crc32("\n".join(schedule.identity).encode()) * every_ms >> 32
    now_ms = (now - _EPOCH) // _MS
    return _EPOCH + ((now_ms - shift_ms) // every_ms * every_ms + shift_ms) * _MS


def _between(schedule: Schedule, last: datetime, slot: datetime) -> int:
    """Points of the grid after `last` and before `slot`."""
    every = timedelta(seconds=schedule.every_s)
    return max(0, -((last - slot) // every) - 1)
