# ruff: noqa: INP001 (a script, not a module)
"""Profile `demo`: registers what the simulated world says is to be followed, once, and prints the demo's API key."""

import asyncio
import json
import sys
import urllib.request

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import connect
from holdfast.providers.kit.discovery import discover
from holdfast.registry.store import RegistryStore
from holdfast.settings import read_configuration
from holdfast.settings.shared import NatsSettings
from services.local.demo import SHOWN_TENANT, seed


async def main(simulator: str) -> None:
    with urllib.request.urlopen(f"{simulator}/_world", timeout=10) as answer:  # noqa: ASYNC210, S310
        world = json.load(answer)
    connection = await connect(read_configuration().section("nats", NatsSettings), name="demo-seed")
    try:
        catalogue = {name: module.manifest for name, module in discover().items()}
        store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
        keys = (await store.read()).keys.values()
        key = await seed(store, world, has_key=any(key.tenant == SHOWN_TENANT for key in keys))
    finally:
        await connection.close()
    sys.stdout.write(f"API key of tenant {SHOWN_TENANT}: {key or 'was shown when it was made'}\n")


asyncio.run(main(sys.argv[1]))
