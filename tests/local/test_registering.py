"""The step that puts a simulated world into a registry, as docker compose runs it: once, and again without harm."""

import asyncio
import os
import subprocess
import sys

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings
from services.local.registering import opened
from services.simulator.settings import SimulatorSettings
from tests.simulator.running import running


async def test_a_world_is_registered_once_and_its_key_is_shown_once(nats_settings: NatsSettings) -> None:
    connection = await connect(nats_settings, name="test-registering")
    await migrate(connection.js, [])
    await connection.close()

    def register(simulator: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "services.local.registering", simulator],
            env={**os.environ, "HOLDFAST_NATS__URL": nats_settings.url, "PYTHONPATH": "libs:."},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    with running(SimulatorSettings(port=0)) as simulator:
        first = await asyncio.to_thread(register, simulator)
        async with opened(nats_settings, name="test-registering") as store:
            known = await store.read()
        again = await asyncio.to_thread(register, simulator)
    assert first.startswith("API key of tenant demo: hf_")
    assert again == "API key of tenant demo: was shown when it was made\n"
    assert {"demo", "orchard"} == set(known.tenants)
    assert len(known.accounts) > 10
    assert {watch.provider for watch in known.watches.values()} >= {"prices", "ecb"}
