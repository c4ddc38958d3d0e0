"""Names that say nothing are refused, and a provider's name stays in its own rooms."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.longest import LONGEST

ROOT = Path(__file__).resolve().parents[2]
SAYS_NOTHING = {"common", "core", "utils", "util", "base", "helpers", "helper", "types", "constants", "misc"}


def sources() -> Iterator[Path]:
    for top in ("libs", "services", "tests"):
        yield from (path for path in (ROOT / top).rglob("*.py") if "__pycache__" not in path.parts)


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for path in sources()
        if SAYS_NOTHING & {path.stem, *(part.lower() for part in path.relative_to(ROOT).parts)}
    ]
    assert offenders == []


def provider_names() -> list[str]:
    folder = ROOT / "libs/holdfast/providers"
    return sorted(p.name for p in folder.iterdir() if (p / "__init__.py").exists() and p.name != "kit")


# The upstream's own room, what speaks its language on purpose (simulator, dialect, self-test), and what a person reads.
ROOMS = (
    "libs/holdfast/providers/{name}/",
    "services/simulator/",
    "services/api/dialects/{name}",
    "services/local/systems/",
    "tests/",
)


@pytest.mark.parametrize("name", provider_names())
def test_no_code_outside_its_rooms_knows_a_provider_by_name(name: str) -> None:
    quoted = re.compile(rf"""["']{name}["']|providers\.{name}\b""")
    offenders = []
    for path in sources():
        relative = str(path.relative_to(ROOT))
        if relative.startswith(tuple(room.format(name=name) for room in ROOMS)):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if quoted.search(line) and name != "prices":  # `prices` is a feed and a table as well
                offenders.append(f"{relative}:{number}: {line.strip()}")
    assert offenders == []


def test_there_is_a_provider_to_check() -> None:
    assert "okx" in provider_names()


def test_the_files_of_tests_that_begin_first_are_there_and_named_once() -> None:
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []
    assert len(LONGEST) == len(set(LONGEST))
