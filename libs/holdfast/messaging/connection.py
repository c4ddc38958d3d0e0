"""A NATS connection that neither gives up silently nor lives on as a zombie.

The client's defaults stop trying after two minutes, notice a frozen server after four, and leave
the process running with nothing connected. Here it tries for ever, pings every few seconds, and
a connection that is closed for good by anyone but us ends the process, so that its supervisor
starts it anew.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from holdfast.observability.logs import logger, redacted
from holdfast.settings.shared import NatsSettings

log = logger(__name__)

EX_SOFTWARE = 70
"""The exit code of a process that must be started anew."""

REQUEST_TIMEOUT_S = 5.0
HEADER_ALLOWANCE = 8192
"""What is kept free of the server's payload limit for headers, which count towards it."""

OnTrouble = Callable[[str], None]


class Connection:
    """`nc` and `js` of one live connection. Close it with `close()`; any other end is the end of the process."""

    def __init__(self, nc: Client, *, max_payload_bytes: int) -> None:
        self.nc = nc
        self.js: JetStreamContext = nc.jetstream(timeout=REQUEST_TIMEOUT_S)
        self._max_payload_bytes = max_payload_bytes
        self._closing = False

    @property
    def payload_limit(self) -> int:
        """Bytes that a message's body may have: the setting, or the server's own limit where that is less."""
        return min(self._max_payload_bytes, self.nc.max_payload - HEADER_ALLOWANCE)

    @property
    def closing(self) -> bool:
        return self._closing

    @property
    def connected(self) -> bool:
        return bool(self.nc.is_connected)

    async def close(self) -> None:
        """Send what is buffered and disconnect; at most a few seconds even when NATS is away."""
        self._closing = True
        if self.nc.is_connected:
            try:
                await asyncio.wait_for(self.nc.flush(timeout=2), timeout=3)
            except (nats.errors.Error, TimeoutError, OSError) as error:
                log.warning("nats flush failed", error=str(error))
        await self.nc.close()


class ConnectionEvents:
    """The callbacks of a connection: logs, tells `on_trouble`, and ends the process when it closes by itself."""

    def __init__(self, name: str, on_trouble: OnTrouble | None = None) -> None:
        self._name = name
        self._on_trouble = on_trouble
        self._last = ""
        self.connection: Connection | None = None
        self.closing = False

    async def on_error(self, error: Exception) -> None:
        text = redacted(str(error) or type(error).__name__)
        if text != self._last:  # a server that is away reports the same error twice a second
            self._last = text
            log.warning("nats error", connection=self._name, error=text)
        self._tell(text)

    async def on_disconnected(self) -> None:
        if not self._ours:
            log.warning("nats disconnected", connection=self._name)
            self._tell("disconnected")

    async def on_reconnected(self) -> None:
        self._last = ""
        log.info("nats reconnected", connection=self._name)
        self._tell("")

    async def on_closed(self) -> None:
        if not self._ours:
            log.critical("nats connection closed for good; exiting to be started anew", connection=self._name)
            os._exit(EX_SOFTWARE)

    @property
    def _ours(self) -> bool:
        return self.closing or (self.connection is not None and self.connection.closing)

    def _tell(self, trouble: str) -> None:
        if self._on_trouble is not None:
            self._on_trouble(trouble)


def connection_options(settings: NatsSettings, *, name: str) -> dict[str, Any]:
    """What every connection of ours is opened with, by nats-py and by FastStream alike."""
    return {
        "name": name,
        "allow_reconnect": True,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.5,
        "connect_timeout": 5,
        "ping_interval": 5,
        "max_outstanding_pings": 2,
        "drain_timeout": 5,
    }


async def connect(settings: NatsSettings, *, name: str, on_trouble: OnTrouble | None = None) -> Connection:
    """Connect, waiting for NATS as long as it takes.

    `on_trouble` is told what is wrong whenever that changes, and "" once connected again; a service
    shows it in /ready. Bound the wait with `asyncio.timeout` where somebody is waiting.
    """
    events = ConnectionEvents(name, on_trouble)
    nc = await nats.connect(
        settings.url,
        user=settings.user or None,
        password=settings.password.reveal() or None,
        error_cb=events.on_error,
        disconnected_cb=events.on_disconnected,
        reconnected_cb=events.on_reconnected,
        closed_cb=events.on_closed,
        **connection_options(settings, name=name),
    )
    events.connection = Connection(nc, max_payload_bytes=settings.max_payload_bytes)
    return events.connection
