"""A KV bucket as the log it is: read it, follow it, append to it under a condition.

The client library's own watcher dies quietly with the server that held its consumer; `follow`
notices (the stream is ahead of what was delivered, or the connection is gone) and reads anew.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeAlias

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.kv import KeyValue

from holdfast.messaging.kv import ConflictError, Entry
from holdfast.observability.logs import logger

JetStream: TypeAlias = JetStreamContext
"""What a connection's `js` is: for annotations outside of messaging, which alone imports the client."""

_log = logger(__name__)
_STALE = (10071, 10164)
"""JetStream error codes of a failed expectation of the last sequence."""


class Updates(Protocol):
    """What the client tells of a bucket, one after the other."""

    def updates(self, timeout: float = 5) -> Awaitable[Any]: ...


class BucketUnavailableError(Exception):
    """NATS does not answer; whether a write was stored is then unknown."""


class Bucket:
    """One bucket. It is declared elsewhere (`holdfast migrate`); here it must exist."""

    def __init__(self, js: JetStream, name: str) -> None:
        self.name = name
        self._js = js
        self._stream = f"KV_{name}"
        self._prefix = f"$KV.{name}."

    async def last_revision(self) -> int:
        with _translated(self.name):
            info = await self._js.stream_info(self._stream)
            return int(info.state.last_seq)

    async def read(self) -> tuple[list[Entry], int]:
        """Every kept entry in order, and the revision that the bucket had reached when asked."""
        last = await self.last_revision()
        with _translated(self.name):
            watcher = await self._watch()
            try:
                entries = [entry async for entry in until_caught_up(watcher, last)]
            finally:
                await _stop(watcher)
        return entries, max([last, *(entry.revision for entry in entries[-1:])])

    async def read_between(self, after: int, last: int) -> list[Entry]:
        """The kept entries with a revision in (after, last]; what newer entries replaced may be missing."""
        entries = []
        for revision in range(after + 1, last + 1):
            with contextlib.suppress(nats.js.errors.NotFoundError), _translated(self.name):
                message = await self._js.get_msg(self._stream, seq=revision)
                removed = bool(message.headers and "KV-Operation" in message.headers)
                key = (message.subject or "").removeprefix(self._prefix)
                entries.append(Entry(key=key, value=None if removed else message.data, revision=revision))
        return entries

    async def write(
        self,
        key: str,
        value: bytes | None,
        *,
        write_id: str = "",
        key_at: int | None = None,
        bucket_at: int | None = None,
    ) -> int:
        """Store (None removes) if the key, or the whole bucket, is still at the given revision; 0 means "not there".

        Returns the new revision. A repetition under the same `write_id` is the same write. Raises
        ConflictError or BucketUnavailableError.
        """
        headers = {"Nats-Msg-Id": write_id} if write_id else {}
        if value is None:
            headers["KV-Operation"] = "DEL"
        if key_at is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(key_at)
        if bucket_at is not None:
            headers["Nats-Expected-Last-Sequence"] = str(bucket_at)
        with _translated(self.name):
            stored = await self._js.publish(f"{self._prefix}{key}", value or b"", stream=self._stream, headers=headers)
        return stored.seq

    async def _watch(self) -> KeyValue.KeyWatcher:
        kv = KeyValue(name=self.name, stream=self._stream, pre=self._prefix, js=self._js, direct=False)
        return await kv.watchall(include_history=True)

    async def follow(
        self,
        *,
        on_reset: Callable[[list[Entry], int], None],
        on_entry: Callable[[Entry], None],
        on_lost: Callable[[str], None] = lambda _: None,
        check_every_s: float = 1,
    ) -> None:
        """Until cancelled: first `on_reset` with all there is, then `on_entry` for each change.

        `on_reset` comes again after every interruption, with all there is again. `on_lost` says why
        there is none at the moment.
        """
        while True:
            try:
                await self._follow_once(on_reset, on_entry, check_every_s)
                _log.info("bucket_reread", bucket=self.name)
            except (BucketUnavailableError, nats.errors.Error, TimeoutError) as error:
                on_lost(str(error) or type(error).__name__)
                await asyncio.sleep(check_every_s)

    async def _follow_once(
        self, on_reset: Callable[[list[Entry], int], None], on_entry: Callable[[Entry], None], check_every_s: float
    ) -> None:
        """Returns when the bucket is ahead of what this watcher delivers."""
        last = await self.last_revision()
        watcher = await self._watch()
        try:
            entries = [entry async for entry in until_caught_up(watcher, last)]
            last = max([last, *(entry.revision for entry in entries[-1:])])
            on_reset(entries, last)
            while True:
                entry = await _next(watcher, check_every_s)
                if entry is None and await self.last_revision() != last:
                    # What the bucket has more than we do may just be on its way.
                    entry = await _next(watcher, check_every_s)
                    if entry is None:
                        return
                if entry is not None:
                    on_entry(entry)
                    last = entry.revision
        finally:
            await _stop(watcher)


async def stop_following(task: asyncio.Task[None]) -> None:
    """Cancel a task that runs `follow`, and wait until it is gone.

    Again and again: before Python 3.12 `wait_for` loses a cancellation that meets an arriving entry.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)


async def until_caught_up(watcher: Updates, last: int, *, patience_s: float = 1) -> AsyncIterator[Entry]:
    """All there was when the bucket was at revision `last`, and maybe what came since.

    The client's mark for that, a None, overtakes entries that the server has sent and nobody has taken yet: then it
    comes first of all. So they are waited for, up to the last one. That one may be gone (expired, purged): after the
    mark nothing is waited for longer than `patience_s`. Raises nats.errors.TimeoutError if no mark comes.
    """
    marked, reached = False, 0
    while not marked or reached < last:
        try:
            update = await watcher.updates(timeout=patience_s if marked else 5)
        except nats.errors.TimeoutError:
            if marked:
                return
            raise
        marked = marked or update is None
        if update is not None:
            reached = update.revision
            yield _to_entry(update)


async def _next(watcher: KeyValue.KeyWatcher, timeout_s: float) -> Entry | None:
    try:
        update = await watcher.updates(timeout=timeout_s)  # type: ignore[no-untyped-call]
    except nats.errors.TimeoutError:
        return None
    return None if update is None else _to_entry(update)


async def _stop(watcher: KeyValue.KeyWatcher) -> None:
    with contextlib.suppress(nats.errors.Error, TimeoutError):
        await watcher.stop()  # type: ignore[no-untyped-call]


def _to_entry(update: Any) -> Entry:
    removed = update.operation is not None
    return Entry(key=update.key, value=None if removed else update.value, revision=update.revision)


@contextlib.contextmanager
def _translated(bucket: str) -> Iterator[None]:
    try:
        yield
    except nats.js.errors.APIError as error:
        if error.err_code in _STALE:
            raise ConflictError(f"bucket {bucket}: {error.description}") from error
        if isinstance(error, nats.js.errors.NotFoundError) and error.err_code != 10059:
            raise
        raise BucketUnavailableError(f"bucket {bucket}: {error.description or error}") from error
    except (nats.errors.Error, TimeoutError) as error:
        raise BucketUnavailableError(f"bucket {bucket}: {error or type(error).__name__}") from error
