"""RegistryWriter: read, decide, compare-and-set on the whole bucket.

The rules were checked on exactly the state that the write adds to, so two writers cannot close a
cycle together or bind a key to a portfolio that is just being removed. Who comes second reads what
the first wrote and decides again.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from holdfast.messaging.bucket import Bucket, BucketUnavailableError
from holdfast.messaging.kv import ConflictError, Entry
from holdfast.registry.codec import encode
from holdfast.registry.errors import RegistryError
from holdfast.registry.kv_keys import identity_of, in_mapping, key_of, kind_of
from holdfast.registry.projection import Projection
from holdfast.registry.records import Record
from holdfast.registry.state import RegistryState, mapping_of

RecordT = TypeVar("RecordT", bound=Record)
_TRIES = 64


class RegistryWriter:
    """Keeps the state it has read, so that a write costs one request where nobody else writes.

    `decide` is called with the state and returns a record or raises RegistryError; it is called again
    whenever somebody else wrote first, so it must be pure.
    """

    def __init__(self, bucket: Bucket, *, deadline_s: float) -> None:
        self._bucket = bucket
        self._deadline_s = deadline_s
        self._projection: Projection | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def revision(self) -> int:
        return self._projection.revision if self._projection is not None else 0

    async def read(self) -> RegistryState:
        async with self._one_at_a_time:
            await self._catch_up()
            return self._loaded.state

    async def put(self, decide: Callable[[RegistryState], RecordT]) -> RecordT:
        """Store what `decide` returns; nothing if it is there just so."""

        def to_write(state: RegistryState) -> tuple[str, bytes | None, RecordT] | RecordT:
            record = decide(state)
            if mapping_of(state, kind_of(record)).get(in_mapping(identity_of(record))) == record:
                return record
            return key_of(record), encode(record), record

        return await self._write(to_write)

    async def remove(self, decide: Callable[[RegistryState], Record]) -> None:
        def to_write(state: RegistryState) -> tuple[str, bytes | None, Record] | Record:
            record = decide(state)
            return key_of(record), None, record

        await self._write(to_write)

    async def _write(self, to_write: Callable[[RegistryState], tuple[str, bytes | None, RecordT] | RecordT]) -> RecordT:
        until = time.monotonic() + self._deadline_s
        async with self._one_at_a_time:
            await self._load()
            for attempt in range(_TRIES):
                try:
                    wish = to_write(self._loaded.state)
                except RegistryError:
                    if await self._catch_up():
                        continue  # it may be right by what others wrote
                    raise
                if isinstance(wish, tuple):
                    key, value, record = wish
                    if await self._stored(key, value, until):
                        return record
                elif not await self._catch_up():
                    return wish
                await asyncio.sleep(random.uniform(0, 0.005 * (attempt + 1)))  # noqa: S311 - spreads rivals, no secret
        raise BucketUnavailableError(f"the registry kept changing for {_TRIES} tries; try again")

    async def _stored(self, key: str, value: bytes | None, until: float) -> bool:
        """Whether the write is in; False if others wrote first, which is read then. Repeats what is unknown."""
        unknown = False
        while True:
            try:
                revision = await self._bucket.write(key, value, bucket_at=self._loaded.revision)
                self._loaded.apply(Entry(key=key, value=value, revision=revision))
                return True
            except ConflictError:
                entries = await self._catch_up()
                return unknown and any(entry.key == key and entry.value == value for entry in entries)
            except BucketUnavailableError:
                if time.monotonic() > until:
                    raise
                unknown = True
                await asyncio.sleep(0.2)

    @property
    def _loaded(self) -> Projection:
        assert self._projection is not None  # noqa: S101
        return self._projection

    async def _load(self) -> list[Entry]:
        """Read everything, the first time; the entries read."""
        if self._projection is not None:
            return []
        entries, revision = await self._bucket.read()
        self._projection = _projected(entries, revision)
        return entries

    async def _catch_up(self) -> list[Entry]:
        """Read what others wrote since; the entries read."""
        await self._load()
        last = await self._bucket.last_revision()
        if last < self._loaded.revision:  # the bucket was made anew
            self._projection = None
            return await self._load()
        entries = await self._bucket.read_between(self._loaded.revision, last)
        for entry in entries:
            self._loaded.apply(entry)
        self._loaded.seen(last)
        return entries


def _projected(entries: Sequence[Entry], revision: int) -> Projection:
    projection = Projection()
    for entry in entries:
        projection.apply(entry)
    projection.seen(revision)
    return projection
