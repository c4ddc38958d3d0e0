"""Every refusal has one shape, whoever refused; nothing hangs, nothing leaks."""

import msgspec
import pytest
from msgspec.structs import replace

from holdfast.warehouse.errors import WarehouseUnavailable
from services.api.app import build_app
from tests.api.conftest import SETTINGS, World, bearer, client_of
from tests.api.world import A

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHAPE = {"code", "field", "message", "fix"}


class BrokenWarehouse:
    """Answers as one that is down, or as one that we use wrongly."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.database = "nowhere"

    async def read_bytes(self, *_: object, **__: object) -> bytes:
        raise self.error

    async def value(self, *_: object) -> object:
        raise self.error


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/v1/nowhere", None, 404),
        ("GET", "/v1/portfolios/Upper", None, 400),
        ("GET", "/v1/portfolios/%00", None, 400),
        ("GET", "/v1/portfolios/" + "a" * 64, None, 400),
        ("GET", "/v1/accounts/nonsense", None, 400),
        ("GET", "/v1/fetches/short", None, 400),
        ("PATCH", "/v1/portfolios", None, 405),
        ("POST", "/v1/portfolios", b"{", 400),
        ("POST", "/v1/portfolios", b"[]", 400),
        ("POST", "/v1/portfolios", b"", 400),
        ("POST", "/v1/portfolios", b'{"id": 1e999}', 400),
        ("POST", "/v1/portfolios", b'{"id": "\xff"}', 400),
        ("POST", "/v1/portfolios", b"[" * 10_000, 400),
        ("POST", "/v1/portfolios", b'{"id": "' + b"a" * 30_000 + b'"}', 413),
    ],
)
async def test_every_refusal_has_one_shape(
    world: World, method: str, path: str, content: bytes | None, status: int
) -> None:
    headers = bearer(world.keys["acme"]) | {"Content-Type": "application/json"}
    answer = await world.client.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == SHAPE
    assert answer.json()["message"]
    assert answer.json()["fix"]


async def test_405_names_the_methods_there_are(world: World) -> None:
    answer = await world.send("PATCH", "/v1/portfolios")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


async def test_a_warehouse_that_is_away_is_503_and_says_when_to_come_back(world: World) -> None:
    resources = replace(world.resources, warehouse=BrokenWarehouse(WarehouseUnavailable("10.0.0.5 refused")))
    async with client_of(build_app(resources)) as client:
        answer = await client.get("/v1/portfolios/family/total", headers=bearer(world.keys["acme"]))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert set(answer.json()) == SHAPE
        assert "10.0.0.5" not in answer.text
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["waiting_for"]) == (503, {"warehouse": "it does not answer"})


async def test_our_own_error_is_500_and_says_nothing_of_the_inside(world: World) -> None:
    resources = replace(world.resources, warehouse=BrokenWarehouse(RuntimeError("secret inside")))
    async with client_of(build_app(resources)) as client:
        answer = await client.get("/v1/portfolios/family/total", headers=bearer(world.keys["acme"]))
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"]


async def test_a_key_that_asks_too_fast_is_told_when_it_may_again(world: World) -> None:
    resources = replace(world.resources, settings=replace(SETTINGS, requests_per_minute=60, burst=3))
    async with client_of(build_app(resources)) as client:
        answers = [await client.get("/v1/portfolios", headers=bearer(world.keys["acme"])) for _ in range(5)]
        assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
        refused = answers[-1]
        assert (refused.status_code, set(refused.json())) == (429, SHAPE)
        assert 1 <= int(refused.headers["retry-after"]) <= 3
        other = await client.get("/v1/portfolios", headers=bearer(world.keys["rival"]))
        assert other.status_code == 200


async def test_operators_ask_without_a_key(world: World) -> None:
    assert (await world.client.get("/live")).json() == {"alive": True}
    assert (await world.client.get("/ready")).json() == {"ready": True, "waiting_for": {}}
    metrics = (await world.client.get("/metrics")).text
    assert "holdfast_http_requests_total" in metrics
    assert "tenant=" not in metrics
    assert A not in metrics


async def test_a_request_id_is_kept_if_it_is_one(world: World) -> None:
    kept = await world.client.get("/live", headers={"X-Request-Id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    made = await world.client.get("/live", headers={"X-Request-Id": "no good\tid"})
    assert msgspec.json.encode(made.headers["x-request-id"]) != b'"no good\\tid"'
