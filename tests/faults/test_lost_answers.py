"""Fault 16: the thing was done, but its doer was never told."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.checker import assert_whole
from tests.faults.load import Load
from tests.faults.standing import standing
from tests.faults.thief import Thief
from tests.support.pipeline import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


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
