"""The embedded endpoint against the engine itself: what HTTP and this process's Python cost.

The same statements, on the same rows, over HTTP as a client sees it and through chDB called in process,
taking turns so that a noisy moment hits both. Both stores sync what they acknowledge. Insert and select
move the rows in Native format, prepared beforehand, so that neither side pays for making them.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from tests.bench.line import Line
from tests.bench.rows import CREATE, POINT, SELECT, TRUNCATE, to_rows_query
from tests.support.servers import OWNER, OWNER_PASSWORD, EmbeddedClickHouse

NAME = "endpoint"

Ask = Callable[[str, int], float]
"""Does `point`, `insert` or `select` with so many queries or rows; returns the seconds it took."""


async def measure(quick: bool) -> list[Line]:
    """Three lines: point queries a second, and rows a second in and out."""
    rows, rounds, points = (100_000, 3, 50) if quick else (1_000_000, 5, 300)
    return await asyncio.to_thread(_measure, rows=rows, rounds=rounds, points=points)


def run(*, quick: bool = False) -> dict[str, object]:
    """What `measure` finds, as plain data by name of the line."""
    return {
        line.name: {**msgspec.structs.asdict(line), "ratio_to_limit": line.ratio_to_limit}
        for line in asyncio.run(measure(quick))
    }


def _measure(*, rows: int, rounds: int, points: int) -> list[Line]:
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        _over_http(Path(folder, "http")) as ours,
        _in_process(Path(folder, "in_process")) as limit,
    ):
        return [
            _line(f"insert of {rows:,} rows", "rows/s", _rates(ours, limit, "insert", rows, rounds)),
            _line(f"select of {rows:,} rows", "rows/s", _rates(ours, limit, "select", rows, rounds)),
            _line("point query", "queries/s", _rates(ours, limit, "point", points, rounds)),
        ]


def _rates(ours: Ask, limit: Ask, work: str, count: int, rounds: int) -> tuple[list[float], list[float]]:
    for ask in (ours, limit):
        ask(work, count)  # to warm up
    turns = [(count / ours(work, count), count / limit(work, count)) for _ in range(rounds)]
    return [mine for mine, _ in turns], [theirs for _, theirs in turns]


def _line(what: str, unit: str, rates: tuple[list[float], list[float]]) -> Line:
    ours, limit = rates
    return Line(
        name=f"{NAME}: {what}",
        unit=unit,
        value=statistics.median(ours),
        raw=ours,
        limit=statistics.median(limit),
        limit_name="chDB in process",
    )


@contextmanager
def _over_http(folder: Path) -> Iterator[Ask]:
    server = EmbeddedClickHouse(folder)
    server.start()
    try:
        with httpx.Client(base_url=server.url, auth=(OWNER, OWNER_PASSWORD), timeout=600) as client:
            _post(client, CREATE)
            prepared: dict[int, bytes] = {}

            def ask(work: str, count: int) -> float:
                if work == "insert":
                    if count not in prepared:
                        prepared[count] = _post(client, to_rows_query(count))
                    _post(client, TRUNCATE)
                    began = time.perf_counter()
                    _post(client, prepared[count], query="INSERT INTO holdfast.rows FORMAT Native")
                else:
                    began = time.perf_counter()
                    for _ in range(1 if work == "select" else count):
                        _post(client, SELECT if work == "select" else POINT)
                return time.perf_counter() - began

            yield ask
    finally:
        server.stop()


@contextmanager
def _in_process(folder: Path) -> Iterator[Ask]:
    """In a process of its own: two engines in one would share threads and caches. It ends when its input does."""
    command = [sys.executable, "-m", "tests.bench.in_process", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        asking, answering = process.stdin, process.stdout
        if asking is None or answering is None:
            raise RuntimeError("no pipes to the process that runs chDB")

        def ask(work: str, count: int) -> float:
            asking.write(f"{work} {count}\n")
            asking.flush()
            return float(answering.readline())

        yield ask


def _post(client: httpx.Client, content: str | bytes, **params: str) -> bytes:
    answer = client.post("/", params=params, content=content)
    answer.raise_for_status()
    return answer.content
