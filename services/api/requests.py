"""Each request has an id, in its answer, in its logs and in nothing else; and is counted by route."""

import re
import secrets
import time
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from holdfast.observability import metrics
from holdfast.observability.logs import bound, logger

_log = logger(__name__)
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = ("/live", "/ready", "/metrics")


class JsonRequest(Request[Any, Any, Any]):
    """Refuses the two kinds of bytes on which Litestar's own reading breaks instead of refusing."""

    async def json(self) -> Any:
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise ClientException("the body is not JSON, or nested too deeply") from error


class RequestMiddleware:
    """Outermost: it sees what really went out, refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started, status = time.perf_counter(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with bound(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                _tell(scope, status, time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if _GIVEN.fullmatch(given) else secrets.token_hex(8)


def _tell(scope: HTTPScope, status: int, seconds: float) -> None:
    route = str(scope.get("path_template") or "unknown")
    metrics.http_requests.labels(route, str(status)).inc()
    metrics.http_seconds.labels(route).observe(seconds)
    if scope["path"] not in _QUIET:
        _log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
