"""Watching a token over HTTP: for one's own tenant, beside what is watched for everybody."""

from typing import Any

import pytest

from holdfast.events.subjects import PUBLIC
from tests.api.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKEN, OTHER = f"eip155:1/erc20:0x{'a1' * 20}", f"eip155:1/erc20:0x{'b2' * 20}"
WISH = {"provider": "okx", "feed": "clusters", "target": TOKEN}


async def test_a_token_is_watched_listed_changed_and_left(world: World) -> None:
    made = await world.send("POST", "/v1/watches", body=WISH)
    assert made.status_code == 201, made.text
    assert made.json() | {"created_at": None} == WISH | {
        "tenant": "acme", "scope": "", "every_s": 3600, "paused": None, "created_at": None,
    }  # fmt: skip
    assert [one["target"] for one in await _listed(world, "acme")] == [TOKEN]
    changed = await world.send("POST", "/v1/watches", body=WISH | {"every_s": 7200})
    assert changed.json() == made.json() | {"every_s": 7200}
    assert await _listed(world, "acme") == [changed.json()]
    assert (await _remove(world, TOKEN)).status_code == 204
    assert await _listed(world, "acme") == []


async def test_what_is_watched_for_everybody_is_seen_by_all_and_watched_once(world: World) -> None:
    shared = {"provider": "okx", "feed": "clusters", "target": OTHER, "scope": ""}
    await world.resources.store.put_watch(PUBLIC, **shared)
    await world.resources.settle()
    try:
        answer = await world.send("POST", "/v1/watches", body=WISH | {"target": OTHER})
        assert (answer.status_code, answer.json()["tenant"]) == (201, PUBLIC)
        assert await _listed(world, "acme") == await _listed(world, "bees") == [answer.json()]
        faster = await world.send("POST", "/v1/watches", body=WISH | {"target": OTHER, "every_s": 60})
        assert (faster.status_code, faster.json()["field"]) == (409, "every_s")
        assert (await _remove(world, OTHER)).status_code == 403
    finally:
        await world.resources.store.remove_watch(PUBLIC, **shared)
        await world.resources.settle()


async def test_a_tenant_neither_sees_nor_ends_what_another_watches(world: World) -> None:
    await world.send("POST", "/v1/watches", body=WISH)
    assert await _listed(world, "rival") == []
    assert await _listed(world, "bees") == []
    assert (await _remove(world, TOKEN, key="rival")).status_code == 404
    assert (await _remove(world, TOKEN)).status_code == 204


async def test_a_key_of_one_portfolio_watches_nothing(world: World) -> None:
    assert (await world.send("POST", "/v1/watches", key="bees", body=WISH)).status_code == 403
    assert (await _remove(world, TOKEN, key="bees")).status_code == 403


async def test_a_paused_watch_is_resumed_by_asking_for_it_again(world: World) -> None:
    await world.send("POST", "/v1/watches", body=WISH)
    paused = {"tenant": "acme", "provider": "okx", "feed": "clusters", "target": TOKEN, "scope": ""}
    await world.resources.store.pause_source(**paused, why="UnknownToken")
    await world.resources.settle()
    assert [one["paused"] for one in await _listed(world, "acme")] == ["UnknownToken"]
    again = await world.send("POST", "/v1/watches", body=WISH)
    assert (again.status_code, again.json()["paused"]) == (201, None)
    assert await _listed(world, "acme") == [again.json()]
    await _remove(world, TOKEN)


async def test_a_tenant_watches_so_many_things_and_no_more(world: World) -> None:
    limit = world.resources.settings.max_watches
    targets = [f"eip155:1/erc20:0x{number:040x}" for number in range(limit)]
    for target in targets:
        await world.resources.store.put_watch("acme", **(WISH | {"target": target}))
    await world.resources.settle()
    refused = await world.send("POST", "/v1/watches", body=WISH)
    assert (refused.status_code, refused.json()["code"]) == (409, "watches_used_up")
    assert (await world.send("POST", "/v1/watches", body=WISH | {"target": targets[0]})).status_code == 201
    for target in targets:
        await world.resources.store.remove_watch("acme", **(WISH | {"target": target}))
    await world.resources.settle()


async def test_watches_come_in_pages(world: World) -> None:
    for target in (TOKEN, OTHER):
        await world.send("POST", "/v1/watches", body=WISH | {"target": target})
    first = (await world.get("/v1/watches", limit=1)).json()
    rest = (await world.get("/v1/watches", cursor=first["next_cursor"])).json()
    assert [one["target"] for one in (*first["items"], *rest["items"])] == [TOKEN, OTHER]
    assert rest["next_cursor"] is None
    for target in (TOKEN, OTHER):
        await _remove(world, target)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"feed": "balances"}, "feed"),
        ({"scope": "daily"}, "scope"),
        ({"target": TOKEN.upper().replace("EIP155", "eip155").replace("ERC20:0X", "erc20:0x")}, "target"),
        ({"every_s": 0}, "every_s"),
        ({"every_s": 3599}, "every_s"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_watch_is_refused_by_the_field_that_is_wrong(
    world: World, change: dict[str, Any], field: str
) -> None:
    answer = await world.send("POST", "/v1/watches", body=WISH | change)
    assert answer.status_code == 400, answer.text
    assert field in f"{answer.json()['field']} {answer.json()['message']}"
    assert await _listed(world, "acme") == []


async def _listed(world: World, key: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await world.get("/v1/watches", key=key)).json()["items"]
    return listed


async def _remove(world: World, target: str, key: str = "acme") -> Any:
    return await world.send("DELETE", f"/v1/watches?provider=okx&feed=clusters&target={target}", key=key)
