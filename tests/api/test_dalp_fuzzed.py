"""Whatever a bound key asks of the DALP routes, the answer is one that the OpenAPI document declares."""

import asyncio
from typing import Any

import pytest
import schemathesis

from tests.api.conftest import World
from tests.api.test_openapi import _CHECKS, FEW_OR_MANY, _fuzz, document

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("examples", FEW_OR_MANY)
async def test_fuzzed_requests_of_a_participant_get_declared_answers(world: World, examples: int) -> None:
    described = await document(world)
    described["paths"] = {path: item for path, item in described["paths"].items() if path.startswith("/api/v2/")}
    schema = schemathesis.openapi.from_dict(described)
    loop, statuses = asyncio.get_running_loop(), set()

    def ask(case: Any) -> None:
        request = case.as_transport_kwargs(base_url="http://api")
        sent = {name: request.get(name) for name in ("method", "url", "params")}
        sent["headers"] = {"X-Api-Key": world.keys["family"]}
        answer = asyncio.run_coroutine_threadsafe(world.client.request(**sent), loop).result(30)
        statuses.add(answer.status_code)
        case.validate_response(schemathesis.Response.from_httpx(answer, verify=True), checks=_CHECKS)

    def fuzz() -> None:
        for operation in schema.get_all_operations():
            _fuzz(operation.ok(), ask, examples)

    await asyncio.to_thread(fuzz)
    assert {200, 422} <= statuses <= {200, 403, 404, 422}  # 403: of a wallet of somebody else
