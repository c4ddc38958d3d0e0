"""Fault 16: the thing was done, but its doer was never told."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.checker import assert_whole
from tests.faults.load import Load
from tests.faults.standing import standing
from tests.support.pipeline import until
from tests.support.proxies import Frame

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


class Thief:
    """Keeps every so-manieth answer of a kind."""

    def __init__(self, **every: int) -> None:
        self.stolen: Counter[str] = Counter()
        self._every = every
        self._seen: Counter[str] = Counter()

    def on_frame(self, frame: Frame) -> bool:
        if frame.is_stored:
            return self._passes("publish")
        return self._passes("ack") if frame.is_confirmed else True

    def on_inserted(self, request: bytes) -> bool:
        del request
        return self._passes("insert")

    def _passes(self, what: str) -> bool:
        self._seen[what] += 1
        if what not in self._every or self._seen[what] % self._every[what]:
            return True
        self.stolen[what] += 1
        return False


async def test_publishes_inserts_and_acks_whose_answer_is_lost(tmp_path: Path) -> None:
    async with standing(tmp_path) as pipeline:
        await pipeline.start_servers()
        worker, aggregator = Thief(publish=23), Thief(publish=7, insert=5, ack=41)
        before_worker = pipeline.stack_through(nats=await pipeline.nats_proxy(worker.on_frame))
        before_aggregator = pipeline.stack_through(
            nats=await pipeline.nats_proxy(aggregator.on_frame),
            clickhouse=await pipeline.clickhouse_proxy(aggregator.on_inserted),
        )
        load = Load(pipeline)
        async with load.of(jobs_per_s=5):
            await pipeline.launch(
                before_aggregator.aggregator(), pipeline.stack.scheduler(), *pipeline.workers(before_worker)
            )
            await until(_enough(worker.stolen, aggregator.stolen), what="enough answers stolen", deadline_s=180)
        await assert_whole(pipeline, load)


def _enough(*stolen: Counter[str]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        total = sum(stolen, Counter())
        return total["publish"] >= 6 and total["insert"] >= 6 and total["ack"] >= 2

    return check
