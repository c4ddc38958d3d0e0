"""Fetches a second of one worker process, upstreams 50 ms away.

Each fetch is a job taken from JetStream, the node asked two to four times, everything published with
the server's confirmation, and the job acknowledged. The limit is bare httpx sending the very same
requests of the same fetches, as many fetches at a time, and doing nothing with the answers.
"""

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.contract import Provider, Target
from holdfast.providers.kit.discovery import discover
from holdfast.providers.kit.session import build_session
from holdfast.registry.schedules import Schedule, schedules_of, to_request
from holdfast.registry.store import RegistryStore
from holdfast.settings.loading import Configuration
from services.local import demo
from services.local.ports import free_port
from tests.bench.line import Line
from tests.support.children import Child
from tests.support.pipeline import until
from tests.support.proxies import RecordingProxy
from tests.support.servers import EmbeddedNats

NAME = "worker"
LATENCY_MS = 50
CONCURRENCY = 8
_FAST = "10000"
"""Requests a second that the provider allows itself: out of the way."""

Fetch = list[tuple[str, bytes]]
"""The requests of one fetch, in order: address and body."""


async def measure(quick: bool) -> list[Line]:
    """One line, at the worker's default concurrency."""
    count, rounds = (120, 1) if quick else (600, 3)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-")))
        url = await stack.enter_async_context(_simulator(folder))
        nats = EmbeddedNats(folder / "nats")
        stack.callback(nats.stop)
        nats.start()
        connection = await connect(nats.settings, name="bench")
        stack.push_async_callback(connection.close)
        variables, schedules = await _registered(connection, url)
        fetches = await _recorded(url, schedules)
        stack.callback(_worker(folder, nats.settings.url, variables).stop)
        await _ours(connection, schedules, 4 * CONCURRENCY)  # to warm up: a token's metadata is asked for once
        ours, limit = [], []
        for _ in range(rounds):
            limit.append(await _bare(fetches, count))
            ours.append(await _ours(connection, schedules, count))
    return [
        Line(
            name=f"{NAME}: {CONCURRENCY} fetches at a time, {LATENCY_MS} ms away",
            unit="fetches/s",
            value=statistics.median(ours),
            raw=ours,
            limit=statistics.median(limit),
            limit_name="bare httpx, same requests",
        )
    ]


async def _ours(connection: Connection, schedules: Sequence[Schedule], count: int) -> float:
    """From the first job published to the last fetch finished."""
    finished = await _finished(connection) + count
    publisher, now = Publisher(connection.js, producer="bench", clock=SystemClock()), datetime.now(UTC)
    jobs = [
        to_request(schedule, slot=now + timedelta(milliseconds=number), lane="due", now=now)
        for number, schedule in zip(range(count), itertools.cycle(schedules), strict=False)
    ]
    began = time.perf_counter()
    await publisher.publish_many(jobs)
    while await _finished(connection) < finished:
        if time.perf_counter() - began > 300:
            raise TimeoutError(f"{count} fetches took longer than 300 s")
        await asyncio.sleep(0.02)
    return count / (time.perf_counter() - began)


async def _finished(connection: Connection) -> int:
    state = (await connection.js.stream_info("FETCHES", subjects_filter="fetches.finished.>")).state
    return sum((state.subjects or {}).values())


async def _bare(fetches: Sequence[Fetch], count: int) -> float:
    waiting = itertools.islice(itertools.cycle(fetches), count)

    async def work(client: httpx.AsyncClient) -> None:
        for fetch in waiting:
            for url, body in fetch:
                answer = await client.post(url, content=body, headers={"content-type": "application/json"})
                answer.raise_for_status()

    async with httpx.AsyncClient(timeout=60) as client:
        began = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(CONCURRENCY)))
        return count / (time.perf_counter() - began)


async def _registered(connection: Connection, url: str) -> tuple[dict[str, str], list[Schedule]]:
    """The simulated world's registry, the variables of its providers, and its EVM wallets."""
    await migrate(connection.js, sorted(discover()))
    catalogue = {name: module.manifest for name, module in discover().items()}
    store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
    world = await _get(url, "_world")
    await demo.seed(store, world, has_key=True)
    evm = {"providers": {"evm": world["providers"]["evm"] | {"requests_per_second": _FAST}}}
    schedules = [schedule for schedule in schedules_of(await store.read()) if schedule.provider == "evm"]
    return demo.provider_variables(evm), schedules


async def _recorded(url: str, schedules: Sequence[Schedule]) -> list[Fetch]:
    """What the provider really sends for each wallet, once it knows the tokens."""
    recorder = RecordingProxy(int(url.rpartition(":")[2]))
    await recorder.start()
    try:
        world = await _get(f"http://127.0.0.1:{recorder.port}", "_world")
        provider = _provider(world["providers"]["evm"])
        fetches = []
        for schedule in schedules:
            target = Target(feed=schedule.feed, target=schedule.target, scope=schedule.scope, spelling=schedule.target)
            await provider.fetch(target)
            recorder.sent.clear()
            await provider.fetch(target)
            fetches.append([(url + path, body) for path, body in _parsed(bytes(recorder.sent))])
        return fetches
    finally:
        await recorder.stop()


def _provider(table: Mapping[str, Any]) -> Provider:
    module = discover()["evm"]
    settings = Configuration({"providers": {"evm": {**table, "requests_per_second": _FAST}}}).section(
        "providers.evm", module.manifest.settings
    )
    return module.build(settings, build_session(module.manifest, settings, SystemClock()), SystemClock())


def _parsed(sent: bytes) -> list[tuple[str, bytes]]:
    """Path and body of each request."""
    requests, rest = [], sent
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        requests.append((head.split(b" ")[1].decode(), rest[:length]))
        rest = rest[length:]
    return requests


@asynccontextmanager
async def _simulator(folder: Path) -> AsyncIterator[str]:
    """Frozen, so that a fetch asks the same again."""
    port = free_port()
    settings = {"HOLDFAST_SIMULATOR__PORT": str(port), "HOLDFAST_SIMULATOR__CLOCK_FROZEN": "true"}
    child = Child([sys.executable, "-m", "services.simulator"], log=folder / "simulator.log", environment=settings)
    url = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: _answers(url), what="the simulator answers", deadline_s=60)
        async with httpx.AsyncClient(base_url=url) as client:
            (await client.post("/_knobs", json={"evm": {"latency_ms": LATENCY_MS}})).raise_for_status()
        yield url
    finally:
        child.stop()


def _worker(folder: Path, nats_url: str, variables: Mapping[str, str]) -> Child:
    settings = {
        "HOLDFAST_NATS__URL": nats_url,
        "HOLDFAST_WORKER__HEALTH__PORT": "0",
        "HOLDFAST_WORKER__CONCURRENCY": str(CONCURRENCY),
        **variables,
    }
    return Child([sys.executable, "-m", "services.worker", "evm"], log=folder / "worker.log", environment=settings)


async def _answers(url: str) -> bool:
    try:
        await _get(url, "_clock")
    except httpx.TransportError:
        return False
    return True


async def _get(url: str, path: str) -> Any:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        answer = await client.get(f"/{path}")
        answer.raise_for_status()
        return answer.json()
