"""NATS and ClickHouse for tests: the one place that knows the two ways to have them.

Embedded, the default: the `nats-server` of the virtual environment and the ClickHouse engine behind our
own endpoint, as child processes on free ports. Or the official images, through testcontainers, with
`--containers` (`make test-containers`). What a test sees is the same: settings to connect with, and
`kill`, `start` and `stop` for those that break things.
"""

import json
import os
import shutil
import socket
import sys
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol

from holdfast.settings import Secret
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from services.local.ports import free_port
from tests.support.children import Child

NATS_IMAGE = "nats:2.15"
CLICKHOUSE_IMAGE = "clickhouse/clickhouse-server:26.9"
OWNER, OWNER_PASSWORD = "holdfast", "owner-password"
ANALYST, ANALYST_PASSWORD = "analyst", "analyst-password"


class ImagesUnavailable(Exception):  # noqa: N818
    """`--containers` was asked for and cannot be had; the message says why."""


class NatsServer(Protocol):
    """`kill` and `start` again keep the port and the streams."""

    @property
    def settings(self) -> NatsSettings: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class ClickHouseServer(Protocol):
    """`kill` and `start` again keep the address and the data."""

    def settings(self, database: str = "holdfast") -> ClickHouseSettings: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class EmbeddedNats:
    """The real server with JetStream, its store in `folder`, not started yet."""

    def __init__(self, folder: Path, *, port: int | None = None, max_payload_bytes: int = 1_048_576) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.child: Child | None = None
        self._config = folder / "nats.conf"
        self._config.write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f"max_payload: {max_payload_bytes}\n"
            f"jetstream: {{ store_dir: {json.dumps(str(folder / 'store'))}, sync_interval: always }}\n"
        )

    @property
    def settings(self) -> NatsSettings:
        return NatsSettings(url=f"nats://127.0.0.1:{self.port}")

    def start(self) -> None:
        command = [_script("nats-server"), "--config", str(self._config)]
        self.child = Child(command, log=self.folder / "nats.log")
        self.child.wait_until(lambda: _answers(self.port), what="nats-server")

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()


class EmbeddedClickHouse:
    """The engine behind Holdfast's own endpoint, its data in `folder`, not started yet."""

    def __init__(self, folder: Path, *, port: int | None = None, environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.child: Child | None = None
        self.environment = {
            "HOLDFAST_EMBEDDED__DATA_DIR": str(folder / "data"),
            "HOLDFAST_EMBEDDED__PORT": str(self.port),
            "HOLDFAST_EMBEDDED__ANALYST_USER": ANALYST,
            "HOLDFAST_EMBEDDED__ANALYST_PASSWORD": ANALYST_PASSWORD,
            "HOLDFAST_CLICKHOUSE__USER": OWNER,
            "HOLDFAST_CLICKHOUSE__PASSWORD": OWNER_PASSWORD,
            **(environment or {}),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, database: str = "holdfast") -> ClickHouseSettings:
        return ClickHouseSettings(url=self.url, database=database, user=OWNER, password=Secret(OWNER_PASSWORD))

    def analyst_settings(self, database: str = "holdfast") -> ClickHouseSettings:
        return ClickHouseSettings(url=self.url, database=database, user=ANALYST, password=Secret(ANALYST_PASSWORD))

    def launch(self) -> Child:
        """Start without waiting for it to answer."""
        command = [sys.executable, "-m", "holdfast.warehouse.embedded"]
        self.child = Child(command, log=self.folder / "clickhouse.log", environment=self.environment)
        return self.child

    def start(self) -> None:
        self.launch().wait_until(lambda: _says_ok(f"{self.url}/ping"), what="embedded ClickHouse", deadline_s=60)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()


class ContainerNats:
    """The official image. A fixed port of the host, so that it is found again after `kill`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._container = _container(NATS_IMAGE).with_bind_ports(4222, self.port).with_command("-js -sd /data")

    @property
    def settings(self) -> NatsSettings:
        return NatsSettings(url=f"nats://{_host(self._container)}:{self.port}")

    def start(self) -> None:
        _start(self._container, NATS_IMAGE, lambda: _answers(self.port, _host(self._container)))

    def stop(self) -> None:
        self._container.stop()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()


class ContainerClickHouse:
    """The official image, with the same owner as the embedded one."""

    def __init__(self) -> None:
        self.port = free_port()
        container = _container(CLICKHOUSE_IMAGE).with_bind_ports(8123, self.port)
        for name, value in {
            "CLICKHOUSE_USER": OWNER,
            "CLICKHOUSE_PASSWORD": OWNER_PASSWORD,
            "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT": "1",
        }.items():
            container = container.with_env(name, value)
        self._container = container

    @property
    def url(self) -> str:
        return f"http://{_host(self._container)}:{self.port}"

    def settings(self, database: str = "holdfast") -> ClickHouseSettings:
        return ClickHouseSettings(url=self.url, database=database, user=OWNER, password=Secret(OWNER_PASSWORD))

    def start(self) -> None:
        _start(self._container, CLICKHOUSE_IMAGE, lambda: _says_ok(f"{self.url}/ping"))

    def stop(self) -> None:
        self._container.stop()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()


def build_nats(folder: Path, *, containers: bool) -> NatsServer:
    return ContainerNats() if containers else EmbeddedNats(folder)


def build_clickhouse(folder: Path, *, containers: bool) -> ClickHouseServer:
    return ContainerClickHouse() if containers else EmbeddedClickHouse(folder)


def _script(name: str) -> str:
    """A program that a wheel brought; a nats-server elsewhere on the machine may be of any version."""
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed: run `make setup`")
    return found


def _answers(port: int, host: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def _says_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _container(image: str) -> Any:
    try:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        # No reaper: it would be a third image to pull, and every container is stopped by its fixture.
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        return DockerContainer(image)
    except Exception as error:
        raise ImagesUnavailable(f"--containers: no Docker here to run {image} with: {error}") from error


def _host(container: Any) -> str:
    return str(container.get_container_host_ip())


def _start(container: Any, image: str, ready: Any) -> None:
    import time  # noqa: PLC0415

    try:
        wrapped = container.get_wrapped_container()
        if wrapped is None:
            container.start()
        else:
            wrapped.start()
    except Exception as error:
        raise ImagesUnavailable(f"--containers: cannot pull or start {image}: {error}") from error
    deadline = time.monotonic() + 60
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{image} does not answer after 60 s:\n{container.get_logs()}")
        time.sleep(0.1)
