"""Processes killed, frozen out and asked to stop, while there is work."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.checker import assert_whole
from tests.faults.load import Load
from tests.faults.standing import standing
from tests.support.pipeline import Pipeline, until, with_settings
from tests.support.proxies import Frame

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


class Assassin:
    """Kills the aggregator at chosen moments: when so many inserts are stored, when it sends so many acks."""

    def __init__(self, pipeline: Pipeline, moments: list[tuple[str, int]]) -> None:
        self.moments = moments
        self._pipeline = pipeline
        self._seen: Counter[str] = Counter()

    def on_frame(self, frame: Frame) -> bool:
        return not (frame.is_ack and ".EVENTS.aggregator." in frame.subject) or self._survives("ack")

    def on_inserted(self, request: bytes) -> bool:
        del request
        return self._survives("insert")

    def _survives(self, what: str) -> bool:
        self._seen[what] += 1
        if not self.moments or (what, self._seen[what]) != self.moments[0]:
            return True
        self.moments.pop(0)
        self._seen.clear()
        self._pipeline.kill("aggregator")
        return False


async def test_an_aggregator_killed_between_insert_and_ack_again_and_again(tmp_path: Path) -> None:
    """Fault 1."""
    async with standing(tmp_path) as pipeline:
        await pipeline.start_servers()
        moments = [("insert", 3), ("ack", 1), ("insert", 5), ("ack", 2), ("insert", 7), ("ack", 9), ("insert", 9)]
        assassin = Assassin(pipeline, moments)
        behind = pipeline.stack_through(
            nats=await pipeline.nats_proxy(assassin.on_frame),
            clickhouse=await pipeline.clickhouse_proxy(assassin.on_inserted),
        )
        load = Load(pipeline)
        async with load.of(jobs_per_s=10):
            await pipeline.launch(behind.aggregator(), pipeline.stack.scheduler(), *pipeline.workers())
            await until(lambda: _now(not assassin.moments), what="killed at every moment", deadline_s=240)
        await until(lambda: _now(pipeline.exits["aggregator"] == [-9] * 7), what="seven deaths", deadline_s=10)
        await assert_whole(pipeline, load)


async def test_nats_killed_under_load(tmp_path: Path) -> None:
    """Fault 3."""
    async with standing(tmp_path) as pipeline:
        await pipeline.start()
        load = Load(pipeline)
        async with load.of(jobs_per_s=10):
            for _ in range(3):
                await asyncio.sleep(5)
                pipeline.kill("nats", away_s=3)
                await asyncio.sleep(3)
                await pipeline.ready()
        assert pipeline.exits["nats"] == [-9] * 3
        assert [code for name in ("aggregator", "worker-1", "worker-2") for code in pipeline.exits[name]] == []
        await assert_whole(pipeline, load)


async def test_sigterm_under_load_ends_each_service_cleanly_and_in_time(tmp_path: Path) -> None:
    """Fault 14."""
    async with standing(tmp_path) as pipeline:
        await pipeline.start()
        load = Load(pipeline)
        async with load.of(jobs_per_s=10):
            for name in ("aggregator", "worker-1", "scheduler", "worker-2", "aggregator"):
                await asyncio.sleep(3)
                assert await pipeline.terminate(name, within_s=40) == 0, name
                await pipeline.ready(name)
        await assert_whole(pipeline, load)


async def test_nats_restarted_inside_the_dedupe_window_while_two_schedulers_run(tmp_path: Path) -> None:
    """Fault 15. A work queue forgets ids at a restart, so the claims must hold: one job for each slot."""
    async with standing(tmp_path, scheduled_every_s=5) as pipeline:
        await pipeline.start()
        second = with_settings(
            pipeline.stack.scheduler(), {"HOLDFAST_SCHEDULER__HEALTH__PORT": "0"}, name="scheduler-2"
        )
        await pipeline.launch(second)
        for _ in range(3):
            await asyncio.sleep(6)
            pipeline.kill("nats", away_s=1)
            await asyncio.sleep(1)
            await pipeline.ready()
        await asyncio.sleep(6)
        for name in ("scheduler", "scheduler-2"):
            pipeline.retire(name)
        record = await assert_whole(pipeline, Load(pipeline))
        assert len(record.fetches) > len(pipeline.world["accounts"]) * 3


async def test_aggregator_worker_and_nats_killed_at_random_for_a_minute(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    async with standing(tmp_path) as pipeline:
        await pipeline.start()
        load = Load(pipeline)
        end = time.monotonic() + 60
        async with load.of(jobs_per_s=10):
            while time.monotonic() < end:
                await asyncio.sleep(chance.uniform(0.5, 4))
                name = chance.choice(("aggregator", "aggregator", "worker-1", "worker-2", "nats"))
                pipeline.kill(name, away_s=chance.uniform(0.1, 3))
        await pipeline.ready()
        await assert_whole(pipeline, load)


async def _now(value: bool) -> bool:
    return value
