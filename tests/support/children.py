"""Child processes of the tests: they die with the test process and are ended by their own pid."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A running command. Its output goes to `log`."""

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, ready: Callable[[], bool], *, what: str, deadline_s: float = 30) -> None:
        """Poll until `ready()`; a child that ends first or takes too long fails with its own last words."""
        deadline = time.monotonic() + deadline_s
        while not ready():
            if self.returncode is not None:
                raise RuntimeError(f"{what}: ended with {self.returncode}:\n{self.output[-4000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: not within {deadline_s} s:\n{self.output[-4000:]}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            self._process.send_signal(number)

    def wait(self, *, deadline_s: float = 20) -> int:
        return self._process.wait(deadline_s)

    def kill(self) -> None:
        """SIGKILL, as a power cut would look to it."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """SIGTERM, then SIGKILL for one that does not listen. Returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            return self.wait()
