"""The scheduler process: registry and cursors in, jobs out. Run as many as you like."""

import asyncio
import contextlib
import secrets
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping
from datetime import timedelta

from holdfast.domain.time import Clock, SystemClock
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.declarations import CURSORS, JOBS, REGISTRY
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import DriftError, wait_until_migrated
from holdfast.observability import health
from holdfast.observability.logs import configure, logger
from holdfast.providers.kit.contract import Manifest
from holdfast.providers.kit.discovery import discover
from holdfast.registry.watcher import RegistryWatcher
from holdfast.settings import Configuration, SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import LogSettings, NatsSettings
from services.scheduler.backfills import Backfills
from services.scheduler.cursors import CursorBook
from services.scheduler.rounds import Rounds
from services.scheduler.settings import SchedulerSettings

_log = logger(__name__)


class SchedulerApp:
    """`run()` until `stop()`; a round in hand is finished first."""

    def __init__(
        self, settings: SchedulerSettings, nats: NatsSettings, clock: Clock, catalogue: Mapping[str, Manifest]
    ) -> None:
        self.health = health.Health()
        self._settings = settings
        self._nats = nats
        self._clock = clock
        self._catalogue = catalogue
        self._owner = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._stopping = asyncio.Event()
        self._in_round = False

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        port, stop_health = health.serve(self.health, host=self._settings.health.host, port=self._settings.health.port)
        _log.info("listening", port=port)
        try:
            await self._until_stopped(self._connected())
        finally:
            await asyncio.to_thread(stop_health)

    async def _until_stopped(self, work: Coroutine[None, None, None]) -> None:
        """A round in hand is finished within the grace period; merely waiting for something ends at once."""
        task, stopping = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        while not task.done() and not stopping.done():
            await asyncio.wait({task, stopping}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            if self.health.waiting_for:
                self.health.beat()  # to wait for NATS is not to be stuck
        await asyncio.wait({task}, timeout=self._settings.shutdown_grace_s if self._in_round else 0.1)
        for one in (task, stopping):
            one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _connected(self) -> None:
        self.health.waiting("nats", "connecting")
        self.health.satisfied("start")
        connection = await connect(self._nats, name="scheduler", on_trouble=self._on_nats)
        self._on_nats("")
        try:
            await wait_until_migrated(connection.js, streams=[JOBS, REGISTRY, CURSORS], on_waiting=self._on_migration)
            await self._schedule(connection)
        finally:
            await connection.close()

    async def _schedule(self, connection: Connection) -> None:
        book = CursorBook(connection.js, owner=self._owner, clock=self._clock)
        publisher = Publisher(
            connection.js, producer="scheduler", clock=self._clock, deadline_s=self._settings.publish_deadline_s
        )
        async with RegistryWatcher(connection.js) as watcher:
            rounds = Rounds(
                state=lambda: watcher.state,
                book=book,
                publisher=publisher,
                clock=self._clock,
                owner=self._owner,
                takeover_after=timedelta(seconds=self._settings.takeover_after_s),
            )
            backfills = Backfills(
                connection.js,
                state=lambda: watcher.state,
                catalogue=self._catalogue,
                publisher=publisher,
                clock=self._clock,
                days=self._settings.backfill_days,
                after=timedelta(seconds=self._settings.backfill_after_s),
                most_outstanding=self._settings.backfill_outstanding,
                most_events=self._settings.backfill_events,
            )
            book.start()
            backfills.start()
            try:
                self.health.waiting("registry", "reading it")
                await watcher.wait_ready()
                self.health.satisfied("registry")
                await self._tick(rounds, backfills)
            finally:
                await backfills.stop()
                await book.stop()

    async def _tick(self, rounds: Rounds, backfills: Backfills) -> None:
        while not self._stopping.is_set():
            self._in_round = True
            done = await rounds.run()
            await backfills.run()
            self._in_round = False
            self.health.beat()
            if done.refused:
                self.health.waiting("jobs", "the JOBS stream is full: workers are behind or gone")
            else:
                self.health.satisfied("jobs")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._settings.tick_s)

    def _on_nats(self, trouble: str) -> None:
        if trouble:
            self.health.waiting("nats", trouble)
        else:
            self.health.satisfied("nats")

    def _on_migration(self, missing: str) -> None:
        if missing:
            self.health.waiting("migration", missing)
        else:
            self.health.satisfied("migration")


def build_app(
    settings: SchedulerSettings,
    nats: NatsSettings,
    clock: Clock | None = None,
    *,
    catalogue: Mapping[str, Manifest] | None = None,
) -> SchedulerApp:
    """`catalogue`: the providers there are, by name; the built-in ones if it is not given."""
    found = {name: module.manifest for name, module in discover().items()} if catalogue is None else catalogue
    return SchedulerApp(settings, nats, clock or SystemClock(), found)


def main() -> None:
    try:
        configuration = read_configuration()
        _raise_all_problems(configuration)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(78)
    log = configuration.section("log", LogSettings)
    configure(service="scheduler", level=log.level, format=log.format)
    try:
        asyncio.run(
            _run(configuration.section("scheduler", SchedulerSettings), configuration.section("nats", NatsSettings))
        )
    except DriftError as error:
        _log.error("drift", why=str(error))
        sys.exit(78)


def _raise_all_problems(configuration: Configuration) -> None:
    """Not just those of the first section that has any."""
    problems: list[SettingsProblem] = []
    for name, kind in (("log", LogSettings), ("scheduler", SchedulerSettings), ("nats", NatsSettings)):
        try:
            configuration.section(name, kind)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)


async def _run(settings: SchedulerSettings, nats: NatsSettings) -> None:
    app = build_app(settings, nats)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.stop)
    await app.run()
