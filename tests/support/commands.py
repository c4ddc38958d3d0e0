"""The `holdfast` command for tests: one forked off the test process, and one begun from nothing.

A command takes a tenth of a second and loading what it needs a whole one, which is done for the forked one.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from holdfast.providers.kit.discovery import discover
from services.cli.app import GROUPS, main
from services.cli.output import console, errors
from tests.support.forks import ForkedChild

Done = subprocess.CompletedProcess[str]
_DEADLINE_S = 60
_WIDTH = 200


def holdfast(*words: str, settings: Mapping[str, str] | None = None, folder: Path | None = None) -> Done:
    """Run a command in a fork of this process; `settings` are all of HOLDFAST_… that it sees."""
    _load_commands()
    with TemporaryDirectory() as name:
        said, told = Path(name) / "stdout", Path(name) / "stderr"
        command, environment = partial(_main, words), _environment(settings)
        child = ForkedChild(command, log=said, errors=told, environment=environment, folder=folder)
        try:
            code = child.wait(deadline_s=_DEADLINE_S)
        finally:
            child.kill()
        return Done(words, code, said.read_text("utf-8"), told.read_text("utf-8"))


def holdfast_from_nothing(
    *words: str,
    settings: Mapping[str, str] | None = None,
    folder: Path | None = None,
    entry: tuple[str, ...] = (sys.executable, "-m", "holdfast"),
    stdout: int = subprocess.PIPE,
) -> Done:
    """Run a command as a shell does: for what is to be seen of the process itself."""
    return subprocess.run(
        [*entry, *words],
        env=_environment(settings), cwd=folder, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        text=True, timeout=_DEADLINE_S, check=False,
    )  # fmt: skip


def said(done: Done) -> Any:
    """What a command that was done said, of JSON."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _environment(settings: Mapping[str, str] | None) -> dict[str, str]:
    ours = {name: text for name, text in os.environ.items() if not name.startswith("HOLDFAST_")}
    return ours | {"COLUMNS": str(_WIDTH)} | dict(settings or {})


def _load_commands() -> None:
    for commands in GROUPS.values():
        for path, _ in commands.values():
            importlib.import_module(f"services.cli.{path.partition(':')[0]}")
    discover()


def _main(words: tuple[str, ...]) -> None:
    console.width = errors.width = _WIDTH  # both had read COLUMNS before
    main(list(words))
