"""The worker as a process: what kills it, what stops it, what it waits for."""

import asyncio
import signal
import time

from holdfast.messaging.streams import migrate, worker_consumer
from tests.support.children import Child
from tests.support.redelivery import let_ack_wait_pass
from tests.worker.stage import Stage, log_lines, ready, until


async def is_ready(child: Child) -> bool:
    found = await asyncio.to_thread(ready, child)
    return bool(found and found["ready"])


async def ended(child: Child) -> bool:
    return child.returncode is not None


async def test_jobs_of_a_worker_killed_in_the_middle_are_done_by_the_next_without_a_double(stage: Stage) -> None:
    stage.gate.touch()
    first = stage.launch(name="first")
    await until(lambda: is_ready(first))
    for number in range(4):
        await stage.ask(f"gated-{number}")
    await until(lambda: _at_least(stage.journal("start"), 4))
    first.kill()
    await let_ack_wait_pass(stage.js, stream="JOBS", consumer=worker_consumer("faker", "due"))
    stage.gate.unlink()
    second = stage.launch(name="second")
    await until(stage.drained, deadline_s=60)
    assert second.stop() == 0
    snapshots = await stage.events("EVENTS")
    assert sorted(one.account for one in snapshots) == [f"faker:gated-{n}" for n in range(4)]
    assert len(stage.journal("start")) == 8, "each was begun twice, finished once"


async def test_sigterm_finishes_what_is_in_hand_and_gives_the_rest_back_at_once(stage: Stage) -> None:
    """Fault 14."""
    stage.gate.touch()
    worker = stage.launch(environment={"HOLDFAST_WORKER__CONCURRENCY": "2", "HOLDFAST_WORKER__GRACE_S": "60"})
    await until(lambda: is_ready(worker))
    for number in range(6):
        await stage.ask(f"gated-{number}")
    await until(lambda: _equal(stage.in_hand, 3))  # two at work, one waiting for its turn
    worker.signal(signal.SIGTERM)
    others = {await stage.pull_and_return() for _ in range(4)}
    assert worker.returncode is None, "it still has two at work"
    stage.gate.unlink()
    await until(lambda: ended(worker))
    assert worker.returncode == 0
    assert len(stage.journal()) == 2
    assert await stage.messages("JOBS") == 4
    assert others == {f"faker:gated-{n}" for n in range(6)} - {f"faker:{done}" for done in stage.journal()}
    async with stage.worker():
        await until(stage.drained)
    assert len(await stage.events("EVENTS")) == 6


async def test_work_that_outlasts_the_grace_period_is_given_back_and_the_exit_is_clean(stage: Stage) -> None:
    stage.gate.touch()
    worker = stage.launch(environment={"HOLDFAST_WORKER__GRACE_S": "0.5"})
    await until(lambda: is_ready(worker))
    await stage.ask("gated-1")
    await until(lambda: _at_least(stage.journal("start"), 1))
    began = time.monotonic()
    assert await asyncio.to_thread(worker.stop) == 0
    assert time.monotonic() - began < 8
    assert await stage.messages("EVENTS") == 0
    assert await stage.pull_and_return() == "faker:gated-1"


async def test_a_deleted_consumer_ends_the_process_with_70_and_says_why(stage: Stage) -> None:
    """Fault 7."""
    worker = stage.launch()
    await until(lambda: is_ready(worker))
    await stage.js.delete_consumer("JOBS", worker_consumer("faker", "due"))
    await until(lambda: ended(worker), deadline_s=30)
    assert worker.returncode == 70
    reasons = [line["reason"] for line in log_lines(worker) if line.get("event") == "watchdog ends the process"]
    assert reasons == ["consumer worker-faker-due does not exist any more; run `holdfast migrate`"]


async def test_ready_says_that_the_streams_are_not_migrated_and_the_worker_waits_for_it(stage: Stage) -> None:
    await stage.js.delete_stream("FETCHES")
    worker = stage.launch()
    answer = await until(lambda: asyncio.to_thread(ready, worker))
    await until(lambda: _waits_for(worker, "streams"))
    answer = ready(worker)
    assert answer is not None
    assert answer["waiting_for"]["streams"].startswith("not migrated yet, missing stream FETCHES")
    await migrate(stage.js, ["faker"])
    await until(lambda: is_ready(worker))
    assert worker.stop() == 0


async def test_drift_stops_the_worker_with_a_message_that_names_it(stage: Stage) -> None:
    config = (await stage.js.stream_info("EVENTS")).config
    await stage.js.update_stream(config.evolve(max_age=3600.0))
    worker = stage.launch()
    await until(lambda: ended(worker))
    assert worker.returncode == 78
    (critical,) = [line for line in log_lines(worker) if line["level"] == "critical"]
    assert "stream EVENTS: max_age 3600.0 → 2592000.0" in critical["error"]
    assert (await stage.js.stream_info("EVENTS")).config.max_age == 3600.0


async def test_ready_says_that_nats_is_away_and_sigterm_still_ends_the_process(stage: Stage) -> None:
    worker = stage.launch(environment={"HOLDFAST_NATS__URL": "nats://127.0.0.1:9"})
    await until(lambda: _waits_for(worker, "nats"))
    assert await asyncio.to_thread(worker.stop) == 0


async def test_settings_problems_are_listed_together_and_the_exit_code_is_78(stage: Stage) -> None:
    worker = stage.launch(
        environment={"HOLDFAST_WORKER__CONCURRENCY": "many", "HOLDFAST_PROVIDERS__FAKER__NO_SUCH": "1"},
        from_nothing=True,
    )
    await until(lambda: ended(worker))
    assert worker.returncode == 78
    assert "worker.concurrency" in worker.output


async def test_no_secret_reaches_the_log(stage: Stage) -> None:
    worker = stage.launch(environment={"HOLDFAST_LOG__LEVEL": "debug"}, from_nothing=True)
    await until(lambda: is_ready(worker))
    await stage.ask("strange-1")
    await until(stage.drained)
    assert worker.stop() == 0
    assert "s3cret-of-faker" not in worker.output
    jobs = [line for line in log_lines(worker) if line.get("event") == "fetch failed"]
    assert [(line["provider"], line["account"]) for line in jobs] == [("faker", "faker:strange-1")]


async def _at_least(items: list[str], least: int) -> bool:
    return len(items) >= least


async def _equal(ask, expected: int) -> bool:  # type: ignore[no-untyped-def]
    return bool(await ask() == expected)


async def _waits_for(child: Child, what: str) -> bool:
    answer = await asyncio.to_thread(ready, child)
    return bool(answer and what in answer["waiting_for"] and answer["waiting_for"][what] != "connecting")
