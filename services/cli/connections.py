"""How a command reaches the system: the settings of the environment, else the stack running on this machine."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import Connection
from holdfast.messaging.connection import connect as connect_nats
from holdfast.observability import logs
from holdfast.settings import Configuration, read_configuration
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from services.cli.output import UNAVAILABLE, fail

_PATIENCE_S = 5

clock = SystemClock()


def configuration() -> Configuration:
    """Settings, with the addresses and passwords of the newest local stack beneath them."""
    local = read_configuration().tree.get("local")
    data = local.get("data_dir", "data") if isinstance(local, dict) else "data"
    stack = _newest_stack(Path(str(data)))
    return read_configuration(beneath=tomllib.loads(stack.read_text(encoding="utf-8")) if stack else None)


def _newest_stack(data: Path) -> Path | None:
    """`stack.toml` is written by `holdfast up` into its data directory."""
    found = sorted(data.glob("*/stack.toml"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None


@asynccontextmanager
async def nats() -> AsyncIterator[Connection]:
    # A person is waiting, and is told by `fail` what is wrong: no warnings of the connection before that.
    logs.configure(service="cli", level="error", format="console")
    settings = configuration().section("nats", NatsSettings)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            connection = await connect_nats(settings, name="cli")
    except (OSError, TimeoutError) as error:
        fail(f"cannot reach NATS at {settings.url}: {str(error) or 'no answer'}", code=UNAVAILABLE, fix=_START)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def warehouse() -> AsyncIterator[Warehouse]:
    settings = configuration().section("clickhouse", ClickHouseSettings)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            opened = await connect_warehouse(settings)
    except (OSError, TimeoutError) as error:
        fail(f"cannot reach ClickHouse at {settings.url}: {str(error) or 'no answer'}", code=UNAVAILABLE, fix=_START)
    try:
        yield opened
    finally:
        await opened.close()


_START = "start the stack (`holdfast up`), or set HOLDFAST_NATS__URL and HOLDFAST_CLICKHOUSE__URL to where it runs"
