"""History: plans what a source that is new can say of its past, and publishes it a little at a time.

Prices and rates are planned like accounts: the windows of a price source lie beside those of the
balances that it values, and what comes first does not matter.

A window is published first and counted then. Who dies in between publishes it again under the same
id, which the stream knows; so do two schedulers that work at the same time. None is published while
the aggregator is behind: its snapshots would stand in line before those of now.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial

import msgspec

from holdfast.domain.time import Clock
from holdfast.messaging.backlog import BacklogUnavailableError, events_outstanding, jobs_outstanding
from holdfast.messaging.bucket import Bucket, BucketUnavailableError, JetStream, stop_following
from holdfast.messaging.declarations import CURSORS
from holdfast.messaging.kv import ConflictError, Entry
from holdfast.messaging.publishing import Publisher, PublishError
from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.providers.kit.contract import Manifest
from holdfast.registry.backfills import KIND, Backfill, decode, encode, plan_span, to_job
from holdfast.registry.kv_keys import to_key
from holdfast.registry.pasts import Past, Told, pasts_of, read_told
from holdfast.registry.schedules import Schedule
from holdfast.registry.state import RegistryState

_log = logger(__name__)
_EVERY_S = 3600
"""Between the instants of an automatic backfill."""
_key = lru_cache(maxsize=65536)(partial(to_key, KIND))


class Backfills:
    """`run()` once a round. Never raises for NATS being away or somebody else being first."""

    def __init__(
        self,
        js: JetStream,
        *,
        state: Callable[[], RegistryState],
        catalogue: Mapping[str, Manifest],
        publisher: Publisher,
        clock: Clock,
        days: int,
        after: timedelta,
        most_outstanding: int,
        most_events: int,
    ) -> None:
        self._js = js
        self._bucket = Bucket(js, CURSORS)
        self._state = state
        self._catalogue = catalogue
        self._publisher = publisher
        self._clock = clock
        self._days = days
        self._after = after
        self._most_outstanding = most_outstanding
        self._most_events = most_events
        self._records: dict[str, tuple[Backfill | None, int]] = {}
        """By key, each with its revision; None was removed."""
        self._told: Told = {}
        self._planned_for: tuple[RegistryState | None, Told] = (None, {})
        self._task: asyncio.Task[None] | None = None
        self.current = False

    def start(self) -> None:
        self._task = asyncio.create_task(
            self._bucket.follow(on_reset=self._on_reset, on_entry=self._on_entry, on_lost=self._on_lost),
            name="backfills",
        )

    async def stop(self) -> None:
        if self._task is not None:
            await stop_following(self._task)

    async def run(self) -> int:
        """Plan what is new and publish what there is room for; returns how many jobs were published."""
        if self._task is not None and self._task.done():
            self._task.result()  # the follower only ends by our own bug
        published = 0
        if not self.current:
            return published
        try:
            await self._plan()
            if any(record and record.spans for record, _ in self._records.values()):
                published = await self._publish()
        except (BucketUnavailableError, BacklogUnavailableError, PublishError) as error:
            _log.warning("backfill_waits", why=str(error))
        return published

    async def _plan(self) -> None:
        """A record for each source that has a past and none yet; looked for again when something has changed."""
        state, told = self._state(), self._told
        if self._days == 0 or (state is self._planned_for[0] and told is self._planned_for[1]):
            return
        now = self._clock.now()
        for past in self._pasts():
            schedule, key = past.schedule, _key(past.schedule.identity)
            record, revision = self._records.get(key, (None, 0))
            if record is not None and record.planned_at >= past.added_at:
                continue
            span = plan_span(past.history, now - timedelta(days=self._days), now, _EVERY_S)
            await self._write(key, Backfill(planned_at=now, spans=(span,)), revision)
            _log.info("backfill_planned", provider=schedule.provider, account=schedule.target, windows=len(span.left()))
        self._planned_for = (state, told)

    async def _publish(self) -> int:
        """The newest windows first, whosever they are, as long as their provider has room."""
        if await events_outstanding(self._js) > self._most_events:
            return 0
        outstanding = await jobs_outstanding(self._js, "backfill")
        waiting = self._waiting({name for name in self._catalogue if outstanding[name] < self._most_outstanding})
        sharing = Counter(schedule.provider for schedule, _ in waiting)
        published = 0
        for schedule, _ in waiting:
            key = _key(schedule.identity)
            record, revision = self._records.get(key, (None, 0))
            room = self._most_outstanding - outstanding[schedule.provider]
            share = max(1, self._most_outstanding // sharing[schedule.provider])
            windows = record.left(min(room, share)) if record is not None and room > 0 else []
            if record is None or not windows:
                continue
            jobs = [to_job(schedule, window, now=self._clock.now()) for window in windows]
            await self._publisher.publish_many(jobs)
            await self._write(key, record.after(len(jobs)), revision)
            outstanding[schedule.provider] += len(jobs)
            published += len(jobs)
            metrics.jobs_published.labels(schedule.provider, schedule.feed, "backfill").inc(len(jobs))
        return published

    def _waiting(self, providers: Collection[str]) -> list[tuple[Schedule, datetime]]:
        """Of these providers, whose next window ends when: the newest first."""
        found, ripe = [], self._clock.now() - self._after
        for past in self._pasts():
            record, _ = self._records.get(_key(past.schedule.identity), (None, 0))
            if record is not None and record.planned_at <= ripe and past.schedule.provider in providers:
                found += [(past.schedule, window.end) for window in record.left(1)]
        return sorted(found, key=lambda waiting: waiting[1], reverse=True)

    def _pasts(self) -> list[Past]:
        return pasts_of(self._state(), self._catalogue, self._told)

    async def _write(self, key: str, record: Backfill, revision: int) -> None:
        value = encode(record)
        try:
            written = await self._bucket.write(key, value, key_at=revision)
        except ConflictError:
            return  # another scheduler, or a person, was first: the follower brings it
        self._on_entry(Entry(key=key, value=value, revision=written))

    def _on_reset(self, entries: list[Entry], _: int) -> None:
        self._records, self._told = {}, {}
        for entry in entries:
            self._on_entry(entry)
        self.current = True

    def _on_lost(self, _why: str) -> None:
        self.current = False

    def _on_entry(self, entry: Entry) -> None:
        try:
            if told := read_told([entry]):
                self._told = {**self._told, **told}
            elif entry.key.startswith(f"{KIND}.") and self._records.get(entry.key, (None, 0))[1] < entry.revision:
                record = None if entry.value is None else decode(entry.value)
                self._records[entry.key] = (record, entry.revision)
        except msgspec.MsgspecError as error:
            _log.error("backfill_malformed", key=entry.key, revision=entry.revision, problem=str(error))
