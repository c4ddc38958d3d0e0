"""The supervisor: order, restarts, what cannot work, and nobody left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from services.local.processes import Probe, ProcessFailedError, Spec
from services.local.supervisor import Supervisor

SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")


async def always() -> bool:
    return True


def spec(name: str, *argv: str, ready: Probe = always, grace_s: float = 5) -> Spec:
    return Spec(name=name, argv=argv, environment=dict(os.environ), ready=ready, grace_s=grace_s)


async def until(condition: object, what: str, deadline_s: float = 20) -> None:
    end = time.monotonic() + deadline_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, f"waited in vain: {what}"
        await asyncio.sleep(0.02)


class Reports(list[tuple[str, str]]):
    def __call__(self, name: str, state: str) -> None:
        self.append((name, state))


@pytest.fixture
async def reports() -> Reports:
    return Reports()


@pytest.fixture
async def supervisor(tmp_path: Path, reports: Reports) -> AsyncIterator[Supervisor]:
    made = Supervisor(tmp_path, reports, start_deadline_s=20)
    yield made
    await made.stop()


async def test_what_depends_starts_only_when_what_it_needs_is_ready(supervisor: Supervisor, reports: Reports) -> None:
    await supervisor.start(spec("first", *SLEEP))
    await supervisor.start(spec("second", *SLEEP))
    assert reports == [("first", "starting"), ("first", "ready"), ("second", "starting"), ("second", "ready")]


async def test_a_killed_child_is_started_again_with_a_new_pid(supervisor: Supervisor, reports: Reports) -> None:
    await supervisor.start(spec("one", *SLEEP))
    before = supervisor.pids["one"]
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: reports.count(("one", "ready")) == 2, "a second start")
    assert supervisor.pids["one"] not in (None, before)
    assert ("one", "ended with code -9, restarting in 0.5 s") in reports


async def test_children_stop_in_the_reverse_order(tmp_path: Path, reports: Reports) -> None:
    supervisor = Supervisor(tmp_path, reports)
    await supervisor.start(spec("first", *SLEEP))
    await supervisor.start(spec("second", *SLEEP))
    pids = [pid for pid in supervisor.pids.values() if pid]
    await supervisor.stop()
    assert reports[-2:] == [("second", "stopped"), ("first", "stopped")]
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_a_child_that_ends_before_it_is_ready_is_explained_with_its_last_words(supervisor: Supervisor) -> None:
    async def never() -> bool:
        return False

    program = "import sys; print('no disk here'); sys.exit(3)"
    with pytest.raises(ProcessFailedError, match=r"(?s)broken ended with code 3.*no disk here"):
        await supervisor.start(spec("broken", sys.executable, "-c", program, ready=never))


async def test_wrong_settings_are_not_tried_again(supervisor: Supervisor) -> None:
    """Exit code 78 (EX_CONFIG) says that starting anew would not help."""
    program = "import sys, time; time.sleep(0.3); print('api.port: taken'); sys.exit(78)"
    await supervisor.start(spec("hopeless", sys.executable, "-c", program))
    reason = await asyncio.wait_for(supervisor.gave_up, 20)
    assert "hopeless cannot work with its settings" in reason
    assert "api.port: taken" in reason


async def test_a_child_that_ignores_the_request_to_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    log = tmp_path / "stubborn.log"
    supervisor = Supervisor(tmp_path, Reports())
    await supervisor.start(spec("stubborn", sys.executable, "-c", program, grace_s=0.3))
    await until(lambda: log.exists() and b"up" in log.read_bytes(), "its first line")
    pid = supervisor.pids["stubborn"]
    await supervisor.stop()
    assert pid is not None
    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's; docs/operating.md says so")
def test_killing_the_supervisor_outright_leaves_no_orphan(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from tests.local.test_supervisor import SLEEP, spec
from services.local.supervisor import Supervisor

async def main():
    supervisor = Supervisor(Path({str(tmp_path)!r}), lambda *_: None)
    await supervisor.start(spec("child", *SLEEP))
    print(supervisor.pids["child"], flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait(10)
    gone, alive = psutil.wait_procs([child], timeout=10)
    assert not alive, "the child outlived its supervisor"
    assert gone


async def test_what_comes_up_while_all_is_taken_down_is_not_started_again(tmp_path: Path, reports: Reports) -> None:
    supervisor = Supervisor(tmp_path, reports)
    stopping = asyncio.Event()

    async def late() -> bool:
        return stopping.is_set()

    starting = asyncio.create_task(supervisor.start(spec("late", *SLEEP, ready=late)))
    await until(lambda: supervisor.pids.get("late"), "the child")
    stopped = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0)
    stopping.set()
    await stopped
    await asyncio.gather(starting, return_exceptions=True)
    await asyncio.sleep(1)  # longer than the first pause before a restart
    assert not any(state.startswith("ended") or state == "ready" for _, state in reports)


async def test_a_child_whose_settings_are_wrong_is_told_from_one_that_fails(supervisor: Supervisor) -> None:
    async def never() -> bool:
        return False

    for code, hopeless in ((78, True), (1, False)):
        with pytest.raises(ProcessFailedError) as caught:
            await supervisor.start(spec(f"code-{code}", sys.executable, "-c", f"raise SystemExit({code})", ready=never))
        assert caught.value.hopeless is hopeless
