"""One running stack: brought up in order, seeded if it is a demo, taken down in the reverse order."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from holdfast.settings import Secret
from holdfast.settings.shared import NatsSettings
from services.local import demo, probes
from services.local.directory import DataDirectory, write_private
from services.local.processes import CANNOT_WORK, ProcessFailedError
from services.local.registering import opened
from services.local.settings import LocalSettings
from services.local.stack import NATS_USER, Ports, Stack, choose_ports, outer_environment
from services.local.supervisor import Report, Supervisor


class Running:
    """Brings a stack up and down. `world` is what the simulator said, None without a demo."""

    def __init__(
        self,
        settings: LocalSettings,
        directory: DataDirectory,
        report: Report,
        *,
        simulate: Mapping[str, str] | None,
        settings_of_parts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Raises SettingsError: directory or ports.

        `simulate`: the simulator's variables, None for none. `settings_of_parts`: variables on top of the
        environment's, as HOLDFAST_SCHEDULER__BACKFILL_DAYS.
        """
        directory.take()
        self._directory = directory
        self._report = report
        self._simulate = simulate
        self.credentials = directory.credentials()
        self.ports: Ports = choose_ports(settings)
        self.stack = Stack(
            folder=directory.path.resolve(),
            ports=self.ports,
            credentials=self.credentials,
            environment=outer_environment() | dict(settings_of_parts),
        )
        self.supervisor = Supervisor(directory.path / "logs", report, start_deadline_s=settings.start_deadline_s)
        self.world: dict[str, Any] | None = None
        self.started_in_s = 0.0
        self.folder = directory.path

    async def start(self) -> None:
        """Raises ProcessFailedError with what a child said last."""
        began = time.monotonic()
        first = [self.stack.nats(), self.stack.clickhouse()]
        if self._simulate is not None:
            first.append(self.stack.simulator(self._simulate))
        # Migrating waits for its servers by itself, and takes as long to load as they take to start.
        await _all(self.supervisor.start(*first), self._migrate())
        write_private(self._directory.path / "stack.toml", self.stack.connections())
        services = [self.stack.aggregator(), self.stack.api(), self.stack.scheduler()]
        if self._simulate is None:
            await self.supervisor.start(*services, *self.stack.workers({}))
        else:
            self.world = await probes.get_json(f"{self.simulator_url}/_world")
            workers = self.stack.workers(demo.provider_variables(self.world))
            await _all(self.supervisor.start(*services, *workers), self._seed(self.world))
        self.started_in_s = time.monotonic() - began

    async def stop(self) -> None:
        await self.supervisor.stop()
        self._directory.release()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.api}"

    @property
    def nats_settings(self) -> NatsSettings:
        password = Secret(self.credentials.nats_password)
        return NatsSettings(url=f"nats://127.0.0.1:{self.ports.nats}", user=NATS_USER, password=password)

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.simulator}"

    async def _migrate(self) -> None:
        self._report("migrate", "starting")
        argv, environment = self.stack.migrate()
        child = await asyncio.create_subprocess_exec(
            *argv, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await child.communicate()
        log = self._directory.path / "logs" / "migrate.log"
        await asyncio.to_thread(_append, log, said)
        if child.returncode != 0:
            told = f"migrate ended with code {child.returncode}\n{said.decode(errors='replace')}"
            raise ProcessFailedError(told, hopeless=child.returncode == CANNOT_WORK)
        self._report("migrate", "done")

    async def _seed(self, world: dict[str, Any]) -> None:
        self._report("demo registry", "starting")
        async with opened(self.nats_settings, name="local") as store:
            key = await demo.seed(store, world, has_key=bool(self.credentials.api_key))
        if key:
            self.credentials = msgspec.structs.replace(self.credentials, api_key=key)
            self._directory.keep(self.credentials)
        self._report("demo registry", "done")


async def _all(*work: Coroutine[Any, Any, None]) -> None:
    """Side by side; the first failure ends the others, and is raised as it is."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _append(log: Path, said: bytes) -> None:
    with log.open("ab") as file:
        file.write(said)
