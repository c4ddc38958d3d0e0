"""`holdfast feed`: what is fetched of nobody's account, registered against a real registry."""

import json
import os
import subprocess
import sys

import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.discovery import discover
from holdfast.settings.shared import NatsSettings


@pytest.fixture
async def system(nats_settings: NatsSettings) -> dict[str, str]:
    """The variables of a migrated NATS server."""
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, sorted(discover()))
    await connection.close()
    return {"HOLDFAST_NATS__URL": nats_settings.url}


def feed(system: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("HOLDFAST_")}
    return subprocess.run(
        [sys.executable, "-m", "holdfast", "feed", *words],
        env=environment | system | {"COLUMNS": "200"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def test_a_feed_is_added_listed_changed_and_removed(system: dict[str, str]) -> None:
    added = json.loads(feed(system, "add", "ecb", "prices", "--scope", "hist-90d", "--json").stdout)
    assert (added["tenant"], added["target"], added["every_s"]) == ("public", "*", 3600)
    assert feed(system, "add", "ecb", "prices", "--scope", "hist-90d", "--every", "86400").returncode == 0
    assert json.loads(feed(system, "list", "--json").stdout) == [
        {"provider": "ecb", "feed": "prices", "target": "*", "scope": "hist-90d", "every_s": 86400,
         "tenant": "public", "paused": None}
    ]  # fmt: skip
    assert feed(system, "remove", "ecb", "prices", "--scope", "hist-90d").returncode == 0
    assert json.loads(feed(system, "list", "--json").stdout) == []


async def test_a_feed_that_there_is_not_is_refused_with_the_fix(system: dict[str, str]) -> None:
    for words in (("add", "ecb", "prices", "--scope", "hist"), ("add", "ecb", "clusters"), ("add", "nosuch", "prices"),
                  ("remove", "ecb", "prices")):  # fmt: skip
        done = feed(system, *words)
        assert done.returncode == 1
        assert "fix:" in done.stderr
        assert "Traceback" not in done.stderr
