"""What the worker needs of the registry: to ask whether a job is wanted, and to pause a source."""

from typing import Protocol

from holdfast.events import FetchRequested
from holdfast.observability.logs import logger
from holdfast.registry.errors import RegistryError
from holdfast.registry.state import RegistryState
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from services.worker.obsolete import spelling_of, why_obsolete

log = logger(__name__)


class Registry(Protocol):
    async def why_obsolete(self, job: FetchRequested) -> str | None: ...
    def spelling(self, job: FetchRequested) -> str: ...
    async def pause(self, job: FetchRequested, why: str) -> None: ...


class WatchedRegistry:
    """Answers from the watched state; doubts are settled by reading."""

    def __init__(self, watcher: RegistryWatcher, store: RegistryStore) -> None:
        self._watcher = watcher
        self._store = store

    async def why_obsolete(self, job: FetchRequested) -> str | None:
        """Read anew before a job is dropped: the watch may not yet have what the scheduler has seen already."""
        if why_obsolete(self._watcher.state, job) is None:
            return None
        return why_obsolete(await self._store.read(), job)

    def spelling(self, job: FetchRequested) -> str:
        return spelling_of(self._state, job)

    async def pause(self, job: FetchRequested, why: str) -> None:
        try:
            await self._store.pause_source(
                tenant=job.tenant, provider=job.provider, feed=job.feed, target=job.target, scope=job.scope, why=why
            )
        except RegistryError as error:  # removed meanwhile: nothing is left to pause
            log.info("nothing to pause", reason=str(error))

    @property
    def _state(self) -> RegistryState:
        return self._watcher.state
