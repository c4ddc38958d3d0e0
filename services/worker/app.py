"""Wiring and life of the worker process."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from holdfast.domain.time import Clock, SystemClock
from holdfast.messaging.broker import Broker, build_broker
from holdfast.messaging.bucket import Bucket, BucketUnavailableError
from holdfast.messaging.connection import Connection
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import (
    CURSORS,
    DEAD,
    EVENTS,
    FETCHES,
    JOBS,
    PORTFOLIOS,
    REGISTRY,
    RESPONSES,
    DriftError,
    verify,
    wait_until_migrated,
    worker_consumers,
)
from holdfast.messaging.watchdog import Watchdog
from holdfast.observability import logs
from holdfast.observability.health import Health, serve
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.session import build_session
from holdfast.registry import pasts
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from holdfast.settings import Configuration, SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import LogSettings, NatsSettings
from services.worker.failing import FailureHandler
from services.worker.fetching import JobRunner
from services.worker.handlers import JobTasks, subscribe
from services.worker.line import Line
from services.worker.registry import WatchedRegistry
from services.worker.settings import WorkerSettings

log = logs.logger(__name__)

EX_CONFIG = 78
_STREAMS = (JOBS, EVENTS, RESPONSES, FETCHES, PORTFOLIOS, DEAD, REGISTRY, CURSORS)
_AGAIN_S = 1


class Served(Struct, frozen=True, kw_only=True):
    """A provider that this process serves, with its own settings: no other provider's secrets are read."""

    module: ProviderModule
    settings: Struct

    @property
    def targets_with_past(self) -> tuple[str, ...] | None:
        """None where the manifest says all there is to say."""
        return None if self.module.targets_with_past is None else self.module.targets_with_past(self.settings)


