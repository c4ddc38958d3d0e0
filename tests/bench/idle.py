"""What the whole one-machine stack takes of the machine: memory and processor, idle and under load.

Idle, nothing is due. Under load, jobs come faster than one worker is asked for in a day of ordinary
use, and somebody reads totals all the while. The simulator is not counted: it stands for upstreams.
"""

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from tests.bench.line import Line
from tests.faults.load import Load
from tests.support.pipeline import Pipeline, until, with_settings

NAME = "idle"
JOBS_PER_S = 20
_MIB = 2**20


async def measure(quick: bool) -> list[Line]:
    """Memory and processor of everything, and memory of each process."""
    seconds = 5 if quick else 30
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        pipeline = Pipeline(Path(folder))
        try:
            processes = await _start(pipeline)
            idle = await _sample(processes, seconds)
            async with Load(pipeline).of(JOBS_PER_S), _reading(pipeline):
                before = await _finished(pipeline)
                loaded = await _sample(processes, seconds)
                done = await _finished(pipeline) - before
            if done == 0:
                raise RuntimeError(f"no fetch of the load ever ended: nothing was measured\n{pipeline.last_words()}")
        finally:
            await pipeline.stop()
    return [*_lines("idle", idle), _rate_line(done, seconds), *_lines("under load", loaded)]


async def _start(pipeline: Pipeline) -> dict[str, psutil.Process]:
    """Everything that `holdfast up` runs, once the first fetch of each source is done."""
    await pipeline.start_servers()
    worker = with_settings(pipeline.workers()[0], {"HOLDFAST_PROVIDERS__EVM__REQUESTS_PER_SECOND": "10000"})
    await pipeline.launch(pipeline.stack.aggregator(), pipeline.stack.scheduler(), pipeline.stack.api(), worker)
    await until(pipeline.is_drained, what="the first fetches are stored", deadline_s=120)
    names = ("nats", "clickhouse", "scheduler", worker.name, "aggregator", "api")
    return {name: psutil.Process(pipeline.pid(name)) for name in names}


Sample = dict[str, tuple[list[float], float]]
"""By process: resident MiB, once a second; and processor time in per cent of one core."""


async def _sample(processes: Mapping[str, psutil.Process], seconds: int) -> Sample:
    before = {name: _cpu_s(process) for name, process in processes.items()}
    memory: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(seconds):
        await asyncio.sleep(1)
        for name, process in processes.items():
            memory[name].append(process.memory_info().rss / _MIB)
    return {
        name: (memory[name], (_cpu_s(process) - before[name]) / seconds * 100) for name, process in processes.items()
    }


async def _finished(pipeline: Pipeline) -> int:
    state = (await pipeline.connection.js.stream_info("FETCHES", subjects_filter="fetches.finished.>")).state
    return sum((state.subjects or {}).values())


def _rate_line(done: int, seconds: int) -> Line:
    """What the load really was."""
    rate = done / seconds
    return Line(name="load", unit="fetches/s", value=rate, raw=[rate], limit=JOBS_PER_S, limit_name="asked for")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _lines(when: str, sample: Sample) -> list[Line]:
    together = [sum(second) for second in zip(*(memory for memory, _ in sample.values()), strict=True)]
    cpu = [percent for _, percent in sample.values()]
    return [
        _memory_line(f"memory of all, {when}", together),
        Line(
            name=f"processor of all, {when}", unit="% of a core", value=sum(cpu), raw=cpu,
            higher_is_better=False,
        ),
        *(_memory_line(f"memory of {name}, {when}", memory) for name, (memory, _) in sample.items()),
    ]  # fmt: skip


def _memory_line(name: str, raw: list[float]) -> Line:
    return Line(name=name, unit="MiB", value=sorted(raw)[len(raw) // 2], raw=raw, higher_is_better=False)


@asynccontextmanager
async def _reading(pipeline: Pipeline) -> AsyncIterator[None]:
    """One reader who asks for totals, one after another."""
    _, secret = await pipeline.store.create_key("demo", label="bench")
    portfolios = [one["id"] for one in pipeline.world["portfolios"] if one["tenant"] == "demo"]

    async def read(client: httpx.AsyncClient) -> None:
        for portfolio in itertools.cycle(portfolios):
            await client.get(f"/v1/portfolios/{portfolio}/total")
            await asyncio.sleep(0.05)

    base = f"http://127.0.0.1:{pipeline.ports.api}"
    async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {secret.reveal()}"}) as client:
        task = asyncio.create_task(read(client))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
