"""The `holdfast` command for tests: one forked off the test process, and one begun from nothing.

A command takes a tenth of a second and loading what it needs a whole one. The forked one has that loaded; all
else is of its own, as ever: environment, folder, standard streams, exit code, and what it becomes by `exec`.
"""

import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from holdfast.providers.kit.discovery import discover
from services.cli.app import GROUPS, main
from services.cli.output import console, errors

Done = subprocess.CompletedProcess[str]
_DEADLINE_S = 60
_WIDTH = 200
_FORK = multiprocessing.get_context("fork")


def holdfast(*words: str, settings: Mapping[str, str] | None = None, folder: Path | None = None) -> Done:
    """Run a command in a fork of this process; `settings` are all of HOLDFAST_… that it sees.

    From the main thread alone: a fork of another one waits at its end for the pool that it was of.
    """
    assert threading.current_thread() is threading.main_thread()
    _load_commands()
    with TemporaryDirectory() as name:
        output = Path(name)
        code = _exit_code_of_fork(words, _environment(settings), folder, output)
        return Done(words, code, (output / "stdout").read_text("utf-8"), (output / "stderr").read_text("utf-8"))


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


def _exit_code_of_fork(*work: Any) -> int:
    child = _FORK.Process(target=_run, args=work)
    with warnings.catch_warnings():
        # From 3.12 on it is warned of forks beside threads: ours wait for work, and hold no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    child.join(_DEADLINE_S)
    if child.exitcode is None:
        child.kill()
        child.join()
    assert child.exitcode is not None
    return child.exitcode


def _run(words: tuple[str, ...], environment: dict[str, str], folder: Path | None, output: Path) -> None:
    """In the fork. The descriptors are replaced and not only the streams: a command may become another program."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        with (output / name).open("wb") as file:
            os.dup2(file.fileno(), number)
        setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    console.width = errors.width = _WIDTH  # both had read COLUMNS before
    main(list(words))
