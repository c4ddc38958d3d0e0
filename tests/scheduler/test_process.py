"""The scheduler as a process: what it prints, answers and exits with."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings

ROOT = Path(__file__).parents[2]


def _start(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "services.scheduler"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'libs'}:{ROOT}", "HOLDFAST_LOG__FORMAT": "json", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _scheduler(url: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process and the port of its health."""
    process = _start(HOLDFAST_NATS__URL=url, HOLDFAST_SCHEDULER__HEALTH__PORT="0")
    try:
        assert process.stderr is not None
        port = next(entry["port"] for line in process.stderr if (entry := json.loads(line))["event"] == "listening")
        yield process, port
    finally:
        process.kill()
        process.wait()


def _ready(port: int) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            found: dict[str, object] = json.load(answer)
    except urllib.error.HTTPError as error:
        found = json.load(error)
    return found


def test_every_bad_setting_is_named_and_the_exit_code_is_78() -> None:
    process = _start(HOLDFAST_SCHEDULER__TICK_S="0", HOLDFAST_SCHEDULER__NOPE="1", HOLDFAST_NATS__REPLICAS="x")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 78
    for name in ("scheduler.tick_s", "scheduler.nope", "nats.replicas"):
        assert name in said


async def test_drift_is_told_and_nothing_is_changed(nats_settings: NatsSettings) -> None:
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, [])
    config = (await connection.js.stream_info("KV_cursors")).config
    await connection.js.update_stream(config.evolve(max_msgs_per_subject=1))
    process = _start(HOLDFAST_NATS__URL=nats_settings.url, HOLDFAST_SCHEDULER__HEALTH__PORT="0")

    _, said = await asyncio.to_thread(process.communicate, timeout=30)

    assert process.returncode == 78
    assert "KV_cursors" in said
    assert (await connection.js.stream_info("KV_cursors")).config.max_msgs_per_subject == 1
    await connection.close()


def test_without_nats_it_says_what_it_waits_for_and_stops_when_told() -> None:
    with _scheduler("nats://127.0.0.1:1") as (process, port):
        deadline = time.monotonic() + 20
        while "nats" not in str(waits := _ready(port)["waiting_for"]) and time.monotonic() < deadline:
            time.sleep(0.05)  # it listens before it tries
        assert "nats" in str(waits)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_becomes_ready_once_migrated_and_stops_cleanly(
    nats_settings: NatsSettings, number: signal.Signals
) -> None:
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, [])
    await connection.close()
    with _scheduler(nats_settings.url) as (process, port):
        deadline = time.monotonic() + 20
        while not _ready(port)["ready"] and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert _ready(port) == {"ready": True, "waiting_for": {}}
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
