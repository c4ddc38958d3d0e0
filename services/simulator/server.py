"""The ASGI application: from a request to its upstream, through the knobs, into the log."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import parse_qsl

from services.simulator.clock import WorldClock
from services.simulator.delivery import Receive, Scope, Send, deliver, deliver_damaged
from services.simulator.exchange import Answer, Refusal, Request, Upstream, to_json
from services.simulator.faults import Faults
from services.simulator.knobs import Mishap
from services.simulator.request_log import Entry, RequestLog
from services.simulator.world.instants import BeforeGenesisError, iso

_BODY_LIMIT = 8 * 1024 * 1024
_REFUSALS = get_args(Refusal)

Route = Callable[[Request], Answer]


class BodyTooLargeError(Exception):
    """More than this server reads."""


class SimulatorApp:
    """Upstreams by the prefix of their paths; admin routes by (method, path)."""

    def __init__(
        self,
        *,
        upstreams: Sequence[Upstream],
        admin: Mapping[tuple[str, str], Route],
        clock: WorldClock,
        faults: Faults,
        log: RequestLog,
    ) -> None:
        self._upstreams = [(prefix, upstream) for upstream in upstreams for prefix in upstream.prefixes]
        self._admin = admin
        self._clock = clock
        self._faults = faults
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            request = await _read(scope, receive)
        except BodyTooLargeError:
            await deliver(to_json({"error": f"the body is over {_BODY_LIMIT} bytes"}, status=413), send)
            return
        upstream = next((one for prefix, one in self._upstreams if request.path.startswith(prefix)), None)
        if upstream is None:
            await deliver(self._administer(request), send)
        else:
            await self._serve(upstream, request, scope, receive, send)

    def _administer(self, request: Request) -> Answer:
        route = self._admin.get((request.method, request.path))
        if route is not None:
            return route(request)
        known = ", ".join(f"{method} {path}" for method, path in self._admin)
        prefixes = ", ".join(prefix for prefix, _ in self._upstreams)
        return to_json({"error": "not found", "fix": f"upstreams are below {prefixes}; also {known}"}, status=404)

    async def _serve(self, upstream: Upstream, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        mishap = self._faults.next_mishap(upstream.name)
        if mishap.delay_ms:
            await asyncio.sleep(mishap.delay_ms / 1000)
        answer = self._answer(upstream, request, mishap)
        self._record(upstream, request, answer, mishap)
        if mishap.fault is None or mishap.fault in _REFUSALS:
            await deliver(answer, send)
        else:
            drip_ms = self._faults.knobs(upstream.name).drip_ms
            await deliver_damaged(answer, mishap.fault, scope, receive, send, drip_ms=drip_ms)  # type: ignore[arg-type]

    def _answer(self, upstream: Upstream, request: Request, mishap: Mishap) -> Answer:
        if mishap.fault in _REFUSALS:
            return upstream.refuse(mishap.fault, request)  # type: ignore[arg-type]
        try:
            return upstream.answer(request, self._clock.now())
        except BeforeGenesisError as error:
            return to_json({"error": str(error)}, status=500)

    def _record(self, upstream: Upstream, request: Request, answer: Answer, mishap: Mishap) -> None:
        self._log.add(
            Entry(
                at=iso(datetime.now(UTC)),
                upstream=upstream.name,
                key=upstream.caller(request),
                method=request.method,
                route=request.path,
                status=0 if mishap.fault == "dropped" else answer.status,
                fault=mishap.fault or "",
            )
        )


async def _read(scope: Scope, receive: Receive) -> Request:
    """The whole request. Raises BodyTooLargeError."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > _BODY_LIMIT:
            raise BodyTooLargeError
    query: str = scope["query_string"].decode("latin-1")
    raw_path: str = scope["raw_path"].decode("latin-1").partition("?")[0]
    return Request(
        method=scope["method"],
        path=scope["path"],
        target=f"{raw_path}?{query}" if query else raw_path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=_headers(scope),
        body=b"".join(parts),
    )


def _headers(scope: Scope) -> dict[str, str]:
    pairs: Any = scope["headers"]
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in pairs}
