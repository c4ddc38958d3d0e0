"""Starts processes in order of readiness, keeps them running, stops them in the reverse order."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from services.local.processes import Process, ProcessFailedError, Spec

_BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_AFTER_S = 60.0

Report = Callable[[str, str], None]
"""Called with a process's name and its state: starting, ready, restarting, stopped, or why it failed."""


class Supervisor:
    """Owns the children. `start` raises ProcessFailedError if one cannot come up at all."""

    def __init__(self, log_directory: Path, report: Report, *, start_deadline_s: float = 60) -> None:
        self._log_directory = log_directory
        self._report = report
        self._start_deadline_s = start_deadline_s
        self._processes: list[Process] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.gave_up: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Resolves with a reason if a process cannot be kept running."""

    async def start(self, *specs: Spec) -> None:
        """Start these side by side and wait until all are ready; call again for what depends on them."""
        await asyncio.gather(*(self._start(spec) for spec in specs))

    async def stop(self) -> None:
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for process in reversed(self._processes):
            await process.stop()
            self._report(process.spec.name, "stopped")

    @property
    def pids(self) -> dict[str, int | None]:
        return {process.spec.name: process.pid for process in self._processes}

    async def _start(self, spec: Spec) -> None:
        self._log_directory.mkdir(parents=True, exist_ok=True)
        process = Process(spec, self._log_directory / f"{spec.name}.log")
        self._report(spec.name, "starting")
        self._processes.append(process)
        await process.start()
        await process.wait_ready(self._start_deadline_s)
        if self._stopping:  # another could not come up meanwhile, and this one is not kept
            return
        self._report(spec.name, "ready")
        self._keepers.append(asyncio.create_task(self._keep(process)))

    async def _keep(self, process: Process) -> None:
        """Restart whenever it ends, ever more slowly; a minute of steady running forgives."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            code = await process.wait()
            if process.hopeless:
                self._give_up(f"{process.spec.name} cannot work with its settings\n{process.tail}")
                return
            failures = 0 if loop.time() - began > _STEADY_AFTER_S else failures
            pause = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            failures += 1
            self._report(process.spec.name, f"ended with code {code}, restarting in {pause:g} s")
            await asyncio.sleep(pause)
            await self._restart(process)

    async def _restart(self, process: Process) -> None:
        with contextlib.suppress(ProcessFailedError):
            await process.start()
            await process.wait_ready(self._start_deadline_s)
            self._report(process.spec.name, "ready")

    def _give_up(self, reason: str) -> None:
        if not self.gave_up.done():
            self.gave_up.set_result(reason)
