"""The endpoint as a process: `python -m holdfast.warehouse.embedded`."""

import asyncio
import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn
import uvloop

from holdfast.observability import logs
from holdfast.settings import SettingsError, SettingsProblem, read_configuration
from holdfast.settings.shared import ClickHouseSettings, LogSettings
from holdfast.warehouse.embedded.app import Endpoint
from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.engine import DataDirError, open_engine
from holdfast.warehouse.embedded.settings import EmbeddedSettings
from holdfast.warehouse.tenancy import user_of

BAD_SETTINGS = 78
"""EX_CONFIG: starting again will not help."""
KEEP_ALIVE_S = 60
"""How long an idle connection stays open. Clients close theirs sooner, clickhouse-connect after 30 s and ours after 4:
whatever one of them sends just as the endpoint closes is lost."""


def main() -> None:
    # Results must not depend on where the machine stands; the engine takes its time zone from here alone.
    os.environ["TZ"] = "UTC"
    try:
        configuration = read_configuration()
        log_settings = configuration.section("log", LogSettings)
        logs.configure(service="clickhouse", level=log_settings.level, format=log_settings.format)
        embedded = configuration.section("embedded", EmbeddedSettings)
        clickhouse = configuration.section("clickhouse", ClickHouseSettings)
        accounts = to_accounts(embedded, clickhouse)
        listener = listen(embedded)
        endpoint = build_app(embedded, clickhouse.database, accounts)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201
        sys.exit(BAD_SETTINGS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(endpoint, listener))


def build_app(embedded: EmbeddedSettings, database: str, accounts: list[Account]) -> Endpoint:
    """Opens the data directory. Raises SettingsError naming the setting."""
    try:
        engine = open_engine(
            Path(embedded.data_dir).absolute(),
            database=database,
            log_days=embedded.query_log_days,
            tenants=embedded.tenant_analysts,
        )
    except DataDirError as error:
        raise SettingsError([SettingsProblem("embedded.data_dir", str(error))]) from error
    return Endpoint(engine, embedded, database=database, accounts=accounts)


def to_accounts(embedded: EmbeddedSettings, clickhouse: ClickHouseSettings) -> list[Account]:
    """The owner, the analyst if there is one, and those of single tenants.

    Raises SettingsError for a combination that is not safe.
    """
    problems = []
    if embedded.analyst_user == clickhouse.user:
        problems.append(SettingsProblem("embedded.analyst_user", "must differ from clickhouse.user, the owner"))
    if not _is_loopback(embedded.host) and not clickhouse.password:
        problems.append(
            SettingsProblem("clickhouse.password", f"is required when embedded.host ({embedded.host}) is not loopback")
        )
    tenants = {user_of(tenant): (tenant, password) for tenant, password in embedded.tenant_analysts.items()}
    problems += [
        SettingsProblem(f"embedded.tenant_analysts.{tenant}", "needs a password: anybody could be that tenant")
        for tenant, password in tenants.values()
        if not password
    ]
    if tenants and not re.fullmatch(r"[A-Za-z_]\w*", clickhouse.database):
        problems.append(SettingsProblem("clickhouse.database", "must be a plain word where tenants have analysts"))
    if taken := tenants.keys() & {clickhouse.user, embedded.analyst_user}:
        problems.append(SettingsProblem("embedded.tenant_analysts", f"{', '.join(sorted(taken))} is a user already"))
    if problems:
        raise SettingsError(problems)
    accounts = [Account(name=clickhouse.user, password=clickhouse.password, read_only=False)]
    if embedded.analyst_user:
        accounts.append(Account(name=embedded.analyst_user, password=embedded.analyst_password, read_only=True))
    accounts += [
        Account(name=name, password=password, read_only=True, tenant=tenant)
        for name, (tenant, password) in sorted(tenants.items())
    ]
    return accounts


def listen(embedded: EmbeddedSettings) -> socket.socket:
    """Take the port before the engine starts. Raises SettingsError naming the setting."""
    try:
        family = socket.AF_INET6 if ":" in embedded.host else socket.AF_INET
        listener = socket.create_server((embedded.host, embedded.port), family=family, backlog=512)
        # asyncio leaves this out for such a socket, and then head and body of an answer are 40 ms apart.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        place = f"{embedded.host}:{embedded.port}"
        problem = SettingsProblem("embedded.port", f"cannot listen on {place}: {os.strerror(error.errno or 0)}")
        raise SettingsError([problem]) from error


async def run(endpoint: Endpoint, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then stop what still runs and close the store."""
    config = uvicorn.Config(
        endpoint,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=KEEP_ALIVE_S,
        h11_max_incomplete_event_size=1 << 20,
    )
    _keep_what_is_built()
    host, port = listener.getsockname()[:2]
    logs.logger("holdfast.warehouse.embedded").info("listening", host=host, port=port)
    try:
        await _Server(config).serve(sockets=[listener])
    finally:
        endpoint.close()


def _keep_what_is_built() -> None:
    """Out of the collector's sight: the modules behind chDB are 90,000 objects, and a walk through them stops all."""
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """uvicorn raises the signal again once it has stopped; asked to stop and stopped is success."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
