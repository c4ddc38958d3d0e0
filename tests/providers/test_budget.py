"""The budget: never more than N requests in any window, in order, and patient when told to be."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.providers.kit.budget import SlidingWindow
from holdfast.providers.kit.contract import Budget
from holdfast.providers.kit.errors import RateLimitedError


async def spend(window: SlidingWindow, seen: list[float], *, answer_after_s: float = 0, patience_s: float = 30) -> None:
    async with window.request(patience_s=patience_s):
        await asyncio.sleep(answer_after_s)
        seen.append(time.monotonic())


def most_in_any_window(instants: list[float], per_s: float) -> int:
    ordered = sorted(instants)
    return max(sum(1 for other in ordered if start <= other < start + per_s) for start in ordered)


@settings(max_examples=12, deadline=None)
@given(latencies=st.lists(st.floats(0, 0.05), min_size=8, max_size=14), requests=st.integers(1, 4))
def test_no_latency_makes_the_upstream_see_more_than_the_budget(latencies: list[float], requests: int) -> None:
    async def run() -> list[float]:
        window, seen = SlidingWindow(Budget(requests=requests, per_s=0.05)), []
        async with asyncio.TaskGroup() as group:
            for latency_s in latencies:
                group.create_task(spend(window, seen, answer_after_s=latency_s))
        return seen

    seen = asyncio.run(run())
    assert len(seen) == len(latencies)
    assert most_in_any_window(seen, 0.05) <= requests


async def test_the_whole_budget_is_there_at_once_and_again_after_the_window() -> None:
    window, seen = SlidingWindow(Budget(requests=20, per_s=0.2)), []
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(45):
            group.create_task(spend(window, seen))
    assert 0.4 <= time.monotonic() - started < 1.5
    assert sum(1 for instant in seen if instant - started < 0.15) == 20


async def test_first_come_first_served() -> None:
    window, order = SlidingWindow(Budget(requests=1, per_s=0.01)), []

    async def ask(number: int) -> None:
        async with window.request(patience_s=10):
            order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(ask(number))
    assert order == list(range(10))


async def test_told_to_wait_nothing_is_sent_before_that() -> None:
    window, seen = SlidingWindow(Budget(requests=10, per_s=1)), []
    window.told(0.2)
    started = time.monotonic()
    await spend(window, seen)
    assert seen[0] - started >= 0.2


async def test_a_wait_beyond_its_patience_is_refused_at_once_with_the_time_to_come_back() -> None:
    window = SlidingWindow(Budget(requests=10, per_s=1))
    window.told(100)
    started = time.monotonic()
    with pytest.raises(RateLimitedError) as raised:
        await spend(window, [], patience_s=5)
    assert time.monotonic() - started < 1
    assert raised.value.retry_after_s == pytest.approx(100, abs=1)


async def test_behind_a_request_that_never_ends_patience_runs_out() -> None:
    window = SlidingWindow(Budget(requests=1, per_s=1))
    async with window.request(patience_s=1):
        with pytest.raises(RateLimitedError):
            await spend(window, [], patience_s=0.05)


async def test_a_cancelled_wait_leaves_no_place_taken() -> None:
    window, seen = SlidingWindow(Budget(requests=1, per_s=0.05)), []
    async with window.request(patience_s=1):
        waiting = asyncio.create_task(spend(window, seen))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await asyncio.wait_for(spend(window, seen), 1)
    assert len(seen) == 1


async def test_a_wider_budget_takes_effect_while_others_wait() -> None:
    window, seen = SlidingWindow(Budget(requests=1, per_s=60)), []
    async with window.request(patience_s=1):
        waiting = asyncio.create_task(spend(window, seen, patience_s=100))
        await asyncio.sleep(0)
        window.limit(Budget(requests=2, per_s=60))
        await asyncio.wait_for(waiting, 1)
    assert len(seen) == 1
