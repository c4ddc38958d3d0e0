"""One child process: started, watched for readiness, ended. Never left behind.

Each child asks the kernel to be killed when the supervisor dies (PR_SET_PDEATHSIG), so that even a
SIGKILL of the supervisor leaves no orphan. Linux only; elsewhere an orderly stop is all there is.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from msgspec import Struct

Probe = Callable[[], Awaitable[bool]]
"""Whether the process can be relied on now. Raises nothing: a refused connection is False."""

_PR_SET_PDEATHSIG = 1
CANNOT_WORK = 78
"""EX_CONFIG: the process says that its settings are wrong; starting it again would not help."""


class Spec(Struct, frozen=True, kw_only=True):
    """What to run. `argv` is the whole command; `environment` is all that the child sees of ours."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Probe
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 20


class ProcessFailedError(Exception):
    """A child that ended before it was ready, with what it said last."""

    def __init__(self, told: str, *, hopeless: bool = False) -> None:
        super().__init__(told)
        self.hopeless = hopeless
        """Whether to start it again would not help: its settings are wrong."""


class Process:
    """A running child. Its output goes to a log file; the last lines are kept to explain a failure."""

    def __init__(self, spec: Spec, log_file: Path) -> None:
        self.spec = spec
        self.log_file = log_file
        self._tail: deque[str] = deque(maxlen=15)
        self._child: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._child = await asyncio.create_subprocess_exec(
            *self.spec.argv,
            env=dict(self.spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=_die_with_parent,
            start_new_session=True,
            limit=1 << 20,
        )
        self._pump = asyncio.create_task(self._write_log())

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def wait_ready(self, deadline_s: float) -> None:
        """Raises ProcessFailedError if the child ends first or the deadline passes."""
        try:
            async with asyncio.timeout(deadline_s):
                while not await self.spec.ready():
                    if self._child is None or self._child.returncode is not None:
                        raise ProcessFailedError(await self._obituary(), hopeless=self.hopeless)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise ProcessFailedError(f"{self.spec.name} was not ready within {deadline_s:.0f} s\n{self.tail}") from None

    async def wait(self) -> int:
        """The exit code, once it has ended and its log is complete."""
        assert self._child is not None  # noqa: S101
        code = await self._child.wait()
        if self._pump:
            await self._pump
        return code

    async def stop(self) -> int:
        """Ask, wait for the grace period, then kill."""
        if self._child is None or self._child.returncode is not None:
            return await self.wait() if self._child else 0
        self._child.send_signal(self.spec.stop_signal)
        try:
            async with asyncio.timeout(self.spec.grace_s):
                return await self.wait()
        except TimeoutError:
            self._child.kill()
            return await self.wait()

    @property
    def tail(self) -> str:
        return "\n".join(f"  {line}" for line in self._tail)

    @property
    def hopeless(self) -> bool:
        return self._child is not None and self._child.returncode == CANNOT_WORK

    async def _obituary(self) -> str:
        code = await self.wait()
        return f"{self.spec.name} ended with code {code} before it was ready (log: {self.log_file})\n{self.tail}"

    async def _write_log(self) -> None:
        assert self._child is not None  # noqa: S101
        assert self._child.stdout is not None  # noqa: S101
        with self.log_file.open("ab", buffering=0) as log:
            while line := await _read_line(self._child.stdout):
                log.write(line)
                self._tail.append(line.decode(errors="replace").rstrip())


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # a line longer than the buffer: what there is of it
        return await stream.read(1 << 20)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # the parent died before the call
            os._exit(1)
