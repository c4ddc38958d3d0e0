"""Messages that nobody can read, among good ones."""

import asyncio
from pathlib import Path

import pytest

from holdfast.events import subjects
from tests.faults.checker import assert_whole
from tests.faults.load import Load
from tests.faults.standing import standing

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

_SUBJECT = "balances.observed.v1.demo.evm"
_POISON = (
    b'{"id": "half a mess',
    b"[]",
    b'{"amount": NaN}',
    b"\xff\xfe\x00",
    b'{"id": 1, "tenant": ["demo"]}',
    b"[" * 100_000,
)


async def test_poison_among_good_messages_is_set_aside_and_nothing_else_is(tmp_path: Path) -> None:
    """Fault 9, in EVENTS and in JOBS."""
    async with standing(tmp_path) as pipeline:
        await pipeline.start()
        load, poison = Load(pipeline), []
        async with load.of(jobs_per_s=10):
            for payload in _POISON * 2:
                await asyncio.sleep(0.5)
                poison.append((await pipeline.connection.js.publish(_SUBJECT, payload)).seq)
                await pipeline.connection.js.publish(subjects.job("due", "evm", "balances"), payload)
        await assert_whole(pipeline, load, poison=poison, poisoned_jobs=len(poison))
