"""An embedded engine for one purpose, gone afterwards."""

import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from holdfast.settings.secret import Secret
from holdfast.settings.shared import ClickHouseSettings


@asynccontextmanager
async def throwaway_engine() -> AsyncIterator[ClickHouseSettings]:
    """The endpoint as a child process on a free port, its data in a temporary directory."""
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
        environment = {
            **os.environ,
            "HOLDFAST_EMBEDDED__DATA_DIR": folder,
            "HOLDFAST_EMBEDDED__PORT": "0",
            "HOLDFAST_CLICKHOUSE__PASSWORD": password,
            "HOLDFAST_LOG__FORMAT": "json",
        }
        command = (sys.executable, "-m", "holdfast.warehouse.embedded")
        child = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        try:
            port = await _port_of(child)
            yield ClickHouseSettings(url=f"http://127.0.0.1:{port}", password=Secret(password))
        finally:
            if child.returncode is None:
                child.terminate()
            await child.communicate()


async def _port_of(child: asyncio.subprocess.Process) -> int:
    said = b""
    while line := await child.stderr.readline() if child.stderr else b"":
        said += line
        if b'"listening"' in line:
            return int(json.loads(line)["port"])
    raise RuntimeError(f"the embedded engine did not start:\n{said.decode(errors='replace')}")
