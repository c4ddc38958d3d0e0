"""How a client of Bitpanda's custody asks us, in the world of `tests.api.bitpanda_world`."""

from typing import Any

import httpx

from tests.api.conftest import World

ITEM = "items { timestamp total { value currency timestamp } balances { items { amount { value currency } } } }"


async def post(world: World, query: str, *, key: str = "vault", variables: Any = None) -> httpx.Response:
    body = {"query": query} | ({"variables": variables} if variables else {})
    return await world.client.post("/graphql", json=body, headers={"x-api-key": world.keys[key]})


async def items(world: World, arguments: str = "", *, key: str = "vault", fields: str = ITEM) -> list[dict[str, Any]]:
    answer = await post(world, f"{{ user {{ portfolio{arguments} {{ {fields} }} }} }}", key=key)
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    found: list[dict[str, Any]] = answer.json()["data"]["user"]["portfolio"]["items"]
    return found


def amounts(item: dict[str, Any]) -> dict[str, str]:
    return {one["amount"]["currency"]: one["amount"]["value"] for one in item["balances"]["items"]}
