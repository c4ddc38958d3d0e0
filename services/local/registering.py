"""A simulated world put into the registry of a stack; also as a step of its own, as docker compose runs it:

python -m services.local.registering http://simulator:8090
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import connect
from holdfast.providers.kit.discovery import discover
from holdfast.registry.store import RegistryStore
from holdfast.settings import read_configuration
from holdfast.settings.shared import NatsSettings
from services.local import demo, probes


@asynccontextmanager
async def opened(nats: NatsSettings, *, name: str) -> AsyncIterator[RegistryStore]:
    """The registry, with every provider that there is for a catalogue; `name` is shown by NATS."""
    connection = await connect(nats, name=name)
    try:
        catalogue = {name: module.manifest for name, module in discover().items()}
        yield RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
    finally:
        await connection.close()


async def register(simulator: str) -> None:
    """The world of the simulator at this address, and the demo's key if there is none yet, printed."""
    world = await probes.get_json(f"{simulator}/_world")
    async with opened(read_configuration().section("nats", NatsSettings), name="demo-seed") as store:
        keys = (await store.read()).keys.values()
        key = await demo.seed(store, world, has_key=any(key.tenant == demo.SHOWN_TENANT for key in keys))
    sys.stdout.write(f"API key of tenant {demo.SHOWN_TENANT}: {key or 'was shown when it was made'}\n")


if __name__ == "__main__":
    asyncio.run(register(sys.argv[1]))
