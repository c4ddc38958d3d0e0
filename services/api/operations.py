"""`/live`, `/ready`, `/metrics` and the OpenAPI document: what operators and tools ask without a key."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

from litestar import Response, get
from msgspec import Struct

from holdfast.observability import metrics
from holdfast.warehouse.errors import WarehouseError
from services.api.resources import Api, Resources

_PATIENCE_S = 2.0


class Liveness(Struct, frozen=True, kw_only=True):
    alive: bool


class Readiness(Struct, frozen=True, kw_only=True):
    ready: bool
    waiting_for: dict[str, str]


@get("/live", include_in_schema=False)
async def live() -> Liveness:
    return Liveness(alive=True)


@get("/ready", include_in_schema=False)
async def ready(api: Api) -> Response[Readiness]:
    """503 while the registry is not read, or the warehouse does not answer, lacks its tables or has damaged parts."""
    waiting = {}
    if api.watcher.trouble:
        waiting["registry"] = api.watcher.trouble
    if trouble := await _warehouse_trouble(api):
        waiting["warehouse"] = trouble
    return Response(Readiness(ready=not waiting, waiting_for=waiting), status_code=503 if waiting else 200)


@get("/metrics", include_in_schema=False)
async def exposition() -> Response[bytes]:
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _warehouse_trouble(api: Resources) -> str:
    detached = "SELECT count() FROM system.detached_parts WHERE database = {database:String}"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            damaged = await api.warehouse.value(detached, {"database": api.warehouse.database})
            await api.warehouse.value("SELECT count() FROM portfolio_value WHERE tenant = ''")
    except TimeoutError:
        return f"no answer within {_PATIENCE_S:g} s"
    except WarehouseError as error:
        return "run `holdfast migrate`" if error.code in (60, 81) else "it does not answer"
    return f"{damaged} detached parts: see docs/operating.md" if damaged else ""


def openapi_route(build: Callable[[], bytes]) -> Any:
    """The document is built when it is first asked for, which takes as long as all else that a start does."""
    document = cache(build)

    @get("/v1/openapi.json", include_in_schema=False, sync_to_thread=True)
    def openapi() -> Response[bytes]:
        return Response(document(), media_type="application/json")

    return openapi


ROUTES = [live, ready, exposition]
