"""Everything under `/v1`, for callers with an API key."""

from litestar import Router
from litestar.di import Provide
from litestar.types import ASGIApp

from services.api.callers import CallerMiddleware, provide_caller
from services.api.native.assets import clusters, prices
from services.api.native.checks import checks, jumps, reported
from services.api.native.positions import positions
from services.api.native.provenance import corrections, explanations, raw_responses
from services.api.native.registry import accounts, fetches, portfolios, sources, watches
from services.api.native.returns import attributions, flows, returns
from services.api.native.rules import rules, what_if
from services.api.native.series import series
from services.api.native.totals import breakdowns, total
from services.api.parameters import check_parameters
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources

PARTS = (
    portfolios,
    total,
    corrections,
    positions,
    breakdowns,
    series,
    returns,
    attributions,
    flows,
    checks,
    jumps,
    what_if,
    rules,
    explanations,
    raw_responses,
    accounts,
    fetches,
    sources,
    reported,
    clusters,
    prices,
    watches,
)


def build_native(resources: Resources, limiter: RateLimiter) -> Router:
    def admitted(app: ASGIApp) -> ASGIApp:
        return CallerMiddleware(app, resources=resources, limiter=limiter)

    return Router(
        path="/v1",
        route_handlers=[route for part in PARTS for route in part.ROUTES],
        dependencies={"caller": Provide(provide_caller, sync_to_thread=False)},
        middleware=[admitted],
        before_request=check_parameters,
    )
