"""A migrated NATS with a tenant, and a worker of the `faker` provider: in this process or in its own."""

import asyncio
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from holdfast.domain.jobs import JobWindow, Lane, job_id
from holdfast.domain.time import SystemClock
from holdfast.events import FetchRequested, event_type_of
from holdfast.events.codec import decode
from holdfast.events.event import Event
from holdfast.messaging.connection import Connection
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import worker_consumer
from holdfast.providers.kit.discovery import discover
from holdfast.registry.commands import SourceChoice
from holdfast.registry.store import RegistryStore
from holdfast.settings.loading import Configuration
from services.worker.app import Worker, build_app, main
from tests.support.children import Child
from tests.support.forks import ForkedChild

PROVIDERS = Path(__file__).parent / "providers"
SLOT = datetime(2026, 3, 1, tzinfo=UTC)
T = TypeVar("T")


async def until(what: Callable[[], Awaitable[T]], *, deadline_s: float = 20) -> T:
    """Poll until `what` gives something true; fails with the last answer."""
    end = time.monotonic() + deadline_s
    while True:
        found = await what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s, last: {found!r}")
        await asyncio.sleep(0.02)


class Stage:
    def __init__(self, connection: Connection, url: str, folder: Path) -> None:
        self.connection = connection
        self.js = connection.js
        self.url = url
        self.folder = folder
        self.gate = folder / "gate"
        self.journal_file = folder / "journal"
        catalogue = {name: module.manifest for name, module in discover([PROVIDERS]).items()}
        self.store = RegistryStore(self.js, clock=SystemClock(), catalogue=catalogue)
        self.publisher = Publisher(self.js, producer="scheduler", clock=SystemClock())
        self._slot = 0
        self._children: list[Child] = []

    async def add_accounts(self, *names: str) -> None:
        for name in names:
            choice = SourceChoice(provider="faker", scope="main")
            await self.store.add_account("acme", f"faker:{name}", sources=[choice])

    async def ask(
        self,
        name: str,
        *,
        lane: Lane = "due",
        feed: str = "balances",
        known: bool = True,
        window: JobWindow | None = None,
    ) -> FetchRequested:
        """Publish a job for account `faker:<name>`, which is added to the registry if `known`."""
        if known:
            await self.add_accounts(name)
        job = self.job(name, lane=lane, feed=feed, window=window)
        await self.publisher.publish(job)
        return job

    def job(
        self, name: str, *, lane: Lane = "due", feed: str = "balances", window: JobWindow | None = None
    ) -> FetchRequested:
        self._slot += 1
        slot = SLOT + timedelta(minutes=self._slot)
        target, scope = f"faker:{name}", "main" if feed == "balances" else ""
        identity = job_id(
            tenant="acme", provider="faker", feed=feed, target=target, scope=scope, slot=slot, window=window
        )
        return FetchRequested(
            id=identity,
            tenant="acme",
            provider="faker",
            feed=feed,
            target=target,
            scope=scope,
            slot=slot,
            lane=lane,
            requested_at=slot,
            window=window,
        )

    def tree(self, **worker: Any) -> dict[str, Any]:
        return {
            "nats": {"url": self.url},
            "worker": {"health": {"port": 0}, "providers_folder": str(PROVIDERS), **worker},
            "providers": {"faker": {"journal": str(self.journal_file), "gate": str(self.gate)}},
        }

    @asynccontextmanager
    async def worker(self, **settings: Any) -> AsyncIterator[Worker]:
        """Running in this process; stopped at the end as by SIGTERM, which must give exit code 0."""
        worker = build_app(Configuration(self.tree(**settings)), ["faker"])
        running = asyncio.create_task(worker.run())
        try:
            await until(lambda: _now("start" not in worker.health.waiting_for or running.done()))
            yield worker
        finally:
            worker.stop()
            assert await running == 0

    def launch(
        self, *, name: str = "worker", environment: dict[str, str] | None = None, from_nothing: bool = False
    ) -> Child:
        """A process of its own: a fork of this one, or as it is deployed."""
        settings = {
            "HOLDFAST_NATS__URL": self.url,
            "HOLDFAST_WORKER__HEALTH__PORT": "0",
            "HOLDFAST_WORKER__PROVIDERS_FOLDER": str(PROVIDERS),
            "HOLDFAST_PROVIDERS__FAKER__JOURNAL": str(self.journal_file),
            "HOLDFAST_PROVIDERS__FAKER__GATE": str(self.gate),
            "HOLDFAST_LOG__FORMAT": "json",
            "PYTHONPATH": "libs:.",
            **(environment or {}),
        }
        log = self.folder / f"{name}.log"
        if from_nothing:
            child = Child([sys.executable, "-m", "services.worker", "faker"], log=log, environment=settings)
        else:
            child = ForkedChild(_main, log=log, environment={**os.environ, **settings})
        self._children.append(child)
        return child

    def kill_children(self) -> None:
        """Of a test that failed: a worker left behind would take the next test's jobs."""
        for child in self._children:
            child.kill()

    def journal(self, what: str = "end") -> list[str]:
        if not self.journal_file.exists():
            return []
        lines = self.journal_file.read_text(encoding="utf-8").splitlines()
        return [line.removeprefix(f"{what} faker:") for line in lines if line.startswith(f"{what} ")]

    async def events(self, stream: str, kind: type[Event] | None = None) -> list[Any]:
        """Everything in a stream, decoded."""
        info = await self.js.stream_info(stream)
        events: list[Any] = []
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            message = await self.js.get_msg(stream, seq=sequence)
            found = event_type_of(str(message.subject))
            assert found is not None
            if kind is None or found.struct is kind:
                events.append(decode(message.data or b"", found.struct))
        return events

    async def messages(self, stream: str) -> int:
        return (await self.js.stream_info(stream)).state.messages

    async def drained(self) -> bool:
        return await self.messages("JOBS") == 0

    async def pull_and_return(self, lane: Lane = "due", *, within_s: float = 8) -> str:
        """The target of the next job that anybody else would get, sooner than AckWait; it is put off, not taken."""
        consumer = worker_consumer("faker", lane)
        subscription = await self.js.pull_subscribe_bind(consumer=consumer, stream="JOBS")
        (message,) = await subscription.fetch(1, timeout=within_s)
        await message.nak(delay=5)
        await subscription.unsubscribe()
        return decode(message.data, FetchRequested).target

    async def in_hand(self, lane: Lane = "due") -> int:
        info = await self.js.consumer_info("JOBS", worker_consumer("faker", lane))
        return info.num_ack_pending or 0


def log_lines(child: Child) -> list[dict[str, Any]]:
    return [json.loads(line) for line in child.output.splitlines() if line.startswith("{")]


def ready(child: Child) -> dict[str, Any] | None:
    """What /ready says; None before the process listens."""
    ports = [line["port"] for line in log_lines(child) if line.get("event") == "listening"]
    if not ports:
        return None
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/ready", timeout=2) as answer:
            return json.load(answer)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as error:
        return json.load(error)  # type: ignore[no-any-return]


def _main() -> None:
    sys.argv = ["services.worker", "faker"]
    main()


async def _now(value: T) -> T:
    return value
