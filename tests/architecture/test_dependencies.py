"""One owner per dependency, and no import that the design forbids."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Who may import what. A path is a prefix below the root.
OWNERS = {
    "httpx": ("libs/holdfast/providers/kit/",),
    "clickhouse_connect": ("libs/holdfast/warehouse/",),
    "chdb": ("libs/holdfast/warehouse/embedded/",),
    "prometheus_client": ("libs/holdfast/observability/",),
    "nats": ("libs/holdfast/messaging/",),
    "faststream": ("libs/holdfast/messaging/",),
    "structlog": ("libs/holdfast/observability/",),
    "litestar": ("services/api/",),
    "cyclopts": ("services/cli/", "services/local/"),
    "pydantic": (),
}
SERVICE_FILES = {"nats", "faststream"}
"""Also in the services' app.py and handlers.py."""


def imports() -> Iterator[tuple[str, str]]:
    for top in ("libs", "services"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                for name in names:
                    yield str(path.relative_to(ROOT)), name


def allowed(path: str, package: str) -> bool:
    if path.startswith(OWNERS[package]):
        return True
    return package in SERVICE_FILES and path.startswith("services/") and path.endswith(("/app.py", "/handlers.py"))


def test_each_dependency_has_one_owner() -> None:
    offenders = [
        f"{path} imports {name}"
        for path, name in imports()
        if (package := name.partition(".")[0]) in OWNERS and not allowed(path, package)
    ]
    assert offenders == []


def test_services_do_not_import_each_other() -> None:
    offenders = [
        f"{path} imports {name}"
        for path, name in imports()
        if name.startswith("services.")
        and path.split("/")[0] == "services"
        and name.split(".")[1] != path.split("/")[1]
    ]
    assert offenders == []


def test_providers_do_not_import_each_other() -> None:
    offenders = []
    for path, name in imports():
        parts = path.split("/")
        if parts[:3] == ["libs", "holdfast", "providers"] and name.startswith("holdfast."):
            own = f"holdfast.providers.{parts[3]}"
            fine = (own, "holdfast.providers.kit", "holdfast.domain", "holdfast.settings", "holdfast.observability")
            if name != "holdfast.providers" and not name.startswith(fine):
                offenders.append(f"{path} imports {name}")
    assert offenders == []


def test_the_library_starts_no_service() -> None:
    offenders = [
        f"{path} imports {name}" for path, name in imports() if path.startswith("libs/") and name.startswith("services")
    ]
    assert offenders == []
