"""Faults on demand: each kind as a client meets it, and the same again for the same seed."""

import gzip
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from services.simulator.knobs import Knobs, draw_mishap
from tests.simulator.test_okx import LIST_V6, asked, post


async def turn(client: httpx.AsyncClient, **knobs: Any) -> None:
    answer = await client.post("/_knobs", json=knobs)
    assert answer.status_code == 200


async def outcomes(client: httpx.AsyncClient, count: int) -> list[int]:
    return [(await client.get("/prices")).status_code for _ in range(count)]


async def test_the_same_requests_meet_the_same_faults_again(client: httpx.AsyncClient) -> None:
    seen = []
    for _ in range(2):
        await turn(client, prices={"too_many_requests": 200, "unavailable": 200})
        seen.append(await outcomes(client, 60))
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 429, 503}


def test_rates_are_kept_over_many_requests() -> None:
    knobs = Knobs(too_many_requests=100, truncated=50)
    faults = Counter(draw_mishap(7, "okx", count, knobs).fault for count in range(20_000))
    assert 1800 < faults["too_many_requests"] < 2200
    assert 900 < faults["truncated"] < 1100
    assert faults[None] == 20_000 - faults["too_many_requests"] - faults["truncated"]


@pytest.mark.parametrize(
    ("knob", "status", "code"),
    [
        ("too_many_requests", 429, "50011"),
        ("unavailable", 500, "50026"),
        ("key_revoked", 401, "50111"),
        ("syncing", 200, "84021"),
    ],
)
async def test_okx_refuses_in_its_own_words(client: httpx.AsyncClient, knob: str, status: int, code: str) -> None:
    await turn(client, okx={knob: 1000})
    answer = await post(client, LIST_V6, asked())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_payment_required_is_a_402_without_a_body(client: httpx.AsyncClient) -> None:
    await turn(client, okx={"payment_required": 1000})
    answer = await post(client, LIST_V6, asked())
    assert (answer.status_code, answer.content) == (402, b"")
    assert answer.headers["ok-web3-openapi-pay"] == "Basic=1;Premium=0"


async def test_a_node_refuses_a_batch_under_the_ids_that_were_asked(client: httpx.AsyncClient) -> None:
    await turn(client, evm={"too_many_requests": 1000})
    answer = await client.post("/rpc/1", json=[{"id": 4, "method": "eth_chainId"}, {"id": 5, "method": "eth_chainId"}])
    assert answer.status_code == 429
    assert [(one["id"], one["error"]["code"]) for one in answer.json()] == [(4, -32005), (5, -32005)]


async def test_a_malformed_body_is_no_json(client: httpx.AsyncClient) -> None:
    await turn(client, prices={"malformed": 1000})
    answer = await client.get("/prices")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"\d"):
        answer.json()


async def test_a_truncated_body_ends_before_its_announced_length(client: httpx.AsyncClient) -> None:
    await turn(client, prices={"truncated": 1000})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await client.get("/prices")


async def test_a_dropped_connection_gives_no_answer(client: httpx.AsyncClient) -> None:
    await turn(client, prices={"dropped": 1000})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await client.get("/prices")
    entry = (await client.get("/_log", params={"upstream": "prices"})).json()["requests"][0]
    assert (entry["status"], entry["fault"]) == (0, "dropped")


async def test_a_drip_is_right_and_slow(client: httpx.AsyncClient) -> None:
    one = "/prices?assets=eip155:1/slip44:60"
    whole = (await client.get(one)).content
    await turn(client, prices={"dripped": 1000, "drip_ms": 1})
    started = time.perf_counter()
    assert (await client.get(one)).content == whole
    assert time.perf_counter() - started >= len(whole) / 1000


async def test_a_client_may_leave_a_drip(client: httpx.AsyncClient) -> None:
    await turn(client, prices={"dripped": 1000, "drip_ms": 1000})
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/prices", timeout=0.2)
    assert (await client.get("/_clock")).status_code == 200


async def test_a_bomb_is_small_and_unpacks_to_64_mib(client: httpx.AsyncClient) -> None:
    await turn(client, prices={"bombed": 1000})
    async with client.stream("GET", "/prices") as answer:
        packed = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) == 64 * 1024 * 1024


async def test_latency_is_waited_for(client: httpx.AsyncClient) -> None:
    await turn(client, prices={"latency_ms": 80, "jitter_ms": 5})
    started = time.perf_counter()
    await client.get("/prices")
    assert time.perf_counter() - started >= 0.08


async def test_knobs_touch_their_own_upstream_and_are_reset(client: httpx.AsyncClient) -> None:
    await turn(client, okx={"unavailable": 1000})
    assert await outcomes(client, 3) == [200, 200, 200]
    assert (await client.delete("/_knobs")).json()["okx"]["unavailable"] == 0
    assert (await post(client, LIST_V6, asked())).status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"okex": {}}', "okex"),
        ('{"okx": {"latency": 5}}', "latency"),
        ('{"okx": {"dropped": 1001}}', "dropped"),
        ('{"okx": {"dropped": 600, "truncated": 600}}', "1000 per mille"),
        ('{"okx": 5}', "okx"),
        ("[]", "object"),
        ("{", "truncated"),
    ],
)
async def test_bad_knobs_are_refused_by_name_and_change_nothing(
    client: httpx.AsyncClient, body: str, named: str
) -> None:
    before = (await client.get("/_knobs")).json()
    answer = await client.post("/_knobs", content=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert answer.json()["fix"]
    assert (await client.get("/_knobs")).json() == before
