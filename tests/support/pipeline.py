"""The whole pipeline as real processes, to be broken: everything `holdfast up` runs but the api.

What ends is started again at once, as an orchestrator would. Every process is ended by its own pid.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.declarations import AGGREGATOR_CONSUMERS
from holdfast.providers.kit.discovery import discover
from holdfast.registry.store import RegistryStore
from holdfast.settings import Secret
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from services.local import demo, probes
from services.local.directory import Credentials
from services.local.processes import Process, ProcessFailedError, Spec
from services.local.settings import LocalSettings
from services.local.stack import NATS_USER, Stack, choose_ports
from tests.support.proxies import HttpProxy, NatsProxy, Proxy

READY_S = 120
RESTART_S = 0.2
_NEVER_S = 86400
_FREE = LocalSettings(nats_port=0, clickhouse_port=0, api_port=0, simulator_port=0, workers=2)
_CREDENTIALS = Credentials(
    nats_password="nats-password",
    clickhouse_password="clickhouse-password",
    analyst_password="analyst-password",
    master_key="a master key of at least 32 characters",
)
_WORLD_AGE, _WORLD_RATE = timedelta(days=2), 600


ProxyT = TypeVar("ProxyT", bound=Proxy)


class Pipeline:
    """`start()`, break it with `kill`, `terminate` and proxies, `stop()`.

    The simulated world began two days ago and runs ten minutes a second, so that fetches see
    something new each time and the totals fill many hours.
    """

    def __init__(self, folder: Path, *, scheduled_every_s: int = _NEVER_S) -> None:
        """`scheduled_every_s`: the interval of every source; by default the scheduler does each once."""
        self.folder = folder
        self.ports = choose_ports(_FREE)
        self.stack = self.stack_through()
        self.exits: dict[str, list[int]] = {}
        self.world: dict[str, Any] = {}
        self.connection: Connection
        self.store: RegistryStore
        self.warehouse: Warehouse
        self._every_s = scheduled_every_s
        self._processes: dict[str, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._away_s: dict[str, float] = {}
        self._proxies: list[Proxy] = []
        self._stopping = False

    def stack_through(self, *, nats: Proxy | None = None, clickhouse: Proxy | None = None) -> Stack:
        """The same stack as seen by a process behind proxies."""
        ports = msgspec.structs.replace(
            self.ports,
            nats=nats.port if nats else self.ports.nats,
            clickhouse=clickhouse.port if clickhouse else self.ports.clickhouse,
        )
        environment = {name: text for name, text in os.environ.items() if not name.startswith("HOLDFAST_")}
        environment["HOLDFAST_SCHEDULER__BACKFILL_DAYS"] = "0"  # the load of a test is what the test makes
        return Stack(folder=self.folder, ports=ports, credentials=_CREDENTIALS, environment=environment)

    async def nats_proxy(self, passes: Callable[..., bool]) -> NatsProxy:
        return await self._started(NatsProxy(self.ports.nats, passes))

    async def clickhouse_proxy(self, passes: Callable[[bytes], bool]) -> HttpProxy:
        return await self._started(HttpProxy(self.ports.clickhouse, passes))

    async def start_servers(self) -> None:
        """NATS, ClickHouse and the simulator; migrated, seeded, and connected to."""
        began = (datetime.now(UTC) - _WORLD_AGE).isoformat()
        world = {
            "HOLDFAST_SIMULATOR__CLOCK_START": began,
            "HOLDFAST_SIMULATOR__CLOCK_RATE": str(_WORLD_RATE),
            "HOLDFAST_SIMULATOR__OKX_REQUESTS_PER_SECOND": "0",
        }
        await self.launch(self.stack.nats(), self.stack.clickhouse(), self.stack.simulator(world))
        await self._migrate()
        self.connection = await connect(self.nats_settings, name="test")
        catalogue = {name: module.manifest for name, module in discover().items()}
        self.store = RegistryStore(self.connection.js, clock=SystemClock(), catalogue=catalogue)
        self.warehouse = await connect_warehouse(self.clickhouse_settings)
        self.world = await probes.get_json(f"http://127.0.0.1:{self.ports.simulator}/_world")
        for source in [*(s for account in self.world["accounts"] for s in account["sources"]), *self.world["watches"]]:
            source["every_s"] = self._every_s
        await demo.seed(self.store, self.world, has_key=True)

    async def start(self) -> None:
        """Everything: the servers, two workers, one aggregator, one scheduler."""
        await self.start_servers()
        await self.launch(self.stack.aggregator(), self.stack.scheduler(), *self.workers())

    def workers(self, stack: Stack | None = None) -> list[Spec]:
        """`worker-1` and `worker-2`, each serving every provider of the world."""
        return (stack or self.stack).workers(demo.provider_variables(self.world))

    async def launch(self, *specs: Spec) -> None:
        """Start side by side, wait until all are ready, and from then on keep them running."""
        await asyncio.gather(*(self._launch(spec) for spec in specs))

    def kill(self, name: str, *, away_s: float = RESTART_S) -> None:
        """SIGKILL, and started again after `away_s`. One that is down already stays so."""
        pid = self._processes[name].pid
        if pid is not None and name not in self._away_s:
            self._away_s[name] = away_s
            os.kill(pid, signal.SIGKILL)

    async def terminate(self, name: str, *, within_s: float) -> int:
        """SIGTERM; its exit code. It is started again."""
        exits, pid = len(self.exits[name]), self._processes[name].pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        await until(lambda: _now(len(self.exits[name]) > exits), what=f"{name} ends", deadline_s=within_s)
        return self.exits[name][exits]

    def retire(self, name: str) -> None:
        """SIGTERM, and not started again."""
        self._away_s[name] = _NEVER_S
        os.kill(self.pid(name), signal.SIGTERM)

    async def ready(self, *names: str) -> None:
        for name in names or tuple(self._processes):
            await until(self._processes[name].spec.ready, what=f"{name} is ready", deadline_s=READY_S)

    async def is_drained(self) -> bool:
        """No job waits, nothing is pending or in hand in any stream, and every membership is worked in."""
        js = self.connection.js
        try:
            if (await js.stream_info("JOBS")).state.messages:
                return False
            for consumer in AGGREGATOR_CONSUMERS:
                info = await js.consumer_info(consumer.stream, consumer.name)
                if info.num_pending or info.num_ack_pending:
                    return False
        except TimeoutError:
            return False
        settled = await self.warehouse.value("SELECT uniqExact(tenant, portfolio) FROM settled_portfolios")
        return bool(settled == len(self.world["portfolios"]))

    def pid(self, name: str) -> int:
        pid = self._processes[name].pid
        assert pid is not None
        return pid

    async def stop(self) -> None:
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for name in ("connection", "warehouse"):
            if hasattr(self, name):
                await getattr(self, name).close()
        for process in reversed(self._processes.values()):
            await process.stop()
        await asyncio.gather(*(proxy.stop() for proxy in self._proxies))

    def last_words(self) -> str:
        """What each process complained of last, and how it ended whenever it did."""
        return "\n".join(
            f"{name}, ended with {self.exits[name]}:\n" + "\n".join(_complaints(process.tail))
            for name, process in self._processes.items()
        )

    @property
    def nats_settings(self) -> NatsSettings:
        password = Secret(_CREDENTIALS.nats_password)
        return NatsSettings(url=f"nats://127.0.0.1:{self.ports.nats}", user=NATS_USER, password=password)

    @property
    def clickhouse_settings(self) -> ClickHouseSettings:
        password = Secret(_CREDENTIALS.clickhouse_password)
        return ClickHouseSettings(url=f"http://127.0.0.1:{self.ports.clickhouse}", password=password)

    async def _launch(self, spec: Spec) -> None:
        process = Process(spec, self.folder / f"{spec.name}.log")
        self._processes[spec.name] = process
        self.exits[spec.name] = []
        await process.start()
        await process.wait_ready(READY_S)
        self._keepers.append(asyncio.create_task(self._keep(process), name=f"keep-{spec.name}"))

    async def _keep(self, process: Process) -> None:
        name = process.spec.name
        while True:
            self.exits[name].append(await process.wait())
            await asyncio.sleep(self._away_s.get(name, RESTART_S))
            await process.start()
            self._away_s.pop(name, None)

    async def _migrate(self) -> None:
        argv, environment = self.stack.migrate()
        child = await asyncio.create_subprocess_exec(
            *argv, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await child.communicate()
        if child.returncode != 0:
            raise ProcessFailedError(f"migrate: {said.decode(errors='replace')}")

    async def _started(self, proxy: ProxyT) -> ProxyT:
        await proxy.start()
        self._proxies.append(proxy)
        return proxy


def with_settings(spec: Spec, settings: Mapping[str, str], *, name: str = "") -> Spec:
    """The same process with more variables, or as another one beside it."""
    return msgspec.structs.replace(spec, name=name or spec.name, environment={**spec.environment, **settings})


def _complaints(tail: str) -> list[str]:
    return [line[:600] for line in tail.splitlines() if '"level": "info"' not in line][-3:]


async def until(check: Callable[[], Awaitable[bool]], *, what: str, deadline_s: float) -> None:
    """Poll until it is so; AssertionError saying `what` was waited for."""
    end = time.monotonic() + deadline_s
    while not await check():
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        await asyncio.sleep(0.1)


async def _now(value: bool) -> bool:
    return value
