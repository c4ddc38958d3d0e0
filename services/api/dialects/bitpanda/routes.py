"""`POST /graphql`, with an API key of ours in `x-api-key` that is bound to one portfolio."""

import asyncio
from typing import Any

import msgspec
from ariadne import graphql_sync
from litestar import Request, Response, Router, post

from holdfast.registry.keys import authenticate
from services.api.callers import admit
from services.api.dialects.bitpanda.failures import HANDLERS, SILENT, RefusedError, format_error
from services.api.dialects.bitpanda.limits import parse_within_limits
from services.api.dialects.bitpanda.portfolios import Subject
from services.api.dialects.bitpanda.schema import build_schema
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources


def build_bitpanda(resources: Resources, limiter: RateLimiter) -> Router:
    schema = build_schema()

    @post("/graphql", status_code=200)
    async def answer_query(request: Request[Any, Any, Any]) -> Response[Any]:
        subject = _subject(resources, limiter, request.headers.get("x-api-key", "").strip())
        # In a thread: two hundred items of a hundred assets are seconds of work, in which nobody else should wait.
        _, result = await asyncio.to_thread(
            graphql_sync,
            schema,
            _decoded(await request.body()),
            context_value=subject,
            query_parser=lambda _, data: parse_within_limits(data["query"]),
            error_formatter=format_error,
            logger=SILENT,
        )
        return Response(result, status_code=200 if "data" in result else 400)

    return Router(path="/", route_handlers=[answer_query], exception_handlers=HANDLERS, include_in_schema=False)


def _subject(api: Resources, limiter: RateLimiter, presented: str) -> Subject:
    """Raises RefusedError for a key that is missing, wrong, or of a whole tenant: a user has one portfolio."""
    if not presented:
        raise RefusedError(401, "UNAUTHENTICATED", "AuthenticationInput or API key must be provided")
    key = authenticate(api.registry.keys, presented)
    if key is None:
        raise RefusedError(401, "UNAUTHENTICATED", "The API key is invalid")
    admit(limiter, key.id)
    if key.portfolio is None:
        fix = "make one with `holdfast key create --portfolio PORTFOLIO`"
        raise RefusedError(403, "FORBIDDEN", f"This API key is bound to no portfolio; {fix}")
    return Subject(
        api=api, tenant=key.tenant, portfolio=key.portfolio, now=api.clock.now(), loop=asyncio.get_running_loop()
    )


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        data = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, "BAD_REQUEST", "The body is not JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("query"), str):
        raise RefusedError(400, "BAD_REQUEST", 'The body must be an object as {"query": "…", "variables": {}}')
    return data
