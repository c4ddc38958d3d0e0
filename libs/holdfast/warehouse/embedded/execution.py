"""Runs one statement: a SELECT as a stream where its format allows, an INSERT from a stream, the rest whole."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TypeVar

from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.authorisation import Gate
from holdfast.warehouse.embedded.conversation import Conversation, read_statement
from holdfast.warehouse.embedded.engine import Engine, Handle, Insert, Outcome
from holdfast.warehouse.embedded.errors import ACCESS_DENIED, READONLY, EngineError
from holdfast.warehouse.embedded.limits import to_settings
from holdfast.warehouse.embedded.quoting import quoted_text
from holdfast.warehouse.embedded.reading import Reading
from holdfast.warehouse.embedded.ready import Kind, Ready, ReadyHandles
from holdfast.warehouse.embedded.request import Body, Disconnected, Receive, Request
from holdfast.warehouse.embedded.response import Headers, Stream, content_type, reply, summary
from holdfast.warehouse.embedded.sessions import Sessions
from holdfast.warehouse.embedded.settings import EmbeddedSettings
from holdfast.warehouse.embedded.statement import InsertHead, Outline, parse_outline
from holdfast.warehouse.embedded.who_asked import to_comment, to_log_settings

ResultT = TypeVar("ResultT")

# Formats whose blocks can stand behind one another; the others have a head or a foot of the whole.
_STREAMED = frozenset(
    {
        "CSV",
        "JSONCompactEachRow",
        "JSONEachRow",
        "JSONStringsEachRow",
        "LineAsString",
        "Native",
        "RawBLOB",
        "RowBinary",
        "TabSeparated",
        "TabSeparatedRaw",
        "TSV",
        "TSVRaw",
    }
)
_ASK_AGAIN_S = 0.2
_ASK_AGAIN_AT_MOST_S = 10.0


class Executor:
    """Owns the worker threads. Engine calls happen on them alone."""

    def __init__(self, engine: Engine, settings: EmbeddedSettings, *, database: str) -> None:
        self._engine = engine
        self._settings = settings
        self._database = database
        self._sessions = Sessions(engine, database=database)
        self._ready = ReadyHandles(engine, most=settings.threads)
        self._threads = ThreadPoolExecutor(settings.threads, "engine")
        self._analysts = asyncio.Semaphore(settings.threads // 2)
        handle = engine.open()
        self._gate = Gate(handle, database=database)
        handle.close()

    async def run(self, conversation: Conversation) -> None:
        """Answer the request. Raises EngineError while nothing has been sent, Disconnected when nobody listens."""
        if conversation.account.read_only:
            async with self._analysts:
                await self._run(conversation)
        else:
            await self._run(conversation)

    async def ask(self, sql: str) -> list[list[str]]:
        """A question of the endpoint's own."""

        def rows() -> list[list[str]]:
            handle = self._engine.open()
            try:
                return handle.rows(sql)
            finally:
                handle.close()

        return await self._in_thread(rows)

    def close(self) -> None:
        """Stop every statement, so that none holds the process up."""
        with suppress(EngineError):
            self._engine.cancel("query NOT LIKE 'KILL QUERY%'")
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._sessions.close()
        self._ready.forget()

    async def _run(self, conversation: Conversation) -> None:
        body = Body(conversation.receive, conversation.request.headers.get("content-encoding", ""))
        sql, insert, begun = await read_statement(conversation.request, body)
        if insert is not None and not conversation.read_only:
            await self._insert(conversation, insert, begun, body)
            return
        outline = parse_outline(sql)
        _refuse(conversation, outline)
        chosen = outline.format or conversation.request.headers.get("x-clickhouse-format")
        output = chosen or conversation.request.params.get("default_format", "TabSeparated")
        streams = outline.streams and output in _STREAMED and not conversation.request.flag("wait_end_of_query")
        await (self._stream if streams else self._whole)(conversation, sql, outline, output)

    async def _stream(self, conversation: Conversation, sql: str, outline: Outline, output: str) -> None:
        headers = _result_headers(conversation, outline, output)
        stream = Stream(conversation.send, headers, encoding=conversation.encoding)
        with self._kept_unchanged(conversation):
            reading = Reading(partial(self._blocks, conversation, sql, outline, output))
            try:
                # An error before the first block still gets a status of its own.
                block = await self._while_listened_to(conversation, reading.next)
                await stream.start()
                while block is not None:
                    await stream.write(block)
                    block = await self._following(conversation, reading, stream)
            finally:
                if reading.begun and not reading.over:
                    await self._in_thread(reading.close)
        await stream.end()

    async def _following(self, conversation: Conversation, reading: Reading, stream: Stream) -> bytes | None:
        try:
            return await self._while_listened_to(conversation, reading.next)
        except EngineError as error:
            await stream.fail(error)
            return None

    def _blocks(
        self, conversation: Conversation, sql: str, outline: Outline, output: str, giving_back: ExitStack
    ) -> Generator[bytes]:
        handle, ready = self._lend(conversation, outline, giving_back)
        admitted = self._admit(conversation, handle, sql)
        blocks = handle.stream(admitted, output, conversation.request.query_params)
        giving_back.callback(blocks.close)
        yield from blocks
        conversation.unchanged = ready

    async def _whole(self, conversation: Conversation, sql: str, outline: Outline, output: str) -> None:
        with self._kept_unchanged(conversation):
            work = partial(self._run_whole, conversation, sql, outline, output)
            outcome = await self._while_listened_to(conversation, work)
        await _reply(conversation, outcome, _result_headers(conversation, outline, output))

    def _run_whole(self, conversation: Conversation, sql: str, outline: Outline, output: str) -> Outcome:
        with ExitStack() as giving_back:
            if outline.defines:
                giving_back.callback(self._ready.forget)
            handle, ready = self._lend(conversation, outline, giving_back)
            outcome = handle.query(self._admit(conversation, handle, sql), output, conversation.request.query_params)
            conversation.unchanged = ready
        return outcome

    async def _insert(self, conversation: Conversation, head: InsertHead, begun: bytes, body: Body) -> None:
        giving_back = ExitStack()
        try:
            handle = await self._in_thread(partial(self._lend_anew, conversation, giving_back))
            insert = await self._in_thread(partial(_begin_insert, handle, head, conversation.request.query_params))
            try:
                piece = begun or await body.next()
                while piece:
                    await self._in_thread(partial(insert.append, piece))
                    piece = await body.next()
                outcome = await self._in_thread(insert.finish)
            except BaseException:
                with suppress(EngineError):
                    await self._in_thread(insert.cancel)
                raise
        finally:
            await self._in_thread(giving_back.close)
        await _reply(conversation, outcome, conversation.headers)

    def _admit(self, conversation: Conversation, handle: Handle, sql: str) -> str:
        """The text to run: the caller's own, or for a read-only caller what the gate made of it."""
        if not conversation.account.read_only:
            return sql
        admitted = self._gate.admit(handle, sql, conversation.request.query_params, account=conversation.account)
        handle.set({**to_log_settings(conversation.comment), "readonly": "1"})
        return admitted

    @contextmanager
    def _kept_unchanged(self, conversation: Conversation) -> Iterator[None]:
        """Its handle serves others if it is unchanged, but not when its client has left.

        What is asked to stop then must not be somebody else's statement.
        """
        try:
            yield
        except BaseException:
            if conversation.unchanged:
                conversation.unchanged.handle.close()
            raise
        if conversation.unchanged:
            self._ready.put(conversation.unchanged)

    def _lend(
        self, conversation: Conversation, outline: Outline, giving_back: ExitStack
    ) -> tuple[Handle, Ready | None]:
        """A handle with the caller's database, settings and limits in place, and what to keep it as if it may be kept.

        Such a one is closed with the rest unless it has become the conversation's `unchanged`.
        """
        if not outline.leaves_nothing or not _may_share(conversation):
            return self._lend_anew(conversation, giving_back), None
        ready = self._take_ready(conversation)
        giving_back.callback(lambda: None if conversation.unchanged else ready.handle.close())
        return ready.handle, ready

    def _take_ready(self, conversation: Conversation) -> Ready:
        account, request = conversation.account, conversation.request
        kind = Kind(
            user=account.name,
            client=request.client,
            database=_database(account, request, self._database) or self._database,
            settings=tuple(to_settings(account, request.settings, self._settings).items()),
        )
        ready = self._ready.take(kind)
        conversation.comment = ready.comment
        return ready

    def _lend_anew(self, conversation: Conversation, giving_back: ExitStack) -> Handle:
        """One that nobody else has, but for those of the caller's own session."""
        conversation.comment = to_comment(
            user=conversation.account.name, query_id=conversation.query_id, client=conversation.request.client
        )
        handle, kept = giving_back.enter_context(self._sessions.lend(conversation.account, conversation.request))
        giving_back.callback(_restore, handle, self._prepare(conversation, handle, kept=kept))
        return handle

    def _prepare(self, conversation: Conversation, handle: Handle, *, kept: bool) -> dict[str, str]:
        """Returns the settings to put back on a handle that is kept: those of an address count for one statement."""
        account, request = conversation.account, conversation.request
        settings = to_settings(account, request.settings, self._settings)
        database = _database(account, request, self._database)
        if database and (kept or database != self._database):  # a fresh handle is in our own already
            handle.use(database)
        undo = _current(handle, settings) if kept else {}
        if account.read_only:
            handle.set(settings)
            return undo
        if conversation.read_only and not kept:
            settings["readonly"] = "2"
        handle.set({**settings, **to_log_settings(conversation.comment)})
        return undo

    async def _while_listened_to(self, conversation: Conversation, work: Callable[[], ResultT]) -> ResultT:
        """Run `work`; when the client goes away first, never begin it, or stop the statement."""
        turn = self._threads.submit(work)
        working: asyncio.Future[ResultT] = asyncio.wrap_future(turn)
        leaving = asyncio.ensure_future(_gone(conversation.receive))
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                if not turn.cancel():
                    await self._cancel(conversation, working)
                raise Disconnected
            return await working
        finally:
            turn.cancel()  # what nobody waits for any more has no need to begin
            leaving.cancel()

    async def _cancel(self, conversation: Conversation, working: asyncio.Future[ResultT]) -> None:
        """Ask the engine to stop the statement until it has: its thread may not have come to it when asked first."""
        again_s = _ASK_AGAIN_S
        while not working.done():
            if own := conversation.comment:
                with suppress(EngineError):
                    await asyncio.to_thread(self._engine.cancel, f"Settings['log_comment'] = {quoted_text(own)}")
            await asyncio.wait({working}, timeout=again_s)
            again_s = min(2 * again_s, _ASK_AGAIN_AT_MOST_S)
        with suppress(EngineError):
            await working

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _may_share(conversation: Conversation) -> bool:
    """Whether a handle may serve others after it: not one of a session, nor one set up for a read-only caller.

    Nor for a statement that is to be found in the log by its own id.
    """
    return not conversation.read_only and not {"session_id", "query_id"} & conversation.request.params.keys()


