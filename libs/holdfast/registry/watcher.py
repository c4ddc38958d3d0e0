"""RegistryWatcher: the registry's state in a process, always current, through restarts of NATS."""

import asyncio
from collections.abc import AsyncIterator

from holdfast.messaging.bucket import Bucket, JetStream, stop_following
from holdfast.messaging.declarations import REGISTRY
from holdfast.messaging.kv import Entry
from holdfast.observability import metrics
from holdfast.observability.logs import logger
from holdfast.registry.projection import Projection
from holdfast.registry.state import RegistryState

_log = logger(__name__)


class RegistryWatcher:
    """Use as `async with RegistryWatcher(js) as watcher`, or `start()` and `stop()`.

    `state` is empty until `wait_ready()` returns, and the last known one while NATS is away. Its
    revision never goes down.
    """

    def __init__(self, js: JetStream, *, check_every_s: float = 1) -> None:
        self._bucket = Bucket(js, REGISTRY)
        self._check_every_s = check_every_s
        self._projection = Projection()
        self._ready = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.trouble = "not read yet"
        """Why the state may be behind; empty while it is current. For /ready."""

    @property
    def state(self) -> RegistryState:
        return self._projection.state

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name="registry-watcher")

    async def stop(self) -> None:
        if self._task is not None:
            await stop_following(self._task)

    async def __aenter__(self) -> "RegistryWatcher":
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def wait_ready(self) -> None:
        """Until the whole registry was read once, however long NATS stays away."""
        await self._ready.wait()

    async def wait_until(self, revision: int) -> RegistryState:
        """Until everything up to `revision` is in: how a writer reads what it wrote."""
        async for state in self.changes():
            if state.revision >= revision:
                return state
        raise AssertionError("changes() never ends")

    async def changes(self) -> AsyncIterator[RegistryState]:
        """The state now, and again whenever it has changed; who is slow is given the newest only."""
        await self.wait_ready()
        told = -1
        while True:
            if self.state.revision == told:
                await self._changed.wait()
            told = self.state.revision
            yield self.state

    async def _follow(self) -> None:
        try:
            await self._bucket.follow(
                on_reset=self._on_reset,
                on_entry=self._on_entry,
                on_lost=self._on_lost,
                check_every_s=self._check_every_s,
            )
        except Exception:
            # Our bug: whoever waits for this watcher must not take an old state for a current one.
            self.trouble = "the registry watcher stopped, see the log"
            _log.exception("registry_watcher_stopped")
            raise

    def _on_reset(self, entries: list[Entry], revision: int) -> None:
        projection = Projection(earlier=self.state)
        for entry in entries:
            projection.apply(entry)
        projection.seen(max(revision, self.state.revision))
        self._projection = projection
        self._ready.set()
        self._announce()

    def _on_entry(self, entry: Entry) -> None:
        self._projection.apply(entry)
        self._announce()

    def _on_lost(self, why: str) -> None:
        if not self.trouble:
            _log.warning("registry_out_of_reach", why=why)
        self.trouble = why

    def _announce(self) -> None:
        self.trouble = ""
        metrics.registry_revision.set(self._projection.revision)
        self._changed.set()
        self._changed = asyncio.Event()
