"""Whatever a client with a right signature asks of the OKX routes, the answer is one that OpenAPI declares."""

import asyncio
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis

from tests.api.cluster_world import write_statements
from tests.api.conftest import World
from tests.api.okx_signing import signed
from tests.api.test_openapi import _CHECKS, FEW_OR_MANY, _fuzz, document

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(world: World) -> World:
    await write_statements(world.resources.warehouse)
    return world


def signed_request(world: World, case: Any) -> httpx.Request:
    """Signed over the very bytes that the client is going to send."""
    given = case.as_transport_kwargs(base_url="http://api")
    sent = {name: given.get(name) for name in ("method", "url", "params", "json")}
    request = world.client.build_request(**sent, content=given.get("data"))
    target = request.url.raw_path.decode()
    request.headers.update(signed(world, target, request.read(), method=request.method))
    return request


@pytest.mark.parametrize("examples", FEW_OR_MANY)
async def test_fuzzed_and_signed_requests_get_declared_answers(market: World, examples: int) -> None:
    described = await document(market)
    described["paths"] = {
        path: item
        for path, item in described["paths"].items()
        if path.startswith(("/api/v5/defi", "/api/v6/defi", "/api/v6/dex"))
    }
    assert len(described["paths"]) == 10
    schema = schemathesis.openapi.from_dict(described)
    loop, statuses = asyncio.get_running_loop(), set()

    def ask(case: Any) -> None:
        sending = market.client.send(signed_request(market, case))
        answer = asyncio.run_coroutine_threadsafe(sending, loop).result(30)
        statuses.add(answer.status_code)
        case.validate_response(schemathesis.Response.from_httpx(answer, verify=True), checks=_CHECKS)

    def fuzz() -> None:
        for operation in schema.get_all_operations():
            _fuzz(operation.ok(), ask, examples)

    await asyncio.to_thread(fuzz)
    assert {200, 400} <= statuses <= {200, 400, 413}, "none is refused for its signature"
