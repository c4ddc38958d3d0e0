"""A stretch of the past as it is typed, noted for the scheduler, and followed to its end."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated

from cyclopts import Parameter
from msgspec import Struct

from holdfast.domain.jobs import JobWindow
from holdfast.domain.sources import Source
from holdfast.messaging.bucket import Bucket
from holdfast.messaging.connection import Connection
from holdfast.messaging.declarations import CURSORS
from holdfast.messaging.kv import ConflictError
from holdfast.registry.backfills import KIND, Backfill, Span, decode, encode, plan_span, to_job, unpublished, without
from holdfast.registry.errors import RegistryError
from holdfast.registry.kv_keys import to_key
from holdfast.registry.pasts import Past, pasts_of, read_told
from holdfast.registry.schedules import Schedule
from holdfast.registry.state import RegistryState
from holdfast.registry.store import RegistryStore
from services.cli import connections
from services.cli.output import done, print_json
from services.cli.registry import catalogue, parse_time

From = Annotated[str, Parameter(name="--from", help="The first day (2026-01-31) or instant (ISO 8601 with its zone).")]
To = Annotated[str | None, Parameter(name="--to", help="The last; now if it is left out.")]
Every = Annotated[str, Parameter(help="Between instants, as 30m, 1h or 1d; the next step that a provider has.")]
Wait = Annotated[bool, Parameter(name="--wait", negative="--no-wait", help="Follow it to its end.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_TRIES = 10
_FINISHED = """
SELECT min(window_start), window_end, every_s
FROM history_windows
WHERE tenant = {tenant:String} AND source = {source:String} AND feed = {feed:String} AND every_s > 0
GROUP BY window_end, every_s
"""


class Asked(Struct, frozen=True, kw_only=True):
    """What of one source's past is on its way."""

    tenant: str
    provider: str
    feed: str
    scope: str
    windows: int
    jobs: tuple[str, ...]
    """Ids of the jobs, the newest window first."""


class Asking:
    """A stretch of the past, as it was typed."""

    def __init__(self, from_: str, to: str | None, every: str) -> None:
        """Raises RegistryError naming what cannot be meant."""
        self._now = connections.clock.now()
        self._since = parse_day("from", from_)
        self._until = min(parse_day("to", to, end=True) if to else self._now, self._now)
        self._every_s = parse_every(every)
        if self._since > self._until:
            raise RegistryError("from", f"{from_} is after {to or 'now'}", "Begin before it ends")

    async def ask(self, connection: Connection, pasts: Sequence[Past], *, wait: bool, json: bool) -> None:
        asked = [
            await _ask(connection, past.schedule, plan_span(past.history, self._since, self._until, self._every_s))
            for past in pasts
        ]
        if json:
            print_json(asked)
            return
        if not any(one.windows for one in asked):
            done("nothing is missing")
            return
        for one in asked:
            done(f"{one.provider}/{one.scope or one.feed}: {one.windows} windows, published as there is room")
        if wait:
            from services.cli.backfill_progress import follow_to_the_end  # noqa: PLC0415 - costs an import of rich's

            await follow_to_the_end(connection, asked, since=self._now)


async def read_pasts(connection: Connection) -> tuple[RegistryState, list[Past]]:
    state = await RegistryStore(connection.js, clock=connections.clock, catalogue=catalogue()).read()
    entries, _ = await Bucket(connection.js, CURSORS).read()
    return state, pasts_of(state, catalogue(), read_told(entries))


async def _ask(connection: Connection, schedule: Schedule, span: Span) -> Asked:
    """Note what is neither fetched nor noted yet; whoever is first is read again."""
    bucket, key = Bucket(connection.js, CURSORS), to_key(KIND, schedule.identity)
    finished = await _finished(schedule)
    for _ in range(_TRIES):
        entries, _ = await bucket.read()
        newest = next((entry for entry in reversed(entries) if entry.key == key), None)
        record = decode(newest.value) if newest and newest.value else None
        noted = list(unpublished(record))
        gaps = without(span, [*finished, *noted])
        changed = (record or Backfill(planned_at=connections.clock.now())).also(gaps)
        try:
            if gaps:
                await bucket.write(key, encode(changed), key_at=newest.revision if newest else 0)
        except ConflictError:
            continue
        wanted = [window for one in without(span, finished) for window in one.windows()]
        jobs = tuple(to_job(schedule, window, now=span.until).id for window in wanted)
        return Asked(
            tenant=schedule.tenant,
            provider=schedule.provider,
            feed=schedule.feed,
            scope=schedule.scope,
            windows=len(jobs),
            jobs=jobs,
        )
    raise RegistryError("account", "its history is being changed by somebody else all the time", "Try again")


async def _finished(schedule: Schedule) -> list[JobWindow]:
    source = Source(
        tenant=schedule.tenant, provider=schedule.provider, account=schedule.target, scope=schedule.scope
    ).id
    async with connections.warehouse() as warehouse:
        asked = {"tenant": schedule.tenant, "source": source, "feed": schedule.feed}
        rows = await warehouse.rows(_FINISHED, asked)
    return [JobWindow(start=start, end=end, every_s=every_s) for start, end, every_s in rows]


def parse_day(field: str, text: str, *, end: bool = False) -> datetime:
    """A day of UTC (its first instant, or its last) or an instant."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return datetime.combine(date.fromisoformat(text), time(23, 59, 59) if end else time(), UTC)
        except ValueError:
            pass
    at = parse_time(field, text)
    assert at is not None  # noqa: S101 - only None comes back as None
    return at.astimezone(UTC)


def parse_every(text: str) -> int:
    """Seconds of `30m`, `1h`, `1d`."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None or int(match[1]) == 0:
        raise RegistryError("every", f"{text!r} is not a step", "Write it as 30m, 1h or 1d")
    return int(match[1]) * _UNITS[match[2]]


def jobs_of(asked: Sequence[Asked]) -> set[str]:
    return {job for one in asked for job in one.jobs}
