"""What every route works with."""

import asyncio
import contextlib
from datetime import datetime

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.messaging.publishing import Publisher
from holdfast.registry.commands import Catalogue
from holdfast.registry.state import RegistryState
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from holdfast.warehouse.client import Warehouse
from services.api.settings import ApiSettings

_SETTLE_S = 5


class Resources(Struct, frozen=True, kw_only=True):
    settings: ApiSettings
    ranking: tuple[str, ...] = ()
    """Price sources, the most trusted first: as stored values were chosen."""
    warehouse: Warehouse
    watcher: RegistryWatcher
    store: RegistryStore
    publisher: Publisher
    catalogue: Catalogue
    clock: Clock
    newest_points: dict[tuple[str, str], datetime] = {}
    """By tenant and portfolio, the hour of the newest point as it was found last: where to look for the next."""

    @property
    def registry(self) -> RegistryState:
        """As of now: read it once per request, so that one answer is of one revision."""
        return self.watcher.state

    async def settle(self) -> None:
        """After a write: until this process sees it, so that who wrote reads it. It is stored either way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S):
                await self.watcher.wait_until(self.store.revision)


Api = NamedDependency[SkipValidation[Resources]]
"""How a route asks for them."""
