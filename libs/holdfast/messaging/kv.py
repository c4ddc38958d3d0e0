"""Key-value buckets: compare-and-set, and a watch that survives everything.

The client's own watcher stops telling when its server-side consumer dies with a restarted server.
`watch` here re-reads the bucket after every doubt, so a change may be told twice but never lost.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import nats.errors
from msgspec import Struct
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from holdfast.observability.logs import logger

log = logger(__name__)

RESYNC_S = 60.0
"""A watch compares itself with the bucket this often even when all seems well."""
PATIENCE_S = 5.0


class Entry(Struct, frozen=True, kw_only=True):
    """A key's newest state. `value` is None when the key was deleted."""

    key: str
    value: bytes | None
    revision: int


class ConflictError(Exception):
    """Somebody else changed the key in between: read it again, decide again."""


class Synced(Struct, frozen=True):
    """All that the bucket held when the watch (re)started has been told."""

    keys: frozenset[str]
    """Every key that exists: one that is known and not in here was deleted while nobody looked."""


async def bucket(js: JetStreamContext, name: str) -> KeyValue:
    """The bucket, which `holdfast migrate` has made."""
    return await js.key_value(name)


async def read(kv: KeyValue, key: str) -> Entry | None:
    """The newest value of a key; None where there is none."""
    try:
        found = await kv.get(key)
    except KeyNotFoundError:
        return None
    return Entry(key=key, value=found.value or b"", revision=found.revision or 0)


async def create(kv: KeyValue, key: str, value: bytes) -> int:
    """Write a key that does not exist. Raises ConflictError where it does. Returns its revision."""
    return await _written(kv, key, value, lambda: kv.create(key, value))


async def compare_and_set(kv: KeyValue, key: str, value: bytes, *, revision: int) -> int:
    """Write a key whose newest revision is `revision`. Raises ConflictError where it is another one."""
    return await _written(kv, key, value, lambda: kv.update(key, value, last=revision))


async def delete(kv: KeyValue, key: str, *, revision: int) -> None:
    """Delete a key whose newest revision is `revision`. Raises ConflictError where it is another one."""
    try:
        await kv.delete(key, last=revision)
    except APIError as error:
        if error.err_code not in (10071, 10164):
            raise
        raise ConflictError(key) from error


async def change(kv: KeyValue, key: str, decide: Callable[[bytes | None], bytes | None], *, tries: int = 16) -> int:
    """Read, decide, compare-and-set; again on conflict. Returns the key's revision.

    `decide` gets the present value (None where there is none) and returns the new one, or None to leave it.
    """
    for _ in range(tries):
        entry = await read(kv, key)
        value = decide(entry.value if entry else None)
        if value is None:
            return entry.revision if entry else 0
        try:
            return await (
                create(kv, key, value) if entry is None else compare_and_set(kv, key, value, revision=entry.revision)
            )
        except ConflictError:
            continue
    raise ConflictError(f"{key}: still changing after {tries} tries")


async def _written(kv: KeyValue, key: str, value: bytes, write: Callable[[], Awaitable[int]]) -> int:
    try:
        return await write()
    except KeyWrongLastSequenceError as error:
        raise ConflictError(key) from error
    except TimeoutError:
        # Unknown: it is ours if the key now holds exactly what we wrote.
        entry = await read(kv, key)
        if entry is not None and entry.value == value:
            return entry.revision
        raise


async def watch(
    js: JetStreamContext,
    name: str,
    *,
    keys: str = ">",
    connected: Callable[[], bool] = lambda: True,
    resync_s: float = RESYNC_S,
) -> AsyncIterator[Entry | Synced]:
    """Every key's newest entry, then `Synced`, then changes as they come; again from the top after any doubt.

    Entries of one key come with growing revisions, but one may be told more than once. Ends only
    when the caller stops iterating. While NATS is away it waits, a second at a time, and says so once.
    """
    quiet = False
    while True:
        try:
            async for item in _one_watch(js, name, keys, resync_s):
                quiet = False
                yield item
        except (nats.errors.Error, TimeoutError, OSError) as error:
            if not quiet:
                log.warning("watch interrupted, trying again", bucket=name, error=str(error) or type(error).__name__)
            quiet = True
        await asyncio.sleep(1.0 if quiet else 0.05)


async def _one_watch(js: JetStreamContext, name: str, keys: str, resync_s: float) -> AsyncIterator[Entry | Synced]:
    """Until the connection was lost, the consumer is gone, or `resync_s` have passed."""
    kv = await js.key_value(name)
    watcher = await kv.watch(keys)
    reconnects = js._nc.stats["reconnects"]  # noqa: SLF001
    known: set[str] = set()
    synced = False
    until = time.monotonic() + resync_s
    try:
        while time.monotonic() < until and js._nc.stats["reconnects"] == reconnects:  # noqa: SLF001
            try:
                update = await watcher.updates(timeout=1.0 if synced else PATIENCE_S)  # type: ignore[no-untyped-call]
            except nats.errors.TimeoutError:
                if not synced:
                    raise
                continue
            if update is None:
                synced = True
                yield Synced(frozenset(known))
                continue
            entry = _entry(update)
            known.discard(entry.key) if entry.value is None else known.add(entry.key)
            yield entry
    finally:
        await _stop(watcher)


def _entry(update: KeyValue.Entry) -> Entry:
    gone = update.operation in (KV_DEL, KV_PURGE)
    return Entry(key=update.key, value=None if gone else update.value or b"", revision=update.revision or 0)


async def _stop(watcher: KeyValue.KeyWatcher) -> None:
    with contextlib.suppress(nats.errors.Error, TimeoutError):
        await asyncio.wait_for(watcher.stop(), 2)  # type: ignore[no-untyped-call]
