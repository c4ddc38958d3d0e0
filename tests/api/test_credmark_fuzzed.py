"""Whatever is asked of the Credmark routes about accounts that there are, the answer is one that OpenAPI declares."""

import asyncio
from typing import Any

import pytest
import schemathesis

from tests.api.conftest import World, bearer
from tests.api.test_openapi import _CHECKS, FEW_OR_MANY, _fuzz, document
from tests.api.world import A, B, at, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADDRESSES = [account.rpartition(":")[2] for account in (A, B)]


@pytest.mark.parametrize("examples", FEW_OR_MANY)
async def test_fuzzed_requests_about_tracked_accounts_get_declared_answers(world: World, examples: int) -> None:
    row = {"chain": "eip155:1", "number": 450, "time": at("10:10"), "hash": "", "rank": 1}
    await insert(world.resources.warehouse, "blocks", [row])
    described = await document(world)
    described["paths"] = {path: item for path, item in described["paths"].items() if path.startswith("/v1/portfolio/")}
    schema = schemathesis.openapi.from_dict(_about(described, [*ADDRESSES, ",".join(ADDRESSES)]))
    loop, statuses = asyncio.get_running_loop(), set()

    def ask(case: Any) -> None:
        request = case.as_transport_kwargs(base_url="http://api")
        sent = {name: request.get(name) for name in ("method", "url", "params")}
        sent["headers"] = bearer(world.keys["family"])
        answer = asyncio.run_coroutine_threadsafe(world.client.request(**sent), loop).result(30)
        statuses.add(answer.status_code)
        case.validate_response(schemathesis.Response.from_httpx(answer, verify=True), checks=_CHECKS)

    def fuzz() -> None:
        for operation in schema.get_all_operations():
            _fuzz(operation.ok(), ask, examples)

    await asyncio.to_thread(fuzz)
    assert {200, 400} <= statuses <= {200, 400, 404, 422}


def _about(described: dict[str, Any], accounts: list[str]) -> dict[str, Any]:
    """With these accounts of chain 1 in the path: of random ones nothing is ever known."""
    known = {"chainId": ["1"], "accounts": accounts}
    for item in described["paths"].values():
        for parameter in item["get"]["parameters"]:
            if parameter["name"] in known:
                parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    return described
