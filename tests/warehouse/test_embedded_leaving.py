"""Clients that go away: what they asked for does not begin, or is stopped, and nobody else's statement is."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

import pytest

from holdfast.settings.secret import Secret
from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.conversation import Conversation
from holdfast.warehouse.embedded.engine import Outcome
from holdfast.warehouse.embedded.errors import QUERY_WAS_CANCELLED, EngineError
from holdfast.warehouse.embedded.execution import Executor
from holdfast.warehouse.embedded.quoting import quoted_text
from holdfast.warehouse.embedded.request import Disconnected, Request
from holdfast.warehouse.embedded.settings import EmbeddedSettings

OWNER = Account(name="owner", password=Secret("x"), read_only=False)
THREADS = 2
STREAMED, WHOLE = "TabSeparated", "JSON"


class Running:
    """A statement in the engine, until it is let go or killed."""

    def __init__(self, comment: str) -> None:
        self.comment = comment
        self.over = threading.Event()
        self.killed = False

    def wait(self) -> None:
        assert self.over.wait(8), "neither let go nor killed"
        if self.killed:
            raise EngineError(QUERY_WAS_CANCELLED, "Query was cancelled")


class StubEngine:
    """Statements run until they are told to end; the first `deaf_to` kills it does not hear."""

    def __init__(self, *, deaf_to: int = 0) -> None:
        self.running: dict[str, Running] = {}
        self.begun: list[str] = []
        self.kills: list[float] = []
        self.open_handles = 0
        self._deaf_to = deaf_to

    def open(self) -> "StubHandle":
        self.open_handles += 1
        return StubHandle(self)

    def cancel(self, where: str) -> None:
        self.kills.append(time.monotonic())
        if len(self.kills) <= self._deaf_to:
            return
        for one in list(self.running.values()):
            if where == f"Settings['log_comment'] = {quoted_text(one.comment)}":
                one.killed = True
                one.over.set()


class StubHandle:
    def __init__(self, engine: StubEngine) -> None:
        self._engine = engine
        self._comment = ""

    def query(self, sql: str, output: str = "", params: Mapping[str, str] | None = None) -> Outcome:
        one = self._engine.running[sql.strip()] = Running(self._comment)
        self._engine.begun.append(sql.strip())
        one.wait()
        return Outcome(body=b"1\n")

    def stream(self, sql: str, output: str, params: Mapping[str, str]) -> Generator[bytes]:
        yield self.query(sql).body

    def set(self, settings: Mapping[str, str]) -> None:
        self._comment = settings.get("log_comment", self._comment)

    def rows(self, sql: str, params: Mapping[str, str] | None = None) -> list[list[str]]:
        return []

    def use(self, database: str) -> None: ...

    def close(self) -> None:
        self._engine.open_handles -= 1


class Client:
    """One request, and a way to leave it."""

    def __init__(self, executor: Executor, sql: str, *, output: str = STREAMED, query_id: str = "") -> None:
        self.answer = b""
        self._left = asyncio.Event()
        self._asked = False
        self.listening = False
        """Whether the statement was handed to the threads: then only its leaving is waited for."""
        params = {"query": sql, "default_format": output}
        conversation = Conversation(
            account=OWNER,
            request=Request(method="POST", path="/", headers={}, params=params, client="127.0.0.1"),
            query_id=query_id or sql,
            receive=self._receive,
            send=self._send,
            headers={},
            began_ns=time.perf_counter_ns(),
        )
        self.served = asyncio.ensure_future(executor.run(conversation))

    def leave(self) -> None:
        self._left.set()

    async def _receive(self) -> MutableMapping[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        self.listening = True
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.answer += message.get("body", b"")


def build(engine: StubEngine) -> Executor:
    settings = EmbeddedSettings(threads=THREADS)
    return Executor(engine, settings, database="holdfast")  # type: ignore[arg-type]


async def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not seen():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def busy(executor: Executor, engine: StubEngine, *, threads: int = THREADS) -> list[Client]:
    """Statements of clients who stay, one for each thread."""
    clients = [Client(executor, f"SELECT 'busy {number}'") for number in range(threads)]
    await until(lambda: len(engine.begun) == threads)
    return clients


async def gone(*clients: Client) -> None:
    """Each is told that nobody listens, at once: no thread has to be free for it."""
    for client in clients:
        with pytest.raises(Disconnected):
            await asyncio.wait_for(client.served, 10)


def let_go(engine: StubEngine) -> None:
    for one in engine.running.values():
        one.over.set()


@pytest.mark.parametrize("output", [STREAMED, WHOLE])
async def test_a_statement_that_waits_for_a_thread_is_dropped_with_its_client(output: str) -> None:
    engine = StubEngine()
    executor = build(engine)
    staying = await busy(executor, engine)
    leaving = [Client(executor, f"SELECT {number}", output=output) for number in range(20)]
    await until(lambda: all(client.listening for client in leaving))
    for client in leaving:
        client.leave()
    await gone(*leaving)
    let_go(engine)
    for client in staying:
        await client.served
    last = Client(executor, "SELECT 'last'")
    await until(lambda: "SELECT 'last'" in engine.begun)
    let_go(engine)
    await last.served
    assert sorted(engine.begun) == ["SELECT 'busy 0'", "SELECT 'busy 1'", "SELECT 'last'"]
    assert engine.kills == []
    executor.close()


@pytest.mark.parametrize("output", [STREAMED, WHOLE])
async def test_a_statement_under_way_is_killed_with_its_client(output: str) -> None:
    engine = StubEngine()
    executor = build(engine)
    [staying] = await busy(executor, engine, threads=1)
    leaving = Client(executor, "SELECT 'left'", output=output)
    await until(lambda: len(engine.begun) == 2)
    leaving.leave()
    await gone(leaving)
    assert (len(engine.kills), engine.running["SELECT 'left'"].killed) == (1, True)
    let_go(engine)
    await staying.served
    assert staying.answer == b"1\n"
    executor.close()


@pytest.mark.parametrize("output", [STREAMED, WHOLE])
async def test_a_handle_whose_client_left_serves_nobody_else(output: str) -> None:
    """A late KILL would stop whoever has it then."""
    engine = StubEngine(deaf_to=1)
    executor = build(engine)
    leaving = Client(executor, "SELECT 'left'", output=output)
    await until(lambda: len(engine.begun) == 1)
    leaving.leave()
    await until(lambda: len(engine.kills) == 1)
    let_go(engine)
    await gone(leaving)
    for sql in ("SELECT 'next'", "SELECT 'last'"):
        client = Client(executor, sql, output=output)
        await until(lambda: sql in engine.begun)  # noqa: B023
        let_go(engine)
        await client.served
    left, following, last = (one.comment for one in engine.running.values())
    assert left != following == last
    executor.close()


async def test_who_asks_again_under_the_same_id_is_not_stopped_for_the_first_time() -> None:
    """The same user, the same place, the same `query_id`: another conversation."""
    engine = StubEngine()
    executor = build(engine)
    first = Client(executor, "SELECT 'first'", query_id="mine")
    await until(lambda: len(engine.begun) == 1)
    again = Client(executor, "SELECT 'again'", query_id="mine")
    await until(lambda: len(engine.begun) == 2)
    first.leave()
    await gone(first)
    assert not engine.running["SELECT 'again'"].over.is_set()
    let_go(engine)
    await again.served
    assert again.answer == b"1\n"
    executor.close()


async def test_an_engine_that_does_not_listen_is_asked_less_and_less_often() -> None:
    """It does at the fourth time: 0.2, 0.4 and 0.8 s lie between."""
    engine = StubEngine(deaf_to=3)
    executor = build(engine)
    leaving = Client(executor, "SELECT 'left'")
    await until(lambda: len(engine.begun) == 1)
    leaving.leave()
    await gone(leaving)
    waits = [after - before for before, after in zip(engine.kills, engine.kills[1:], strict=False)]
    assert len(waits) == 3
    assert all(wait >= least for wait, least in zip(waits, (0.19, 0.39, 0.79), strict=True))
    executor.close()


@pytest.mark.parametrize("output", [STREAMED, WHOLE])
async def test_a_handle_is_closed_whose_client_left_just_as_its_statement_ended_well(output: str) -> None:
    """It is not kept: who was asked to stop it might stop the statement of another."""
    engine = StubEngine(deaf_to=1000)
    executor = build(engine)
    leaving = Client(executor, "SELECT 'left'", output=output)
    await until(lambda: len(engine.begun) == 1)
    assert engine.open_handles == 1
    leaving.leave()
    await until(lambda: len(engine.kills) == 1)
    let_go(engine)
    await gone(leaving)
    assert engine.open_handles == 0
    executor.close()


@pytest.mark.parametrize("output", [STREAMED, WHOLE])
async def test_a_handle_waits_for_the_next_statement_once_the_answer_is_out(output: str) -> None:
    engine = StubEngine()
    executor = build(engine)
    for _ in range(2):
        staying = Client(executor, "SELECT 'stayed'", output=output)
        await until(lambda: bool(engine.running))
        let_go(engine)
        await staying.served
        assert engine.open_handles == 1
        engine.running.clear()
    executor.close()
    assert engine.open_handles == 0


async def test_a_request_that_is_given_up_here_does_not_begin() -> None:
    """As when the process is told to stop."""
    engine = StubEngine()
    executor = build(engine)
    staying = await busy(executor, engine)
    waiting = Client(executor, "SELECT 'waiting'")
    await until(lambda: waiting.listening)
    waiting.served.cancel()
    with suppress(asyncio.CancelledError):
        await waiting.served
    let_go(engine)
    for client in staying:
        await client.served
    assert "SELECT 'waiting'" not in engine.begun
    executor.close()
