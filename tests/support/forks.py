"""Processes forked off the test process: what they need is loaded already, which takes a second from nothing.

All else is of their own, as ever: environment, folder, standard streams, exit code, and what they become by `exec`.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkProcess
from pathlib import Path

from tests.support.children import Child, die_with_parent

_FORK = multiprocessing.get_context("fork")


class ForkedChild(Child):
    """A child that runs `main` as if it were a program of its own, with this environment and no other."""

    def __init__(
        self,
        main: Callable[[], object],
        *,
        log: Path,
        environment: Mapping[str, str],
        errors: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        """From the main thread alone: a fork of another one waits at its end for the pool that it was of.

        `errors`: the file of standard error, the log if left out.
        """
        assert threading.current_thread() is threading.main_thread()
        self.log = log
        log.touch()  # who asks for its output may come before it
        self._forked: ForkProcess = _FORK.Process(target=_run, args=(main, environment, log, errors or log, folder))
        with warnings.catch_warnings():
            # From 3.12 on it is warned of forks beside threads: ours wait for work, and hold no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._forked.start()

    @property
    def pid(self) -> int:
        assert self._forked.pid is not None
        return self._forked.pid

    @property
    def returncode(self) -> int | None:
        return self._forked.exitcode

    def signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def wait(self, *, deadline_s: float = 20) -> int:
        self._forked.join(deadline_s)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a fork", deadline_s)
        return self.returncode


def _run(
    main: Callable[[], object], environment: Mapping[str, str], log: Path, errors: Path, folder: Path | None
) -> None:
    """The descriptors are replaced and not only the streams: it may become another program."""
    die_with_parent()
    for number, name, file in ((1, "stdout", log), (2, "stderr", errors)):
        with file.open("ab") as opened:
            os.dup2(opened.fileno(), number)
        setattr(sys, name, open(number, "w", encoding="utf-8", buffering=1, closefd=False))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    main()
