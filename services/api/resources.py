"""What every route works with."""

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


class Resources(Struct, frozen=True, kw_only=True):
    settings: ApiSettings
    warehouse: Warehouse
    watcher: RegistryWatcher
    store: RegistryStore
    publisher: Publisher
    catalogue: Catalogue
    clock: Clock

    @property
    def registry(self) -> RegistryState:
        """As of now: read it once per request, so that one answer is of one revision."""
        return self.watcher.state


Api = NamedDependency[SkipValidation[Resources]]
"""How a route asks for them."""
