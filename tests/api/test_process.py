"""The process as operators meet it: its port, its readiness, its end, and what it says of wrong settings."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping

import httpx
import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import ClickHouseSettings, NatsSettings


async def start(settings: Mapping[str, str]) -> asyncio.subprocess.Process:
    ours = {name: text for name, text in os.environ.items() if not name.startswith("HOLDFAST_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.api",
        env=ours | {"HOLDFAST_LOG__FORMAT": "json", "HOLDFAST_API__PORT": "0"} | dict(settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def listening_port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async with asyncio.timeout(90):
        while line := (await process.stderr.readline()).decode():
            if '"listening"' in line and (port := re.search(r'"port": ?(\d+)', line)):
                return int(port[1])
    raise AssertionError("the process ended before it listened")


async def test_it_serves_until_sigterm_and_ends_with_0(
    nats_settings: NatsSettings, clickhouse_settings: ClickHouseSettings
) -> None:
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, [])
    await connection.close()
    process = await start(
        {
            "HOLDFAST_NATS__URL": nats_settings.url,
            "HOLDFAST_NATS__USER": nats_settings.user,
            "HOLDFAST_NATS__PASSWORD": nats_settings.password.reveal(),
            "HOLDFAST_CLICKHOUSE__URL": clickhouse_settings.url,
            "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse_settings.database,
            "HOLDFAST_CLICKHOUSE__USER": clickhouse_settings.user,
            "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse_settings.password.reveal(),
        }
    )
    try:
        port = await listening_port(process)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            async with asyncio.timeout(60):
                while (ready := await client.get("/ready", timeout=20)).status_code != 200:
                    assert ready.json()["waiting_for"]
            assert (await client.get("/v1/portfolios")).status_code == 401
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"HOLDFAST_API__PORT": "seventy"}, "api.port"),
        ({"HOLDFAST_API__PROT": "1"}, "api.prot"),
        ({"HOLDFAST_API__MASTER_KEY": "short-secret"}, "api.master_key"),
    ],
)
async def test_a_wrong_setting_is_named_and_nothing_starts(settings: dict[str, str], said: str) -> None:
    process = await start(settings)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 78
    assert said in errors.decode()
    assert "short-secret" not in errors.decode()
