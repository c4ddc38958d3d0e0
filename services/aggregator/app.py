"""Wiring and life of the aggregator process. Run as many as you like: they share the work."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from holdfast.domain.time import Clock, SystemClock
from holdfast.messaging.batches import BatchConsumer, BatchLimits
from holdfast.messaging.connection import Connection
from holdfast.messaging.connection import connect as connect_nats
from holdfast.messaging.declarations import AGGREGATOR_CONSUMERS, DEAD, PORTFOLIOS, REGISTRY, consumer_named
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import wait_until_migrated
from holdfast.messaging.watchdog import Watchdog
from holdfast.observability.health import Health, serve
from holdfast.observability.logs import configure, logger
from holdfast.registry.watcher import RegistryWatcher
from holdfast.settings import SettingsError, read_configuration
from holdfast.settings.shared import ClickHouseSettings, LogSettings, NatsSettings, PriceSettings
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.client import connect as connect_warehouse
from holdfast.warehouse.errors import WarehouseUnavailable
from holdfast.warehouse.migrator import is_migrated
from services.aggregator.closing.closer import Closer
from services.aggregator.guards.noticing import Guard
from services.aggregator.intake import GroupLimits, Intake, Line, run_all
from services.aggregator.lines import DeadLine, EventLine, RecordLine
from services.aggregator.projection import Projector
from services.aggregator.settings import AggregatorSettings

log = logger(__name__)

EX_CONFIG = 78
_DATABASE = "warehouse"


class AggregatorApp:
    """`run()` until `stop()`; the batch in hand is finished and acknowledged first."""

    def __init__(
        self,
        settings: AggregatorSettings,
        nats: NatsSettings,
        clickhouse: ClickHouseSettings,
        prices: PriceSettings,
        clock: Clock,
    ) -> None:
        self.health = Health()
        self._settings = settings
        self._nats = nats
        self._clickhouse = clickhouse
        self._ranking = prices.ranking
        self._clock = clock
        self._stopping = asyncio.Event()
        self._intakes: list[Intake[Any, Any]] = []

    def stop(self) -> None:
        self._stopping.set()
        for intake in self._intakes:
            intake.stop()

    async def run(self) -> None:
        port, stop_health = serve(self.health, host=self._settings.health.host, port=self._settings.health.port)
        log.info("listening", port=port)
        work, stopping = asyncio.create_task(self._connected()), asyncio.create_task(self._stopping.wait())
        try:
            while not work.done() and not stopping.done():
                await asyncio.wait({work, stopping}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
                self.health.beat()  # that work is done is the watchdog's to judge: it knows whether any is waiting
            # Only what is in hand is waited for; waiting for a server ends at once.
            await asyncio.wait({work}, timeout=self._settings.shutdown_grace_s if self._intakes else 0.1)
            await _ended(work)
        finally:
            stopping.cancel()
            await asyncio.to_thread(stop_health)

    async def _connected(self) -> None:
        self.health.waiting("nats", "connecting")
        self.health.satisfied("start")
        connection = await connect_nats(self._nats, name="aggregator", on_trouble=self._on("nats"))
        self._on("nats")("")
        try:
            streams = [*(consumer.stream for consumer in AGGREGATOR_CONSUMERS), PORTFOLIOS, DEAD, REGISTRY]
            await wait_until_migrated(
                connection.js, streams=streams, consumers=AGGREGATOR_CONSUMERS, on_waiting=self._on("migration")
            )
            warehouse = await self._warehouse()
            try:
                await self._aggregate(connection, warehouse)
            finally:
                await warehouse.close()
        finally:
            await connection.close()

    async def _warehouse(self) -> Warehouse:
        """Waits for the engine and for its migrations, as long as it takes."""
        while True:
            try:
                warehouse = await connect_warehouse(self._clickhouse)
            except WarehouseUnavailable as error:
                self.health.waiting(_DATABASE, str(error)[:200])
            else:
                if await is_migrated(warehouse):
                    self.health.satisfied(_DATABASE)
                    return warehouse
                self.health.waiting(_DATABASE, "its tables are missing or of an older version: run `holdfast migrate`")
                await warehouse.close()
            await asyncio.sleep(0.5)

    async def _aggregate(self, connection: Connection, warehouse: Warehouse) -> None:
        publisher = Publisher(connection.js, producer="aggregator", clock=self._clock)
        self.health.waiting("registry", "reading it")
        async with RegistryWatcher(connection.js) as watcher:
            await watcher.wait_ready()
            guard = Guard(
                warehouse,
                publisher,
                self._settings.guards,
                ranking=self._ranking,
                registry=lambda: watcher.state,
            )
            projector = Projector(
                warehouse,
                publisher,
                every_s=self._settings.reconcile_every_s,
                on_current=lambda: self.health.satisfied("registry"),
                guard=guard,
            )
            async with Watchdog(
                connection.js,
                AGGREGATOR_CONSUMERS,
                excused=self._excused,
                stuck_after_s=self._settings.watchdog_after_s,
            ):
                await self._alongside(
                    self._take_in(connection, warehouse, publisher, guard),
                    projector.run(watcher),
                    *self._closing(warehouse),
                )

    async def _take_in(self, connection: Connection, warehouse: Warehouse, publisher: Publisher, guard: Guard) -> None:
        lines: dict[str, Line[Any, Any]] = {
            "aggregator": EventLine(warehouse, publisher, guard, clock=self._clock, ranking=self._ranking),
            "aggregator-responses": RecordLine(warehouse),
            "aggregator-fetches": RecordLine(warehouse),
            "aggregator-dead": DeadLine(warehouse),
        }
        self._intakes = [self._intake(connection, name, line) for name, line in lines.items()]
        if not self._stopping.is_set():
            await run_all(self._intakes, self.health)

    def _intake(self, connection: Connection, name: str, line: Line[Any, Any]) -> Intake[Any, Any]:
        declaration = consumer_named(name)
        limits = BatchLimits(
            messages=self._settings.batch_messages,
            bytes=self._settings.batch_bytes,
            wait_s=self._settings.batch_wait_s,
        )
        return Intake(
            connection,
            declaration,
            line,
            BatchConsumer(connection.js, declaration, limits=limits),
            clock=self._clock,
            health=self.health,
            most_dead_in_a_row=self._settings.most_dead_in_a_row,
            group=GroupLimits(messages=self._settings.group_messages, wait_s=self._settings.group_wait_s),
        )

    def _closing(self, warehouse: Warehouse) -> list[Coroutine[Any, Any, None]]:
        """Nothing where it is switched off."""
        settings = self._settings.closing
        closer = Closer(warehouse, self._clock, settings, ranking=self._ranking)
        return [closer.run()] if settings.every_s else []

    async def _alongside(self, work: Coroutine[Any, Any, None], *endless: Coroutine[Any, Any, None]) -> None:
        """Until `work` ends; should anything endless end, that is an error and ends all."""
        tasks = {asyncio.create_task(one) for one in (work, *endless)}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _excused(self, consumer: str) -> bool:
        """A warehouse that is away, or a stream left alone, is not a stuck process."""
        return consumer in self.health.waiting_for

    def _on(self, what: str) -> Any:
        def told(trouble: str) -> None:
            if trouble:
                self.health.waiting(what, trouble)
            else:
                self.health.satisfied(what)

        return told


async def _ended(work: asyncio.Task[None]) -> None:
    if not work.done():
        work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work


def build_app(
    settings: AggregatorSettings,
    nats: NatsSettings,
    clickhouse: ClickHouseSettings,
    prices: PriceSettings,
    clock: Clock | None = None,
) -> AggregatorApp:
    return AggregatorApp(settings, nats, clickhouse, prices, clock or SystemClock())


def main() -> None:
    try:
        configuration = read_configuration()
        log_settings = configuration.section("log", LogSettings)
        app = build_app(
            configuration.section("aggregator", AggregatorSettings),
            configuration.section("nats", NatsSettings),
            configuration.section("clickhouse", ClickHouseSettings),
            configuration.section("prices", PriceSettings),
        )
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EX_CONFIG)
    configure(service="aggregator", level=log_settings.level, format=log_settings.format)
    asyncio.run(_run(app))


async def _run(app: AggregatorApp) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.stop)
    await app.run()
