"""The API process: `build_app` wires it, `run` serves it until it is told to stop."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn
import uvloop
from litestar import Litestar, Router
from litestar.di import Provide

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import connect as connect_nats
from holdfast.messaging.publishing import Publisher
from holdfast.observability import logs
from holdfast.providers.kit.discovery import discover
from holdfast.registry.store import RegistryStore
from holdfast.registry.watcher import RegistryWatcher
from holdfast.settings import Configuration, SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import ClickHouseSettings, LogSettings, NatsSettings, PriceSettings
from holdfast.warehouse.client import connect as connect_warehouse
from services.api import currencies, operations
from services.api.dialects.bitpanda.documentation import PATHS as BITPANDA_PATHS
from services.api.dialects.bitpanda.routes import build_bitpanda
from services.api.dialects.credmark.documentation import PATHS as CREDMARK_PATHS
from services.api.dialects.credmark.routes import build_credmark
from services.api.dialects.dalp.documentation import PATHS as DALP_PATHS
from services.api.dialects.dalp.routes import build_dalp
from services.api.dialects.okx.documentation import PATHS as OKX_PATHS
from services.api.dialects.okx.routes import build_okx
from services.api.native import quality
from services.api.native.routes import PARTS, build_native
from services.api.openapi import build_config, build_document, structs_of
from services.api.problems import HANDLERS
from services.api.rate_limit import RateLimiter
from services.api.requests import JsonRequest, RequestMiddleware
from services.api.resources import Resources
from services.api.settings import ApiSettings

_DIALECT_PATHS = OKX_PATHS | BITPANDA_PATHS | DALP_PATHS | CREDMARK_PATHS
_STRUCTS = structs_of((*PARTS, quality, currencies))

_log = logs.logger(__name__)


def build_app(resources: Resources) -> Any:
    """The ASGI application. Everything that it talks to is open already."""
    settings = resources.settings
    limiter = RateLimiter(per_minute=settings.requests_per_minute, burst=settings.burst)
    dependencies = {"api": Provide(lambda: resources, sync_to_thread=False, use_cache=True)}
    routers: list[Router] = [
        build_native(resources, limiter),
        build_okx(resources, limiter),
        build_bitpanda(resources, limiter),
        build_dalp(resources, limiter),
        build_credmark(resources, limiter),
    ]
    app = Litestar(
        route_handlers=[*operations.ROUTES, *routers],
        dependencies=dependencies,
        exception_handlers=dict(HANDLERS),
        request_class=JsonRequest,
        request_max_body_size=settings.max_body_bytes,
        openapi_config=build_config(),
        logging_config=None,
    )
    app.register(operations.openapi_route(partial(build_document, app, _DIALECT_PATHS, _STRUCTS)))
    return RequestMiddleware(app)


async def run(configuration: Configuration) -> None:
    """Until SIGTERM or SIGINT; requests in hand get `api.shutdown_grace_s` to finish."""
    settings, nats_settings, clickhouse_settings, prices = _sections(configuration)
    clock = SystemClock()
    nats = await connect_nats(nats_settings, name="api")
    warehouse = await connect_warehouse(clickhouse_settings)
    catalogue = {name: module.manifest for name, module in discover().items()}
    try:
        async with RegistryWatcher(nats.js) as watcher:
            resources = Resources(
                settings=settings,
                ranking=prices.ranking,
                warehouse=warehouse,
                watcher=watcher,
                store=RegistryStore(nats.js, clock=clock, catalogue=catalogue),
                publisher=Publisher(nats.js, producer="api", clock=clock, deadline_s=10),
                catalogue=catalogue,
                clock=clock,
            )
            app = build_app(resources)
            _keep_what_is_built()
            await _serve(app, settings)
    finally:
        await warehouse.close()
        await nats.close()


def main() -> None:
    try:
        configuration = read_configuration()
        _sections(configuration)
        log = configuration.section("log", LogSettings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(78)
    logs.configure(service="api", level=log.level, format=log.format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(configuration))


def _sections(configuration: Configuration) -> tuple[ApiSettings, NatsSettings, ClickHouseSettings, PriceSettings]:
    settings = configuration.section("api", ApiSettings)
    if settings.master_key and len(settings.master_key.reveal()) < 32:
        fix = "must have at least 32 characters: generate one with `openssl rand -hex 32`, or leave it empty"
        raise SettingsError([SettingsProblem("api.master_key", fix)])
    logs.hide(settings.master_key.reveal())
    return (
        settings,
        configuration.section("nats", NatsSettings),
        configuration.section("clickhouse", ClickHouseSettings),
        configuration.section("prices", PriceSettings),
    )


def _keep_what_is_built() -> None:
    """Out of the collector's sight: now and then a request stood still for tenths of a second while it walked there."""
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own handling ends the process by the signal, we end it with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            _log.info("listening", host=self.config.host, port=_port(self))


async def _serve(app: Any, settings: ApiSettings) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=settings.shutdown_grace_s,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, server)
    await server.serve()


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _port(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])
