"""How a request comes in: its signature, its key's rate, its query."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from services.api.callers import Caller, admit
from services.api.dialects.okx.signature import authenticate
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources

AnyRequest = Request[Any, Any, Any]


class Door:
    """Signed by the key's derived secret; nothing else opens these routes."""

    def __init__(self, resources: Resources, limiter: RateLimiter) -> None:
        self._resources = resources
        self._limiter = limiter

    async def admit(self, request: AnyRequest) -> tuple[Caller, bytes]:
        """Who asks, and the bytes that they signed. Raises OkxError, ApiError."""
        body = await request.body()
        caller = authenticate(self._resources, request.headers, method=request.method, path=_target(request), body=body)
        admit(self._limiter, caller.key)
        return caller, body


def query_of(request: AnyRequest) -> dict[str, str]:
    """Of a parameter that is named twice the last counts. Bytes that are no text stand as the replacement mark."""
    return dict(parse_qsl(_query(request), keep_blank_values=True, errors="replace"))


def _target(request: AnyRequest) -> str:
    """Path and query as they were sent: what is signed."""
    query = _query(request)
    return f"{request.url.path}?{query}" if query else request.url.path


def _query(request: AnyRequest) -> str:
    return bytes(request.scope["query_string"]).decode("latin-1")
