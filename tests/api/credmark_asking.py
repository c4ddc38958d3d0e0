"""How a client of Credmark asks us, in the world of `tests.api.world` with blocks of chain 1."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from holdfast.domain.assets import USD
from holdfast.registry.commands import SourceChoice
from tests.api.conftest import World, bearer
from tests.api.world import USDC, A, B, at, insert
from tests.support import credmark_examples as examples

ADDRESS_A, ADDRESS_B = A.rpartition(":")[2], B.rpartition(":")[2]
C = "eip155:1:0x" + "1" * 40
"""Of tenant acme, not seen yet."""
COIN = "0x" + "e" * 40
TOKEN_USDC = USDC.rpartition(":")[2]
BLOCKS = ((100, "09:00"), (450, "10:10"), (750, "11:10"), (1020, "12:05"))
EURO = "0x" + "0" * 37 + "3d2"


def second(clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    return int(datetime(2026, 3, 1, hour, minute, tzinfo=UTC).timestamp())


async def write_blocks(world: World) -> None:
    rows = [
        {"chain": "eip155:1", "number": number, "time": at(clock), "hash": "", "rank": 1} for number, clock in BLOCKS
    ]
    await insert(world.resources.warehouse, "blocks", rows)
    store = world.resources.store
    await store.add_account("acme", C, sources=[SourceChoice(provider="evm")])
    await world.resources.watcher.wait_until(store.revision)


async def ask(
    world: World, resource: str, *, of: str = ADDRESS_A, key: str = "family", chain: str = "1", **params: Any
) -> httpx.Response:
    return await world.client.get(
        f"/v1/portfolio/{chain}/{of}/{resource}", params=params, headers=bearer(world.keys[key])
    )


async def data_of(world: World, resource: str, **how: Any) -> dict[str, Any]:
    answer = await ask(world, resource, **how)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = examples.exact(answer.content)
    return body


def positions(body: dict[str, Any]) -> dict[str, Decimal]:
    return {one["tokenAddress"]: one["balance"] for one in body["positions"]}


def quoted_at(clock: str) -> dict[str, str]:
    known = {"at": at(clock), "fetched_at": at(clock), "recorded_at": at(clock)}
    return {"quote": USD, "source": "test", "event_id": "f" * 32} | known
