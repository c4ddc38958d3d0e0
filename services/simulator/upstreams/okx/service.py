"""The service: signature, rate limit, route, answer. Below `/dex/market` the envelope is another, shorter one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from holdfast.providers.okx.wire import (
    GENERATIONS,
    V6,
    Generation,
    ShapeError,
    cluster_path,
    detail_path,
    error_answer,
    list_path,
    market_answer,
    market_error,
    ok_answer,
    to_detail_request,
    to_json,
    to_list_request,
)
from services.simulator import exchange
from services.simulator.exchange import Answer, Refusal, Request
from services.simulator.upstreams.okx.clusters import Clusters
from services.simulator.upstreams.okx.credentials import Credential, check
from services.simulator.upstreams.okx.details import render_detail
from services.simulator.upstreams.okx.errors import OkxError
from services.simulator.upstreams.okx.lists import render_holdings
from services.simulator.upstreams.okx.lookup import find_wallets
from services.simulator.upstreams.okx.window import SlidingWindow
from services.simulator.world.platforms import PLATFORMS
from services.simulator.world.world import World

_REFUSALS: dict[Refusal, OkxError] = {
    "too_many_requests": OkxError("50011", "Too Many Requests"),
    "unavailable": OkxError("50026", "System error, please try again later."),
    "key_revoked": OkxError("50111", "Invalid OK-ACCESS-KEY"),
    "syncing": OkxError("84021", "The asset is syncing, please try again later"),
}

_MARKET = "/api/v6/dex/market/"
_Route = Callable[[Any, datetime], Any]
"""From the body of a POST, or the query of a GET, to `data`."""


class Okx:
    """Both generations over one world. `wall` is real time: signatures are checked against it."""

    name = "okx"
    prefixes: tuple[str, ...] = ("/api/",)

    def __init__(
        self,
        world: World,
        *,
        credentials: Sequence[Credential],
        window: SlidingWindow,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._world = world
        self._credentials = credentials
        self._window = window
        self._wall = wall
        self._platforms = {str(platform.id): platform for platform in PLATFORMS}
        self._routes: dict[tuple[str, str], tuple[Generation, _Route]] = {
            ("GET", "/api/v6/defi/product/supported-chains"): (V6, self._chains),
            ("GET", "/api/v6/defi/product/supported-platforms"): (V6, self._supported_platforms),
        }
        clusters = Clusters(world)
        self._routes |= {
            ("GET", cluster_path("supported/chain")): (V6, clusters.chains),
            ("GET", cluster_path("list")): (V6, clusters.listed),
            ("GET", cluster_path("overview")): (V6, clusters.overview),
            ("GET", cluster_path("top-holders")): (V6, clusters.top_holders),
        }
        for generation in GENERATIONS.values():
            self._routes["POST", list_path(generation)] = generation, self._list_of(generation)
            self._routes["POST", detail_path(generation)] = generation, self._detail_of(generation)

    def answer(self, request: Request, now: datetime) -> Answer:
        generation, route = self._routes.get((request.method, request.path), (V6, None))
        if route is None:
            return exchange.to_json({"code": "404", "msg": "Not Found", "data": None}, status=404)
        try:
            key = check(request, self._credentials, self._wall()).key
            if not self._window.admit(key):
                raise _REFUSALS["too_many_requests"]
            data = route(_decoded(request), now)
        except (ShapeError, RecursionError) as error:
            return _to_answer(OkxError("84000", f"Parameter error: {error}"), request.path, generation)
        except OkxError as error:
            return _to_answer(error, request.path, generation)
        return exchange.to_json(
            market_answer(data) if request.path.startswith(_MARKET) else ok_answer(data, generation)
        )

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        """402 has no envelope: OKX answers it with an empty body."""
        error = _REFUSALS.get(refusal)
        if error is None:
            return Answer(status=402, body=b"", headers=(("ok-web3-openapi-pay", "Basic=1;Premium=0"),))
        generation, _ = self._routes.get((request.method, request.path), (V6, None))
        return _to_answer(error, request.path, generation)

    def caller(self, request: Request) -> str:
        return request.headers.get("ok-access-key", "")

    def _list_of(self, generation: Generation) -> _Route:
        def answer(body: Any, now: datetime) -> Any:
            asked = find_wallets(self._world, _not_empty(to_list_request(body).wallet_address_list))
            return to_json(render_holdings(self._world, asked, now), generation)

        return answer

    def _detail_of(self, generation: Generation) -> _Route:
        def answer(body: Any, now: datetime) -> Any:
            request = to_detail_request(body)
            asked = find_wallets(self._world, _not_empty(request.wallet_address_list))
            ids = dict.fromkeys(ref.analysis_platform_id for ref in _not_empty(request.platform_list))
            details = tuple(render_detail(self._world, self._platform(id_), asked, now, generation) for id_ in ids)
            return to_json(details if generation.detail_in_list else details[0], generation)

        return answer

    def _platform(self, platform_id: str) -> Any:
        if platform_id not in self._platforms:
            raise OkxError("84001", "Protocol not supported")
        return self._platforms[platform_id]

    def _chains(self, _: Any, __: datetime) -> Any:
        return [{"chainIndex": chain.index, "network": chain.name} for chain in self._world.chains]

    def _supported_platforms(self, _: Any, __: datetime) -> Any:
        return [
            {"analysisPlatformId": id_, "platformName": one.name, "investmentCount": str(int(one.detailed))}
            for id_, one in self._platforms.items()
        ]


def _to_answer(error: OkxError, path: str, generation: Generation) -> Answer:
    headers = (("retry-after", "1"),) if error.status == 429 else ()
    if path.startswith(_MARKET):
        body = market_error(error.code, error.message)
    else:
        body = error_answer(error.code, error.message, generation)
    return exchange.to_json(body, status=error.status, headers=headers)


def _decoded(request: Request) -> Any:
    if request.method == "GET":
        return request.query
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError):
        raise OkxError("84000", "Parameter error: the body is not JSON") from None


def _not_empty(items: Sequence[Any]) -> Sequence[Any]:
    if not items:
        raise OkxError("50014", "Parameter walletAddressList can not be empty")
    return items
