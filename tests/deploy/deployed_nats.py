"""A real nats-server that runs the very file which is deployed."""

import asyncio
import re
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from holdfast.messaging.connection import Connection, connect
from holdfast.settings import Secret
from holdfast.settings.shared import NatsSettings
from services.local.ports import free_port
from tests.support.children import Child

CONFIG = Path(__file__).parents[2] / "deploy" / "nats" / "nats-server.conf"
PROVIDERS = ("bitpanda", "coingecko", "credmark", "dalp", "defillama", "ecb", "evm", "okx", "prices")


class DeployedNats:
    """The configured server; only its ports and its folder are ours."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.passwords = {
            name: f"p-{name.lower()}" for name in re.findall(r"\$(NATS_\w+_PASSWORD)", CONFIG.read_text())
        }
        command = [
            str(Path(sysconfig.get_path("scripts")) / "nats-server"),
            *("--config", str(CONFIG), "--addr", "127.0.0.1", "--port", str(self.port)),
            *("--http_port", str(free_port())),
        ]
        self.child = Child(
            command, log=folder / "nats.log", environment={**self.passwords, "NATS_STORE_DIR": str(folder / "store")}
        )
        self.child.wait_until(lambda: "Server is ready" in self.child.output, what="nats-server")

    def settings(self, user: str) -> NatsSettings:
        password = self.passwords[f"NATS_{user.upper().replace('-', '_')}_PASSWORD"]
        return NatsSettings(url=f"nats://127.0.0.1:{self.port}", user=user, password=Secret(password))

    @asynccontextmanager
    async def connected(self, user: str) -> AsyncIterator[Connection]:
        async with asyncio.timeout(10):
            connection = await connect(self.settings(user), name=user)
        try:
            yield connection
        finally:
            await connection.close()
