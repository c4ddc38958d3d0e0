"""Ports: taken ones are found before anything is started, and named by their setting."""

import asyncio
import socket

from holdfast.settings import SettingsProblem
from holdfast.settings.loading import variable


def choose(setting: str, port: int) -> int | SettingsProblem:
    """The port to use, or what is wrong with it. 0 becomes a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return SettingsProblem(
                setting,
                f"port {port} cannot be used: {error.strerror}; set {variable(setting)} to another, or 0 for any",
            )
        number: int = probe.getsockname()[1]
        return number


async def answers(host: str, port: int) -> bool:
    """Whether anything accepts a connection there."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
