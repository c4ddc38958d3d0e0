"""How a backfill comes along: a bar on a terminal, plain lines elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast.events import FetchFailed, FetchFinished
from holdfast.events.subjects import event
from holdfast.messaging.connection import Connection
from holdfast.messaging.declarations import FETCHES
from holdfast.messaging.following import Seen, follow
from services.cli.history import Asked, jobs_of
from services.cli.output import FAILED, console, done, fail, text

_PLAIN_STEPS = 20
_BEFORE = timedelta(minutes=10)
"""What was asked for earlier may have ended a moment before this command looked."""
Tell = Callable[[int, FetchFinished | FetchFailed], None]


async def follow_to_the_end(connection: Connection, asked: Sequence[Asked], *, since: datetime) -> None:
    """Until each job is done or given up (then exit code 1). Ctrl-C leaves the work going on."""
    jobs = jobs_of(asked)
    families = ("fetches.finished", "fetches.failed")
    subjects = [event(family, 1, one.tenant, one.provider) for family in families for one in asked]
    passing = follow(connection.js, FETCHES, sorted(set(subjects)), since=since - _BEFORE)
    try:
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=console) as bar:
                task = bar.add_task("waiting for the scheduler", total=len(jobs))
                lost = await _follow(
                    passing, jobs, lambda count, seen: bar.update(task, completed=count, description=_how_far(seen))
                )
        else:
            lost = await _follow(passing, jobs, _plainly(len(jobs)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("the backfill goes on; the same command shows it again", style="dim")
        raise
    if lost:
        fail(f"{lost} of {len(jobs)} windows were given up", code=FAILED, fix="holdfast dead list; then the same again")
    done(f"{len(jobs)} windows are in")


async def _follow(passing: AsyncIterator[Seen], jobs: set[str], tell: Tell) -> int:
    """Returns how many were given up."""
    left, lost = set(jobs), 0
    async for seen in passing:
        fetch = seen.event
        if not isinstance(fetch, FetchFinished | FetchFailed) or fetch.job_id not in left:
            continue
        if isinstance(fetch, FetchFailed):
            if fetch.outcome in ("retry", "stopped"):
                continue
            lost += 1
        left.discard(fetch.job_id)
        tell(len(jobs) - len(left), fetch)
        if not left:
            break
    return lost


def _plainly(total: int) -> Tell:
    step = max(1, total // _PLAIN_STEPS)

    def tell(count: int, seen: FetchFinished | FetchFailed) -> None:
        if count % step == 0 or count == total or isinstance(seen, FetchFailed):
            print(f"{count}/{total} {_how_far(seen)}", flush=True)

    return tell


def _how_far(seen: FetchFinished | FetchFailed) -> str:
    start = text(seen.window.start) if seen.window else ""
    if isinstance(seen, FetchFailed):
        return f"{seen.provider}/{seen.scope or seen.feed} {start}: {seen.error}"
    return f"{seen.provider}/{seen.scope or seen.feed} back to {start}"