class Worker:
    """Everything one process runs. `run()` returns the exit code."""

    def __init__(
        self,
        *,
        settings: WorkerSettings,
        nats: NatsSettings,
        served: Sequence[Served],
        catalogue: dict[str, ProviderModule],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._catalogue = catalogue
        self.health = Health()
        self._lines = [_build_line(one, settings, clock) for one in served]
        self._pasts = {one.module.name: told for one in served if (told := one.targets_with_past) is not None}
        self._name = "worker-" + "-".join(line.name for line in self._lines)
        self._broker: Broker = build_broker(
            nats, name=self._name, grace_s=settings.grace_s, on_trouble=self._on_waiting("nats")
        )
        self._tasks = JobTasks()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """As SIGTERM does."""
        self._stopping.set()

    async def run(self) -> int:
        port, stop_serving = serve(self.health, host=self._settings.health.host, port=self._settings.health.port)
        log.info("listening", port=port)
        beat = asyncio.create_task(self._beat(), name="beat")
        work = asyncio.create_task(self._work(), name="work")
        stop = asyncio.create_task(self._stopping.wait(), name="stop")
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            return await _exit_code(work)
        finally:
            beat.cancel()
            stop.cancel()
            stop_serving()
            await self._close()

    async def _work(self) -> None:
        self.health.waiting("nats", "connecting")
        connection = await self._broker.open()
        self.health.satisfied("nats")
        consumers = worker_consumers(line.name for line in self._lines)
        await wait_until_migrated(
            connection.js, streams=_STREAMS, consumers=consumers, on_waiting=self._on_waiting("streams")
        )
        async with RegistryWatcher(connection.js) as watcher:
            self.health.waiting("registry", "reading")
            await watcher.wait_ready()
            self.health.satisfied("registry")
            await self._tell_pasts(connection)
            self._subscribe(connection, watcher)
            async with Watchdog(connection.js, consumers, excused=self._excused):
                await self._serve(connection)

    async def _tell_pasts(self, connection: Connection) -> None:
        """Which targets have a past: our settings decide it, and who plans history does not have them."""
        bucket = Bucket(connection.js, CURSORS)
        for provider, targets in self._pasts.items():
            while True:
                try:
                    await bucket.write(pasts.key_of(provider), pasts.encode(targets))
                    break
                except BucketUnavailableError as error:
                    self.health.waiting("cursors", str(error))
                    await asyncio.sleep(_AGAIN_S)
        self.health.satisfied("cursors")

    def _subscribe(self, connection: Connection, watcher: RegistryWatcher) -> None:
        catalogue = {name: module.manifest for name, module in self._catalogue.items()}
        store = RegistryStore(connection.js, clock=self._clock, catalogue=catalogue)
        registry = WatchedRegistry(watcher, store)
        for line in self._lines:
            publisher = Publisher(connection.js, producer=f"worker-{line.name}", clock=self._clock)
            failures = FailureHandler(
                line,
                js=connection.js,
                publisher=publisher,
                registry=registry,
                clock=self._clock,
                payload_limit=connection.payload_limit,
            )
            runner = JobRunner(
                line,
                publisher=publisher,
                registry=registry,
                failures=failures,
                clock=self._clock,
                payload_limit=connection.payload_limit,
                fetch_deadline_s=self._settings.fetch_deadline_s,
            )
            line.on_stopped = lambda name, why: self.health.waiting(f"provider {name}", why)
            subscribe(self._broker, line, runner, self._tasks)

    async def _serve(self, connection: Connection) -> None:
        """Until cancelled; then nothing new is begun, and what is in hand may finish within the grace period."""
        await self._broker.start()
        # FastStream makes a consumer that vanished since we looked, with settings of its own: that is drift.
        await verify(connection.js, consumers=worker_consumers(line.name for line in self._lines))
        self.health.satisfied("start")
        log.info("serving", providers=[line.name for line in self._lines])
        try:
            await asyncio.Event().wait()
        finally:
            self.health.waiting("stop", "stopping")
            await self._stop_serving()

    async def _stop_serving(self) -> None:
        for line in self._lines:
            line.turns.close()
        await asyncio.gather(*(line.stop_pulling() for line in self._lines))
        cut = await self._tasks.finish(within_s=self._settings.grace_s)
        log.info("stopped", given_back=cut)

    async def _close(self) -> None:
        await self._broker.close()
        for line in self._lines:
            await line.session.close()

    async def _beat(self) -> None:
        while True:
            self.health.beat()
            await asyncio.sleep(1)

    def _excused(self, consumer: str) -> bool:
        return any(line.resting for line in self._lines if consumer.startswith(f"worker-{line.name}-"))

    def _on_waiting(self, what: str) -> Callable[[str], None]:
        def tell(why: str) -> None:
            if why:
                self.health.waiting(what, why)
            else:
                self.health.satisfied(what)

        return tell


def build_app(configuration: Configuration, providers: Sequence[str], *, clock: Clock | None = None) -> Worker:
    """The worker of these providers; none named means all that have settings.

    Raises SettingsError with every problem in it.
    """
    settings = configuration.section("worker", WorkerSettings)
    catalogue = discover([Path(settings.providers_folder)] if settings.providers_folder else [])
    names = list(dict.fromkeys(providers)) or configuration.tables("providers")
    return Worker(
        settings=settings,
        nats=configuration.section("nats", NatsSettings),
        served=_served(configuration, catalogue, names),
        catalogue=catalogue,
        clock=clock or SystemClock(),
    )


def _served(configuration: Configuration, catalogue: dict[str, ProviderModule], names: Sequence[str]) -> list[Served]:
    known = ", ".join(catalogue) or "none"
    problems = [
        SettingsProblem("worker", f"no provider {name!r}; there are {known}") for name in names if name not in catalogue
    ]
    if not names:
        told = f"no provider has settings here: make those of one, as [providers.<name>], or name one, of {known}"
        problems.append(SettingsProblem("worker", told))
    served = []
    for name in names:
        if name in catalogue:
            module = catalogue[name]
            try:
                found = configuration.section(f"providers.{name}", module.manifest.settings)
                served.append(Served(module=module, settings=found))
            except SettingsError as error:
                problems += error.problems
    if problems:
        raise SettingsError(problems)
    return served


def _build_line(served: Served, settings: WorkerSettings, clock: Clock) -> Line:
    manifest = served.module.manifest
    session = build_session(manifest, served.settings, clock)
    provider = served.module.build(served.settings, session, clock)
    return Line(manifest, provider, session, settings)


async def _exit_code(work: "asyncio.Task[None]") -> int:
    try:
        await work
    except DriftError as error:
        log.critical("stopping: the streams are not what this version declares", error=str(error))
        return EX_CONFIG
    except asyncio.CancelledError:
        return 0
    return 0


async def run(worker: Worker) -> int:
    """Run until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    return await worker.run()


async def _main(providers: Sequence[str]) -> int:
    configuration = read_configuration()
    logging = configuration.section("log", LogSettings)
    logs.configure(service="worker", level=logging.level, format=logging.format)
    return await run(build_app(configuration, providers))


def main() -> None:
    parser = argparse.ArgumentParser(prog="holdfast worker", description="Fetch what the jobs ask for.")
    parser.add_argument("providers", nargs="*", help="as `evm prices`; none means all that have settings")
    arguments = parser.parse_args()
    try:
        code = asyncio.run(_main(arguments.providers))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        code = EX_CONFIG
    sys.exit(code)
