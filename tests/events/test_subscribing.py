"""The snippets of docs/subscribing.md, run as they are printed, against a real server."""

import asyncio
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest

from holdfast.domain.time import SystemClock
from holdfast.events.balances import BalancesObserved
from holdfast.events.catalog import CATALOG
from holdfast.events.codec import decode
from holdfast.events.examples import load_examples
from holdfast.messaging.connection import connect
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "subscribing.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", TEXT, re.MULTILINE | re.DOTALL)
MINE = decode(load_examples("balances.observed.v1")["ordinary"], BalancesObserved)
OTHERS = decode(load_examples("balances.observed.v1")["empty"], BalancesObserved)


def _line(event: BalancesObserved) -> str:
    return f"{event.account} {event.scope} {event.observed_at} {len(event.balances)} lines"


def test_the_document_has_the_four_snippets() -> None:
    titles = [title for title, _ in SNIPPETS]
    assert titles == ["With FastStream", "With plain nats-py", "Replaying from a time", "Only some accounts"]


@pytest.mark.parametrize("name", [kind.name for kind in CATALOG if kind.stream != "JOBS"])
def test_the_table_has_every_event(name: str) -> None:
    assert f"`{name}." in TEXT


@pytest.mark.parametrize(("title", "code"), SNIPPETS, ids=[title for title, _ in SNIPPETS])
async def test_the_snippet_prints_the_event(title: str, code: str, nats_settings: NatsSettings, tmp_path: Path) -> None:
    connection = await connect(nats_settings, name="test-subscribing")
    await migrate(connection.js, [])
    publisher = Publisher(connection.js, producer="worker-okx", clock=SystemClock())
    await publisher.publish_many([OTHERS, MINE])
    foreign = msgspec.structs.replace(MINE, id="0" * 32, tenant="zen")
    await publisher.publish(foreign)

    snippet = tmp_path / "snippet.py"
    snippet.write_text(code, encoding="utf-8")
    printed = await _printed(snippet, nats_settings, until=_line(MINE))
    await connection.close()

    assert printed == ([_line(MINE)] if title == "Only some accounts" else [_line(OTHERS), _line(MINE)])


async def _printed(file: Path, settings: NatsSettings, *, until: str) -> list[str]:
    """The events that the snippet prints, up to `until`; FastStream's own log is left out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(file),
        env={**os.environ, "NATS_URL": settings.url, "PYTHONPATH": str(ROOT / "libs")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(40):
            while until not in lines:
                line = (await process.stdout.readline()).decode()
                if not line:
                    pytest.fail((await process.stderr.read()).decode())
                lines.append(line.rstrip("\n"))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return [line for line in lines if line.endswith(" lines")]
