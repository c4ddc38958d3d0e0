"""Cursors in KV: the last slot of each schedule, claimed and confirmed by compare-and-set."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.messaging.bucket import Bucket, JetStream, stop_following
from holdfast.messaging.declarations import CURSORS
from holdfast.messaging.kv import Entry
from holdfast.observability.logs import logger
from holdfast.registry.backfills import KIND as HISTORY
from holdfast.registry.kv_keys import KvKeyError, to_key, unescaped
from holdfast.registry.pasts import KIND as PAST
from services.scheduler.planning import Cursor, Identity

_log = logger(__name__)
_KIND = "slot"


class _Stored(Struct, frozen=True, kw_only=True):
    slot: datetime
    published: bool
    owner: str


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Stored)


class CursorBook:
    """All cursors, followed; writes go through `claim`, `confirm` and `release`.

    Each raises ConflictError where another scheduler was first, BucketUnavailableError where NATS is
    away. `current` is false while the book may be behind: nothing is planned by it then.
    """

    def __init__(self, js: JetStream, *, owner: str, clock: Clock, check_every_s: float = 1) -> None:
        self._bucket = Bucket(js, CURSORS)
        self._owner = owner
        self._clock = clock
        self._check_every_s = check_every_s
        self._cursors: dict[Identity, Cursor] = {}
        self._removed: dict[Identity, int] = {}
        """Revisions of tombstones: a claim of what was released replaces one."""
        self._task: asyncio.Task[None] | None = None
        self.current = False

    @property
    def cursors(self) -> Mapping[Identity, Cursor]:
        return self._cursors

    def start(self) -> None:
        self._task = asyncio.create_task(
            self._bucket.follow(
                on_reset=self._on_reset,
                on_entry=self._on_entry,
                on_lost=self._on_lost,
                check_every_s=self._check_every_s,
            ),
            name="cursors",
        )

    async def stop(self) -> None:
        if self._task is not None:
            await stop_following(self._task)

    def raise_if_broken(self) -> None:
        """The follower only ends by our own bug: then the process must not go on planning by an old book."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def claim(self, identity: Identity, slot: datetime, *, replacing: Cursor | None) -> Cursor:
        revision = replacing.revision if replacing else self._removed.get(identity, 0)
        return await self._write(identity, slot, published=False, revision=revision)

    async def confirm(self, identity: Identity, claim: Cursor) -> Cursor:
        return await self._write(identity, claim.slot, published=True, revision=claim.revision)

    async def release(self, identity: Identity, claim: Cursor, *, back_to: Cursor | None) -> None:
        """Undo a claim whose job is certainly not in the stream."""
        if back_to is not None:
            await self._write(identity, back_to.slot, published=back_to.published, revision=claim.revision)
            return
        revision = await self._bucket.write(to_key(_KIND, identity), None, key_at=claim.revision)
        self._on_entry(Entry(key=to_key(_KIND, identity), value=None, revision=revision))

    async def _write(self, identity: Identity, slot: datetime, *, published: bool, revision: int) -> Cursor:
        key = to_key(_KIND, identity)
        value = _ENCODER.encode(_Stored(slot=slot, published=published, owner=self._owner))
        written = await self._bucket.write(key, value, key_at=revision)
        self._on_entry(Entry(key=key, value=value, revision=written))
        return self._cursors[identity]

    def _on_reset(self, entries: list[Entry], _: int) -> None:
        self._cursors, self._removed = {}, {}
        for entry in entries:
            self._on_entry(entry)
        self.current = True

    def _on_lost(self, why: str) -> None:
        if self.current:
            _log.warning("cursors_out_of_reach", why=why)
        self.current = False

    def _on_entry(self, entry: Entry) -> None:
        if entry.key.startswith((f"{HISTORY}.", f"{PAST}.")):
            return  # services.scheduler.backfills
        try:
            identity = _identity(entry.key)
            stored = None if entry.value is None else _DECODER.decode(entry.value)
        except (KvKeyError, msgspec.MsgspecError) as error:
            _log.error("cursor_malformed", key=entry.key, revision=entry.revision, problem=str(error))
            return
        known = self._cursors.get(identity)
        if known is not None and known.revision >= entry.revision:
            return
        if stored is None:
            self._cursors.pop(identity, None)
            self._removed[identity] = entry.revision
            return
        self._cursors[identity] = Cursor(
            slot=stored.slot,
            published=stored.published,
            owner=stored.owner,
            revision=entry.revision,
            seen_at=self._clock.now(),
        )


def _identity(key: str) -> Identity:
    kind, *parts = key.split(".")
    if kind != _KIND or len(parts) != 5:
        raise KvKeyError(f"key {key[:120]!r} is no cursor's")
    tenant, provider, feed, target, scope = (unescaped(part) for part in parts)
    return (tenant, provider, feed, target, scope)
