"""`make new-provider` adds one folder, edits nothing, and what it adds passes the shared suite at once."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.providers.kit.scaffold import ScaffoldError, scaffold

ROOT = Path(__file__).resolve().parents[2]
NAME = "zeta_custody"
"""After `kit` in the alphabet and in two words: both matter to the order of imports and to the title."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a provider's author sees."""
    copy = tmp_path / "tree"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for folder in ("libs", "tests/providers", "tests/support"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    for file in ("pyproject.toml", "tests/__init__.py"):
        shutil.copy(ROOT / file, copy / file)
    return copy


def hashes_of(tree: Path) -> dict[str, str]:
    return {
        str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tree.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(tree: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{tree / 'libs'}{os.pathsep}{tree}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", *command], cwd=tree, env=environment, capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_provider_edits_no_file_and_passes_the_shared_suite_and_the_checks(tree: Path) -> None:
    before = hashes_of(tree)
    told = run(tree, "holdfast.providers.kit.scaffold", NAME)
    after = hashes_of(tree)
    added = set(after) - set(before)
    assert {path: after[path] for path in before} == before
    assert added
    assert all(path.startswith(f"libs/holdfast/providers/{NAME}/") and path in told for path in added)

    suite = ("tests/providers/test_fixtures.py", "tests/providers/test_fuzz.py")
    passed = run(tree, "pytest", *suite, "-k", NAME, "-q", "--noconftest", "-p", "no:xdist")
    assert " passed" in passed
    assert "failed" not in passed
    folder = f"libs/holdfast/providers/{NAME}"
    run(tree, "ruff", "check", folder)
    run(tree, "ruff", "format", "--check", folder)
    run(tree, "mypy", "--follow-imports=silent", "--cache-dir", str(tree / ".mypy_cache"), folder)


def test_imports_are_in_order_whatever_the_name(tmp_path: Path) -> None:
    for name in ("acme", "zeta"):
        written = scaffold(name, tmp_path)
        (balances,) = [path.read_text() for path in written if path.name == "balances.py"]
        imports = [line for line in balances.splitlines() if line.startswith("from holdfast.")]
        assert imports == sorted(imports)


@pytest.mark.parametrize("name", ["", "a", "Acme", "acme-bank", "1acme", "../acme", "class", "x" * 33])
def test_a_name_that_could_not_be_a_package_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_provider_is_never_overwritten(tmp_path: Path) -> None:
    scaffold("acme", tmp_path)
    with pytest.raises(ScaffoldError, match="exists already"):
        scaffold("acme", tmp_path)
