"""`holdfast up`: the whole of Holdfast on this machine, until Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from holdfast.settings import SettingsError, read_configuration
from services.local import portfolios
from services.local.directory import DataDirectory
from services.local.processes import CANNOT_WORK, ProcessFailedError
from services.local.running import Running
from services.local.screen import PortfolioLine, Screen
from services.local.settings import LocalSettings

_REDRAW_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="holdfast up", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="fetch from a simulated world, with data of its own")
    arguments = parser.parse_args()
    try:
        settings = read_configuration().section("local", LocalSettings)
        code = asyncio.run(run(settings, demo=arguments.demo))
    except SettingsError as error:
        sys.stderr.write("holdfast: cannot start\n" + "".join(f"  {problem}\n" for problem in error.problems))
        code = CANNOT_WORK
    sys.exit(code)


async def run(settings: LocalSettings, *, demo: bool) -> int:
    """0 after an orderly stop, 78 if a part's settings are wrong, 1 if one could not come up for another reason."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    directory = DataDirectory(Path(settings.data_dir) / ("demo" if demo else "live"))
    with Screen() as screen:
        running = Running(settings, directory, screen.report, simulate={} if demo else None)
        starting = asyncio.create_task(running.start())
        try:
            await _first(starting, stop)
            if not stop.is_set():
                await starting
                return await _show(running, screen, stop)
        except ProcessFailedError as error:
            screen.say(f"holdfast: {error}")
            return CANNOT_WORK if error.hopeless else 1
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await running.stop()
    return 0


async def _show(running: Running, screen: Screen, stop: asyncio.Event) -> int:
    screen.running(facts_of(running), await _read(running))
    while not stop.is_set():
        await _first(running.supervisor.gave_up, stop, timeout_s=_REDRAW_S)
        if running.supervisor.gave_up.done():
            screen.say(f"holdfast: {running.supervisor.gave_up.result()}")
            return CANNOT_WORK
        screen.revalued(await _read(running))
    return 0


def facts_of(running: Running) -> dict[str, str]:
    """What somebody needs to use it: addresses, keys, where things are."""
    ports, credentials = running.ports, running.credentials
    facts = {
        "API": f"{running.api_url}/v1   (OpenAPI: {running.api_url}/v1/openapi.json)",
        "ClickHouse": f"http://127.0.0.1:{ports.clickhouse}   user analyst, password {credentials.analyst_password}",
        "NATS": f"nats://127.0.0.1:{ports.nats}   user holdfast, password in {running.folder / 'credentials.toml'}",
    }
    if running.world is not None:
        facts["Simulator"] = f"{running.simulator_url}/_world"
        facts["API key"] = credentials.api_key
    facts["Data, logs"] = str(running.folder)
    facts["Started in"] = f"{running.started_in_s:.1f} s; Ctrl-C stops all of it"
    return facts


async def _read(running: Running) -> Sequence[PortfolioLine]:
    key = running.credentials.api_key
    return await portfolios.read(running.api_url, key) if key else ()


async def _first(work: asyncio.Future[Any], stop: asyncio.Event, *, timeout_s: float | None = None) -> None:
    """Until the work is done, somebody asks to stop, or the time is up."""
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
