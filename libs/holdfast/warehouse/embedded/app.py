"""The ASGI application: ClickHouse's HTTP interface in front of the embedded engine.

    GET /ping            is it there
    GET /ready           is the store whole: 503 while parts are detached
    GET|POST /           a statement: see `execution`

Served by one process with one worker: chDB lets one process open a directory, and a fork hangs.
"""

import json
import time
import uuid
from collections.abc import Sequence

from holdfast.observability.logs import logger
from holdfast.warehouse.embedded.authentication import Account, authenticate
from holdfast.warehouse.embedded.conversation import Conversation
from holdfast.warehouse.embedded.engine import Engine
from holdfast.warehouse.embedded.errors import STD_EXCEPTION, EngineError
from holdfast.warehouse.embedded.execution import Executor
from holdfast.warehouse.embedded.request import Disconnected, Receive, Request, Scope, Send, to_request
from holdfast.warehouse.embedded.response import Headers, reply, reply_error
from holdfast.warehouse.embedded.settings import EmbeddedSettings

_DETACHED = "SELECT database, table, name, reason FROM system.detached_parts LIMIT 20"

log = logger("holdfast.warehouse.embedded")


class Endpoint:
    """Build it with an open engine; `close` it after the last request."""

    def __init__(
        self, engine: Engine, settings: EmbeddedSettings, *, database: str, accounts: Sequence[Account]
    ) -> None:
        self._engine = engine
        self._accounts = accounts
        self._executor = Executor(engine, settings, database=database)

    def close(self) -> None:
        self._executor.close()
        self._engine.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        query_id = str(uuid.uuid4())
        try:
            request = to_request(scope)
            query_id = request.params.get("query_id") or query_id
            await self._route(request, query_id, receive, send)
        except Disconnected:
            log.info("client_left", query_id=query_id)
        except EngineError as error:
            await reply_error(send, error, self._headers(query_id), version=self._engine.version)
        except Exception as error:
            log.exception("request_failed", query_id=query_id)
            hidden = EngineError(STD_EXCEPTION, f"the endpoint failed on this request: {type(error).__name__}")
            await reply_error(send, hidden, self._headers(query_id), version=self._engine.version)

    async def _route(self, request: Request, query_id: str, receive: Receive, send: Send) -> None:
        asks = "query" in request.params or request.method not in {"GET", "HEAD"}
        if request.path in {"/ping", "/live", "/replicas_status"} or (request.path == "/" and not asks):
            await reply(send, 200, b"Ok.\n", {"Content-Type": "text/plain; charset=UTF-8"})
        elif request.path == "/ready":
            await self._say_ready(send)
        elif request.path == "/":
            await self._executor.run(self._begin(request, query_id, receive, send))
        else:
            await reply(send, 404, b"There is no such path. Use / for statements, or /ping, or /ready.\n", {})

    def _begin(self, request: Request, query_id: str, receive: Receive, send: Send) -> Conversation:
        return Conversation(
            account=authenticate(self._accounts, request.headers, request.params),
            request=request,
            query_id=query_id,
            receive=receive,
            send=send,
            headers=self._headers(query_id),
            began_ns=time.perf_counter_ns(),
        )

    def _headers(self, query_id: str) -> Headers:
        return {
            "X-ClickHouse-Server-Display-Name": "holdfast-embedded",
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self._engine.timezone,
        }

    async def _say_ready(self, send: Send) -> None:
        """Damaged parts are set aside at start without a word, and counts drop; here is the word."""
        names = ("database", "table", "part", "reason")
        detached = [dict(zip(names, row, strict=False)) for row in await self._executor.ask(_DETACHED)]
        waiting = {"detached_parts": detached} if detached else {}
        body = json.dumps({"ready": not waiting, "waiting_for": waiting}).encode()
        await reply(send, 503 if waiting else 200, body, {"Content-Type": "application/json"})
