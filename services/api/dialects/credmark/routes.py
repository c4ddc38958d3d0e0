"""`GET /v1/portfolio/{chainId}/{accounts}/…`, with one of our API keys as a bearer."""

from typing import Any

from litestar import Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from holdfast.providers.credmark.wire import Resource, parse_query, to_json
from services.api.dialects.credmark.accounts import admit_caller, find_asked
from services.api.dialects.credmark.answers import ANSWERS
from services.api.dialects.credmark.failures import HANDLERS
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources


def build_credmark(resources: Resources, limiter: RateLimiter) -> Router:
    return Router(
        path="/v1/portfolio/{chain_id:str}/{accounts:str}",
        route_handlers=[_route(resource, resources, limiter) for resource in ANSWERS],
        exception_handlers=HANDLERS,
        include_in_schema=False,
    )


def _route(resource: Resource, api: Resources, limiter: RateLimiter) -> HTTPRouteHandler:
    @get(resource)
    async def answer(
        request: Request[Any, Any, Any], chain_id: FromPath[str], accounts: FromPath[str]
    ) -> Response[bytes]:
        asked = find_asked(api, admit_caller(api, limiter, request.headers), chain_id, accounts)
        query = parse_query(request.query_params.multi_items(), historical=resource.endswith("historical"))
        return Response(to_json(await ANSWERS[resource](api, asked, query)), media_type="application/json")

    return answer
