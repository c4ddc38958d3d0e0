"""`GET /api/v6/dex/market/token/cluster/…`: who holds a token together, now or (ours alone) `asOf` an instant."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from holdfast.providers.okx.wire import ClusterQuestion, cluster_path, market_answer
from services.api.callers import Caller
from services.api.dialects.okx.admission import AnyRequest, Door, query_of
from services.api.dialects.okx.cluster_answers import ClusterAnswers, Query
from services.api.resources import Resources


def build_cluster_routes(resources: Resources, door: Door) -> list[HTTPRouteHandler]:
    answers = ClusterAnswers(resources)
    return [
        _build_route(door, "supported/chain", answers.chains),
        _build_route(door, "list", answers.clusters),
        _build_route(door, "overview", answers.overview),
        _build_route(door, "top-holders", answers.top_holders),
    ]


def _build_route(
    door: Door, question: ClusterQuestion, to_data: Callable[[Caller, Query], Awaitable[Any]]
) -> HTTPRouteHandler:
    @get(cluster_path(question))
    async def answer(request: AnyRequest) -> Response[Any]:
        caller, _ = await door.admit(request)
        return Response(market_answer(await to_data(caller, query_of(request))))

    return answer
