"""The OpenAPI document is true: what it declares is all that is answered, whatever is asked."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import World, bearer

pytestmark = pytest.mark.asyncio(loop_scope="module")
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


FEW_OR_MANY = [
    pytest.param(6, id="few"),
    pytest.param(40, id="many", marks=[pytest.mark.chaos, pytest.mark.timeout(300)]),
]
"""Examples of each operation: the same few in every run, other many in `make chaos`."""
_FEW = 6


async def document(world: World) -> dict[str, Any]:
    body: dict[str, Any] = (await world.client.get("/v1/openapi.json")).json()
    return body


async def test_every_operation_declares_how_it_may_refuse(world: World) -> None:
    described = await document(world)
    for path, item in described["paths"].items():
        for method, operation in item.items():
            statuses = set(operation["responses"])
            assert {"401", "429", "500"} <= statuses, (path, method)
            assert operation["operationId"]


async def test_requests_and_answers_name_every_field_there_is(world: World) -> None:
    schemas = (await document(world))["components"]["schemas"]
    loose = [name for name, schema in schemas.items() if schema.get("additionalProperties") is not False]
    assert loose == []


async def test_money_is_declared_as_decimal_text(world: World) -> None:
    schemas = (await document(world))["components"]["schemas"]
    net = schemas["Total"]["properties"]["net"]
    assert {"type": "null"} in net["anyOf"]
    assert next(one for one in net["anyOf"] if one["type"] == "string")["pattern"].startswith("^-?[0-9]")


async def test_limits_on_integers_are_integers(world: World) -> None:
    text = (await world.client.get("/v1/openapi.json")).text
    assert '"minimum":1.0' not in text
    assert '"minimum":1' in text


@pytest.mark.parametrize("examples", FEW_OR_MANY)
async def test_fuzzed_requests_get_declared_answers(world: World, examples: int) -> None:
    schema = schemathesis.openapi.from_dict(await document(world))
    loop = asyncio.get_running_loop()

    def ask(case: Any) -> None:
        request = case.as_transport_kwargs(base_url="http://api")
        sent = {name: request.get(name) for name in ("method", "url", "params", "json", "data", "headers")}
        sent["headers"] = dict(sent["headers"] or {}) | bearer(world.keys["acme"])
        content = sent.pop("data")
        if content is not None:
            sent["content"] = content
        answer = asyncio.run_coroutine_threadsafe(world.client.request(**sent), loop).result(30)
        case.validate_response(schemathesis.Response.from_httpx(answer, verify=True), checks=_CHECKS)

    def fuzz() -> None:
        for operation in schema.get_all_operations():
            _fuzz(operation.ok(), ask, examples)

    await asyncio.to_thread(fuzz)


def _fuzz(operation: Any, ask: Any, examples: int = _FEW) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples == _FEW,
        print_blob=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        ask(case)

    one()
