"""Handles that serve again: nothing of one statement reaches the next."""

import asyncio
from typing import Any

import httpx
import pytest

from holdfast.warehouse.embedded.ready import Kind, ReadyHandles
from holdfast.warehouse.embedded.statement import parse_outline

SAME_HANDLE = "SELECT JSONExtractString(getSetting('log_comment'), 'own_id')"


async def ask(client: httpx.AsyncClient, sql: str, *, whole: bool = True, **params: str) -> str:
    answer = await client.post("/", content=sql, params={"wait_end_of_query": str(int(whole)), **params})
    return answer.text.strip()


async def test_a_handle_serves_the_next_statement_of_its_kind_and_no_other(owner: httpx.AsyncClient) -> None:
    first = await ask(owner, SAME_HANDLE)
    assert await ask(owner, SAME_HANDLE) == first
    others = [{"max_threads": "1"}, {"database": "other"}, {"session_id": "s"}, {"query_id": "q"}]
    for other in others:
        assert await ask(owner, SAME_HANDLE, **other) != first
    assert await ask(owner, SAME_HANDLE) == first


@pytest.mark.parametrize("whole", [True, False])
async def test_an_answer_in_blocks_and_one_as_a_whole_use_the_same_handle(
    owner: httpx.AsyncClient, whole: bool
) -> None:
    first = await ask(owner, SAME_HANDLE, whole=whole)
    long = await ask(owner, "SELECT number FROM numbers(300000)", whole=False)
    assert long.splitlines()[-1] == "299999"
    assert await ask(owner, SAME_HANDLE, whole=not whole) == first


async def test_a_handle_that_failed_between_two_blocks_serves_nobody_else(owner: httpx.AsyncClient) -> None:
    first = await ask(owner, SAME_HANDLE, whole=False, max_threads="1")
    failing = "SELECT throwIf(number = 300000) FROM numbers(1000000)"
    assert "__exception__" in await ask(owner, failing, whole=False, max_threads="1")
    following = await ask(owner, SAME_HANDLE, whole=False, max_threads="1")
    assert following != first
    assert await ask(owner, SAME_HANDLE, whole=False, max_threads="1") == following


async def test_statements_at_once_have_a_handle_each(owner: httpx.AsyncClient) -> None:
    slow = f"{SAME_HANDLE}, sleep(0.3)"
    handles = await asyncio.gather(*(ask(owner, slow) for _ in range(4)))
    assert len(set(handles)) == 4


@pytest.mark.parametrize("whole", [True, False])
async def test_nothing_of_a_statement_reaches_the_next(owner: httpx.AsyncClient, whole: bool) -> None:
    state = "SELECT getSetting('max_threads'), getSetting('limit'), currentDatabase(), currentRoles()"
    before = await ask(owner, state, whole=whole)
    for sql, params in (
        ("SELECT 1", {"max_threads": "7", "limit": "5", "database": "other"}),
        ("SELECT 1 SETTINGS max_threads = 7, limit = 5", {}),
        ("SELECT 1 FORMAT JSONEachRow SETTINGS max_threads = 7", {}),
        ("SELECT 1; SET max_threads = 7; USE other; SET ROLE analyst", {}),
        ("SET max_threads = 7", {}),
        ("USE other", {}),
        ("SET ROLE analyst", {}),
        ("SELECT throwIf(1)", {"max_threads": "7"}),
        ("CREATE TEMPORARY TABLE kept (a UInt8)", {}),
        ("SELECT {kept:UInt8}", {"param_kept": "1"}),
    ):
        await ask(owner, sql, whole=whole, **params)
        assert await ask(owner, state, whole=whole) == before, sql
    assert "UNKNOWN_TABLE" in await ask(owner, "SELECT * FROM kept")
    assert "UNKNOWN_QUERY_PARAMETER" in await ask(owner, "SELECT {kept:UInt8}")


async def test_an_analyst_never_has_the_handle_of_another(owner: httpx.AsyncClient, analyst: httpx.AsyncClient) -> None:
    roles = "SELECT currentRoles()"
    owners = await ask(owner, roles)
    for _ in range(3):
        assert await ask(analyst, roles) == "['analyst']"
        assert "ACCESS_DENIED" in await ask(analyst, "SELECT * FROM other.t")
        assert await ask(owner, roles) == owners
        assert await ask(owner, "SELECT s FROM other.t") == "TOPSECRET"


async def test_reading_only_does_not_outlast_its_request(owner: httpx.AsyncClient) -> None:
    await ask(owner, "SELECT 1")
    got = await owner.get("/", params={"query": "SELECT getSetting('readonly')", "wait_end_of_query": "1"})
    assert got.text.strip() == "2"
    assert await ask(owner, "SELECT getSetting('readonly')") == "0"
    assert await ask(owner, "INSERT INTO holdfast.t SELECT a, s FROM holdfast.t WHERE 0") == ""


async def test_a_database_that_is_dropped_cannot_be_chosen_any_more(owner: httpx.AsyncClient) -> None:
    await ask(owner, "CREATE DATABASE passing ENGINE = Atomic")
    assert await ask(owner, "SELECT currentDatabase()", database="passing") == "passing"
    await ask(owner, "DROP DATABASE passing")
    assert "UNKNOWN_DATABASE" in await ask(owner, "SELECT currentDatabase()", database="passing")


@pytest.mark.parametrize(
    ("sql", "leaves_nothing"),
    [
        ("SELECT 1", True),
        ("SELECT ';', `;`, $a$;$a$ -- ; SETTINGS\n FORMAT JSONEachRow ;", True),
        ("WITH 1 AS a SELECT a", True),
        ("SELECT 1; SELECT 2", False),
        ("SELECT ';'; SET max_threads = 1", False),
        ("SELECT 1 SETTINGS max_threads = 1", False),
        ("WITH 1 AS a INSERT INTO t SELECT a", False),
        ("SET max_threads = 1", False),
        ("USE other", False),
        ("INSERT INTO t SELECT 1", False),
    ],
)
def test_one_select_leaves_nothing_behind(sql: str, leaves_nothing: bool) -> None:
    assert parse_outline(sql).leaves_nothing is leaves_nothing


class StubHandle:
    def __init__(self) -> None:
        self.closed = False

    def use(self, database: str) -> None: ...

    def set(self, settings: object) -> None: ...

    def close(self) -> None:
        self.closed = True


class StubEngine:
    def open(self) -> StubHandle:
        return StubHandle()


def build_ready_handles(*, most: int) -> Any:
    return ReadyHandles(StubEngine(), most=most)  # type: ignore[arg-type]


PLAIN = Kind(user="owner", client="here", database="holdfast", settings=())


def test_as_many_wait_as_may_and_the_oldest_goes_first() -> None:
    handles = build_ready_handles(most=2)
    taken = [handles.take(PLAIN) for _ in range(3)]
    for ready in taken:
        handles.put(ready)
    assert [ready.handle.closed for ready in taken] == [True, False, False]
    assert handles.take(PLAIN) is taken[2]


def test_what_is_in_use_when_all_are_forgotten_is_closed_on_its_return() -> None:
    handles = build_ready_handles(most=2)
    waiting, in_use = handles.take(PLAIN), handles.take(PLAIN)
    handles.put(waiting)
    handles.forget()
    assert (waiting.handle.closed, in_use.handle.closed) == (True, False)
    handles.put(in_use)
    assert in_use.handle.closed
    assert handles.take(PLAIN) not in (waiting, in_use)