def _refuse(conversation: Conversation, outline: Outline) -> None:
    if outline.touches_files:
        raise EngineError(ACCESS_DENIED, "INTO OUTFILE and FROM INFILE are for clients: this endpoint has no files")
    if conversation.request.method in {"GET", "HEAD"} and not outline.reads:
        raise EngineError(
            READONLY,
            "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly: use POST.",
        )


def _database(account: Account, request: Request, own: str) -> str:
    """The database that the request names, or empty. `default`, which clients send unasked, is Holdfast's own."""
    asked = request.params.get("database") or request.headers.get("x-clickhouse-database", "")
    if asked == "default":
        return own
    if account.read_only and asked not in {"", own}:
        raise EngineError(ACCESS_DENIED, f"{account.name}: Not enough privileges. Open to it is the database {own}.")
    return asked


def _current(handle: Handle, settings: dict[str, str]) -> dict[str, str]:
    names = "[" + ",".join(quoted_text(name) for name in settings) + "]"
    sql = "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}"
    return {row[0]: row[1] for row in handle.rows(sql, {"names": names}) if len(row) == 2}


def _begin_insert(handle: Handle, head: InsertHead, params: Mapping[str, str]) -> Insert:
    handle.set({f"param_{name}": value for name, value in params.items()})
    return handle.insert(head.sql, head.format)


def _restore(handle: Handle, settings: dict[str, str]) -> None:
    with suppress(EngineError):
        handle.set(settings)


def _result_headers(conversation: Conversation, outline: Outline, output: str) -> Headers:
    headers = {**conversation.headers, "Content-Type": content_type(output)}
    return {**headers, "X-ClickHouse-Format": output} if outline.reads else headers


async def _reply(conversation: Conversation, outcome: Outcome, headers: Headers) -> None:
    elapsed_ns = time.perf_counter_ns() - conversation.began_ns
    if conversation.account.tenant is not None:  # what was read to find its rows tells how many others there are
        outcome = Outcome(body=outcome.body)
    headers = {**headers, "X-ClickHouse-Summary": summary(outcome, elapsed_ns)}
    await reply(conversation.send, 200, outcome.body, headers, encoding=conversation.encoding)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
