"""The simulator process: builds the world, listens, and says on which port."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from holdfast.observability import logs
from holdfast.settings import SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import LogSettings
from services.simulator.admin.controls import Controls
from services.simulator.admin.registration import Registration
from services.simulator.admin.truths import Truths
from services.simulator.clock import WorldClock
from services.simulator.faults import Faults
from services.simulator.request_log import RequestLog
from services.simulator.server import SimulatorApp
from services.simulator.settings import SimulatorSettings
from services.simulator.sockets import HangUpProtocol
from services.simulator.upstreams.bitpanda import Bitpanda
from services.simulator.upstreams.coingecko import Coingecko
from services.simulator.upstreams.credmark import Credmark
from services.simulator.upstreams.dalp import Dalp
from services.simulator.upstreams.defillama import Defillama
from services.simulator.upstreams.ecb import Ecb
from services.simulator.upstreams.evm import EvmNodes
from services.simulator.upstreams.okx import Credential, Okx
from services.simulator.upstreams.okx.window import SlidingWindow
from services.simulator.upstreams.prices import PriceFeed
from services.simulator.world.instants import GENESIS
from services.simulator.world.world import World, build_world

EXIT_BAD_SETTINGS = 78
_GRACE_S = 3


def build_app(settings: SimulatorSettings) -> SimulatorApp:
    """Everything but the socket. Raises SettingsError."""
    world = build_world(seed=settings.seed, wallets=settings.wallets)
    clock = build_clock(settings)
    upstreams = (
        Dalp(world, api_key=settings.dalp_api_key),  # before OKX, whose paths its own begin like
        build_okx(world, settings),
        EvmNodes(world, batch_limit=settings.evm_batch_limit),
        PriceFeed(world),
        build_coingecko(world, settings),
        Defillama(world),
        Ecb(world),
        Bitpanda(world, api_key=settings.bitpanda_api_key),
        Credmark(world, api_key=settings.credmark_api_key),
    )
    faults = Faults(settings.seed, [upstream.name for upstream in upstreams])
    log = RequestLog()
    controls = Controls(clock=clock, faults=faults, log=log)
    return SimulatorApp(
        upstreams=upstreams,
        admin={
            ("GET", "/_world"): Registration(world, settings).show,
            ("GET", "/_truth"): Truths(world, clock).show,
            ("GET", "/_clock"): controls.show_clock,
            ("POST", "/_clock"): controls.change_clock,
            ("GET", "/_knobs"): controls.show_knobs,
            ("POST", "/_knobs"): controls.turn_knobs,
            ("DELETE", "/_knobs"): controls.reset_knobs,
            ("GET", "/_log"): controls.show_log,
            ("DELETE", "/_log"): controls.clear_log,
        },
        clock=clock,
        faults=faults,
        log=log,
    )


def build_clock(settings: SimulatorSettings) -> WorldClock:
    start = settings.clock_start
    if start is not None and start < GENESIS:
        problem = f"{start.isoformat()} is before the world begins; set {GENESIS.isoformat()} or later"
        raise SettingsError([SettingsProblem("simulator.clock_start", problem)])
    return WorldClock(start=start, rate=settings.clock_rate, frozen=settings.clock_frozen)


def build_okx(world: World, settings: SimulatorSettings) -> Okx:
    credential = Credential(
        key=settings.okx_api_key, secret=settings.okx_secret_key, passphrase=settings.okx_passphrase
    )
    window = SlidingWindow(requests=settings.okx_requests_per_second)
    return Okx(world, credentials=(credential,), window=window)


def build_coingecko(world: World, settings: SimulatorSettings) -> Coingecko:
    window = SlidingWindow(requests=settings.coingecko_requests_per_minute, per_ms=60_000)
    return Coingecko(world, api_key=settings.coingecko_api_key, window=window)


class _Server(uvicorn.Server):
    """uvicorn raises the signal again after a clean stop, which would not be exit 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def build_server(settings: SimulatorSettings) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            build_app(settings),
            http=HangUpProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )


def listen(settings: SimulatorSettings) -> socket.socket:
    """Raises SettingsError when the address cannot be had."""
    try:
        return socket.create_server((settings.host, settings.port), backlog=2048)
    except OSError as error:
        where = f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}"
        raise SettingsError(
            [SettingsProblem("simulator.port", f"{where}; choose another, or 0 for a free one")]
        ) from None


async def run(settings: SimulatorSettings) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is in hand. Raises SettingsError."""
    server = build_server(settings)
    listener = listen(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    port = listener.getsockname()[1]
    logs.logger("simulator").info("listening", host=settings.host, port=port, wallets=settings.wallets)
    await server.serve(sockets=[listener])


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def main() -> None:
    try:
        configuration = read_configuration()
        settings = configuration.section("simulator", SimulatorSettings)
        log = configuration.section("log", LogSettings)
        logs.configure(service="simulator", level=log.level, format=log.format)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_BAD_SETTINGS)
