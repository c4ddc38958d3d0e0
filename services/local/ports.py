"""Ports: taken ones are found before anything is started, and named by their setting."""

import asyncio
import random
import socket
from collections.abc import Iterator
from itertools import cycle, islice

from holdfast.settings import SettingsProblem
from holdfast.settings.loading import variable

# Below those that systems give to outgoing connections: such a one may be gone before its server comes to it.
_CANDIDATES = cycle(random.sample(range(20_000, 32_000), 12_000))


def choose(setting: str, port: int) -> int | SettingsProblem:
    """The port to use, or what is wrong with it. 0 becomes a free one."""
    if port == 0:
        return free_port()
    try:
        _try(port)
    except OSError as error:
        return SettingsProblem(
            setting,
            f"port {port} cannot be used: {error.strerror}; set {variable(setting)} to another, or 0 for any",
        )
    return port


def free_port(candidates: Iterator[int] = _CANDIDATES) -> int:
    """One of loopback that nothing has; another each time. Raises OSError when a thousand in a row are taken."""
    for port in islice(candidates, 1_000):
        try:
            _try(port)
        except OSError:
            continue
        return port
    raise OSError("no free port between 20000 and 32000: end what has them")


def _try(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def answers(host: str, port: int) -> bool:
    """Whether anything accepts a connection there."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
