"""`POST /api/v5/defi/user/asset/platform/list` and `detail`, the same under `/api/v6`, and what is asked by GET."""

from typing import Any, TypeVar

import msgspec
from litestar import Response, Router, post

from holdfast.providers.okx.wire import (
    DetailRequest,
    Generation,
    ShapeError,
    ok_answer,
    to_detail_request,
    to_json,
    to_list_request,
)
from services.api.callers import Caller
from services.api.dialects.okx import failures
from services.api.dialects.okx.admission import AnyRequest, Door
from services.api.dialects.okx.cluster_routes import build_cluster_routes
from services.api.dialects.okx.discovery import build_discovery
from services.api.dialects.okx.failures import HANDLERS, OkxError, generation_of
from services.api.dialects.okx.holdings import parse_wallets, read_known
from services.api.dialects.okx.investments import to_details
from services.api.dialects.okx.platforms import to_holdings
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources

T = TypeVar("T")
MAX_WALLETS = 500


def build_okx(resources: Resources, limiter: RateLimiter) -> Router:
    """Both generations."""
    door = Door(resources, limiter)

    async def admitted(request: AnyRequest) -> tuple[Caller, object]:
        caller, body = await door.admit(request)
        return caller, _decoded(body)

    @post(["/api/v5/defi/user/asset/platform/list", "/api/v6/defi/user/asset/platform/list"], status_code=200)
    async def list_platforms(request: AnyRequest) -> Response[Any]:
        caller, wish = await admitted(request)
        asked = parse_wallets(_wallets(to_list_request, wish).wallet_address_list)
        known = await read_known(resources, caller, asked)
        generation = generation_of(request.url.path)
        return Response(ok_answer(to_json(to_holdings(known), generation), generation))

    @post(["/api/v5/defi/user/asset/platform/detail", "/api/v6/defi/user/asset/platform/detail"], status_code=200)
    async def detail_platforms(request: AnyRequest) -> Response[Any]:
        caller, wish = await admitted(request)
        asked, generation = _wallets(to_detail_request, wish), generation_of(request.url.path)
        _check_platforms(asked, generation)
        known = await read_known(resources, caller, parse_wallets(asked.wallet_address_list))
        details = to_details(known, asked.platform_list)
        data = to_json(details, generation) if generation.detail_in_list else to_json(details[0], generation)
        return Response(ok_answer(data, generation))

    return Router(
        path="/",
        route_handlers=[
            list_platforms,
            detail_platforms,
            *build_discovery(resources, door),
            *build_cluster_routes(resources, door),
        ],
        exception_handlers=HANDLERS,
        include_in_schema=False,
    )


def _decoded(body: bytes) -> object:
    if not body.strip():
        raise OkxError(failures.EMPTY_PARAMETER, "Parameter walletAddressList can not be empty")
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise OkxError(failures.WRONG_PARAMETER, "Parameter error: the body is not JSON") from error


def _check_platforms(asked: DetailRequest, generation: Generation) -> None:
    """Raises OkxError for none, and for several where an answer is of one."""
    platforms = {ref.analysis_platform_id for ref in asked.platform_list}
    if not platforms:
        raise OkxError(failures.EMPTY_PARAMETER, "Parameter platformList can not be empty")
    if len(platforms) > 1 and not generation.detail_in_list:
        raise OkxError(failures.WRONG_PARAMETER, "Parameter platformList error: one platform, or ask /api/v6")


def _wallets(parse: Any, wish: object) -> Any:
    """Raises OkxError for a request that is not one, names no wallet, or names too many."""
    if not isinstance(wish, dict) or not (wish.get("walletAddressList") or wish.get("accountIdInfoList")):
        raise OkxError(failures.EMPTY_PARAMETER, "Parameter walletAddressList can not be empty")
    try:
        asked = parse(wish)
    except ShapeError as error:
        raise OkxError(failures.WRONG_PARAMETER, f"Parameter error: {error}") from error
    if len(asked.wallet_address_list) > MAX_WALLETS:
        raise OkxError(failures.WRONG_PARAMETER, f"Parameter walletAddressList error: at most {MAX_WALLETS} wallets")
    return asked
