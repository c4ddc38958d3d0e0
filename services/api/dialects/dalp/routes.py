"""`GET /api/v2/system/stats/portfolio-…` and `GET /api/v2/user-asset-balances`, with a bound key in X-Api-Key."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, Router, get
from litestar.params import FromPath
from msgspec import Struct

from holdfast.providers.dalp.wire import (
    BALANCES_PATH,
    BREAKDOWN_PATH,
    PRESETS_PATH,
    RANGES_PATH,
    Links,
    Resource,
    self_link,
    to_json,
)
from services.api.dialects.dalp.breakdown import read_breakdown
from services.api.dialects.dalp.failures import HANDLERS
from services.api.dialects.dalp.holdings import parse_page, read_holdings
from services.api.dialects.dalp.participants import Participant, admit_participant
from services.api.dialects.dalp.ranges import parse_preset, parse_range
from services.api.dialects.dalp.series import read_series
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources


def build_dalp(resources: Resources, limiter: RateLimiter) -> Router:
    def admitted(request: Request[Any, Any, Any]) -> Participant:
        return admit_participant(resources, limiter, request.headers)

    @get(RANGES_PATH)
    async def show_range(request: Request[Any, Any, Any]) -> Response[bytes]:
        participant = admitted(request)
        asked = parse_range(_query(request), now=participant.now)
        return _answer(request, await read_series(resources, participant, asked))

    @get(f"{PRESETS_PATH}/{{preset:str}}")
    async def show_preset(request: Request[Any, Any, Any], preset: FromPath[str]) -> Response[bytes]:
        participant = admitted(request)
        asked = parse_preset(preset, now=participant.now)
        return _answer(request, await read_series(resources, participant, asked))

    @get(BREAKDOWN_PATH)
    async def show_breakdown(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(request, await read_breakdown(resources, admitted(request)))

    @get(BALANCES_PATH)
    async def list_balances(request: Request[Any, Any, Any]) -> Response[bytes]:
        participant = admitted(request)
        return _json(await read_holdings(resources, participant, parse_page(_query(request))))

    return Router(
        path="/",
        route_handlers=[show_range, show_preset, show_breakdown, list_balances],
        exception_handlers=HANDLERS,
        include_in_schema=False,
    )


def _query(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """Of a parameter that is there twice the last counts."""
    return dict(request.query_params.multi_items())


def _answer(request: Request[Any, Any, Any], data: Struct) -> Response[bytes]:
    return _json(Resource(data=data, links=Links(self_=self_link(request.url.path))))


def _json(body: Struct) -> Response[bytes]:
    return Response(to_json(body), media_type="application/json")
