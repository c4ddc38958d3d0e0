"""README, .env.example and the documents tell the truth about names and places."""

import re
import subprocess
from pathlib import Path

import pytest

from holdfast.settings import read_configuration
from tests.support import env_example

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_environment_is_what_the_settings_say() -> None:
    assert env_example.FILE.read_text(encoding="utf-8") == env_example.render(), "stale: run `make schemas`"


def test_every_line_of_the_example_is_a_setting_that_loads() -> None:
    """Uncommented, each variable with a default is accepted as it stands."""
    lines = re.findall(r"^# (HOLDFAST_[A-Z0-9_]+__[A-Z0-9_]+)=(.+)$", env_example.render(), re.MULTILINE)
    assert len(lines) > 50, "the pattern no longer finds them"
    configuration = read_configuration(dict(lines), beneath={})
    for section in env_example.SECTIONS:
        configuration.section(section, env_example.structs()[section])


DOCUMENTS = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
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
