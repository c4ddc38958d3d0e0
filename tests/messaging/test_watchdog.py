"""When a process must end although it looks alive."""

import asyncio
import os
import subprocess
import sys
import threading
import time

from holdfast.messaging.connection import Connection
from holdfast.messaging.streams import consumer_named
from holdfast.messaging.watchdog import Judge, Observation, Watchdog
from holdfast.settings.shared import NatsSettings

EVENTS = consumer_named("aggregator")


def seen(*, pending: int | None = 5, floor: int = 0, delivered: int = 0, missing: bool = False) -> Observation:
    return Observation(
        consumer="c", pending=pending, unacknowledged=0, ack_floor=floor, delivered_sequence=delivered, missing=missing
    )


def test_a_lag_without_any_movement_ends_the_process_after_its_patience() -> None:
    judge = Judge(stuck_after_s=100)
    assert judge.verdict(seen(), at_s=0, excused=False) is None
    assert judge.verdict(seen(pending=9), at_s=99, excused=False) is None
    verdict = judge.verdict(seen(pending=12), at_s=101, excused=False)
    assert verdict == "consumer c: 12 messages wait and nothing was delivered or acknowledged for 101 s"


def test_any_movement_starts_the_patience_anew() -> None:
    judge = Judge(stuck_after_s=100)
    for second in range(0, 1000, 50):
        assert judge.verdict(seen(floor=second), at_s=second, excused=False) is None


def test_an_idle_consumer_is_never_stuck() -> None:
    judge = Judge(stuck_after_s=100)
    assert all(judge.verdict(seen(pending=0), at_s=second, excused=False) is None for second in range(0, 5000, 50))


def test_a_reason_to_rest_is_no_stall_and_the_patience_begins_after_it() -> None:
    judge = Judge(stuck_after_s=100)
    assert judge.verdict(seen(), at_s=0, excused=True) is None
    assert judge.verdict(seen(), at_s=5000, excused=True) is None
    assert judge.verdict(seen(), at_s=5099, excused=False) is None
    assert judge.verdict(seen(), at_s=5101, excused=False) is not None


def test_a_server_that_does_not_answer_is_no_verdict() -> None:
    judge = Judge(stuck_after_s=1)
    assert all(judge.verdict(seen(pending=None), at_s=second, excused=False) is None for second in range(100))


async def test_a_missing_consumer_ends_the_process(migrated: Connection) -> None:
    codes: list[int] = []
    done = threading.Event()

    def exit_process(code: int) -> None:
        codes.append(code)
        done.set()

    async with Watchdog(migrated.js, [EVENTS], every_s=0.1, exit_process=exit_process):
        await migrated.js.delete_consumer("EVENTS", "aggregator")
        assert await asyncio.to_thread(done.wait, 10)
    assert codes == [70]


async def test_a_blocked_event_loop_cannot_keep_the_watchdog_from_ending_the_process(migrated: Connection) -> None:
    codes: list[int] = []
    done = threading.Event()

    def exit_process(code: int) -> None:
        codes.append(code)
        done.set()

    watchdog = Watchdog(migrated.js, [EVENTS], every_s=0.1, loop_stuck_after_s=1, exit_process=exit_process)
    async with watchdog:
        done.wait(10)  # blocks the loop on purpose
    assert codes == [70]


def test_a_connection_that_is_closed_for_good_ends_the_process_with_70(nats_settings: NatsSettings) -> None:
    """Fault 4: with the client's defaults such a process would live on, deaf."""
    program = (
        "import asyncio, sys\n"
        "from holdfast.messaging.connection import connect\n"
        "from holdfast.settings.shared import NatsSettings\n"
        "async def main():\n"
        "    connection = await connect(NatsSettings(url=sys.argv[1]), name='victim')\n"
        "    await connection.nc._close(connection.nc.CLOSED)\n"
        "    await asyncio.sleep(30)\n"
        "asyncio.run(main())\n"
    )
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", program, nats_settings.url],
        env={**os.environ, "PYTHONPATH": "libs:."},
        capture_output=True,
        timeout=40,
        check=False,
    )
    assert ended.returncode == 70
    assert time.monotonic() - began < 25
