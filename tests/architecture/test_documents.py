"""README, .env.example and the documents tell the truth about names and places."""

import importlib
import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from holdfast.providers.kit.discovery import discover
from holdfast.settings.loading import variable

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "nats": "holdfast.settings.shared:NatsSettings",
    "clickhouse": "holdfast.settings.shared:ClickHouseSettings",
    "log": "holdfast.settings.shared:LogSettings",
    "scheduler": "services.scheduler.settings:SchedulerSettings",
    "worker": "services.worker.settings:WorkerSettings",
    "aggregator": "services.aggregator.settings:AggregatorSettings",
    "api": "services.api.settings:ApiSettings",
    "simulator": "services.simulator.settings:SimulatorSettings",
    "embedded": "holdfast.warehouse.embedded.settings:EmbeddedSettings",
    "local": "services.local.settings:LocalSettings",
}


def known_variables() -> set[str]:
    structs = {
        section: getattr(importlib.import_module(m), s)
        for section, (m, s) in ((k, v.split(":")) for k, v in SECTIONS.items())
    }
    structs |= {f"providers.{name}": module.MANIFEST.settings for name, module in discover().items()}
    return {
        variable(f"{section}.{field.encode_name}")
        for section, struct in structs.items()
        for field in msgspec.structs.fields(struct)
    }


def documented_variables() -> set[str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^#?\s?(HOLDFAST_[A-Z0-9_]+__[A-Z0-9_]+)=", text, re.MULTILINE))


def test_every_variable_in_the_example_is_a_setting() -> None:
    nested = {name for name in documented_variables() if name.count("__") > 2}
    assert documented_variables() - known_variables() - nested == set()


def test_every_setting_is_in_the_example() -> None:
    documented = documented_variables()
    missing = {
        name for name in known_variables() if not any(d == name or d.startswith(name + "__") for d in documented)
    }
    assert missing == set()


@pytest.mark.parametrize("document", ["README.md", "docs/sql.md", "docs/subscribing.md", "docs/operating.md"])
def test_every_path_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:libs|services|tests|deploy|docs|requirements)/[\w./-]+)`", text))
    named |= {link for link in re.findall(r"\]\(([\w./-]+)\)", text) if not link.startswith("http")}
    missing = [
        path for path in named if not (ROOT / path).exists() and not (ROOT / document).parent.joinpath(path).exists()
    ]
    assert missing == []


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    hosts = "|".join(("pyp" + r"i\.org", "pythonhost" + r"ed\.org", "npm" + r"js\.(org|com)", "debia" + r"n\.org"))
    paths = "(^|[^A-Za-z0-9_.])/(wor" + "k|far" + "m)/"
    for pattern in (hosts, paths):
        found = subprocess.run(
            ["git", "grep", "-nIE", pattern, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert found.returncode == 1, found.stdout
