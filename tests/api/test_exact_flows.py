"""`/v1/portfolios/{id}/flows` of accounts whose transfers are logged: each at its own block, gone with it."""

from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from holdfast.events import TransfersObserved
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from services.aggregator.projection import Projector
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import observed, priced, take_in
from tests.support.transfers import ACCOUNT, COIN, START, TOKEN, block, coin, moved, stated, transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEER = "eip155:1:0x00000000219ab540356cbb839cbe05303d7705fa"
EARNER = "eip155:1:0x" + "ea" * 20


def statement(account: str, number: int, amount: str) -> Any:
    return observed(account, block(number).time, {TOKEN: amount}, block=block(number))


def of_peer(event: TransfersObserved) -> TransfersObserved:
    return replace(event, account=PEER)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def logged_world(world: World) -> World:
    """Portfolio `logged` of two accounts, one of which sends to the other; read at different blocks."""
    store, warehouse = world.resources.store, world.resources.warehouse
    for account in (ACCOUNT, PEER):
        await store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "logged", members=[Member(account=ACCOUNT), Member(account=PEER)])
    await store.put_portfolio("acme", "sender", members=[Member(account=ACCOUNT)])
    await world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(world.resources.registry)  # type: ignore[arg-type]
    events = [
        priced(START, {TOKEN: "2"}),
        statement(ACCOUNT, 100, "10"),
        statement(ACCOUNT, 200, "7"),
        statement(PEER, 101, "1"),
        statement(PEER, 202, "5"),
    ]
    await take_in(warehouse, events, recorded_at=world.clock.now())
    return world


async def flows(world: World, portfolio: str) -> list[tuple[str, str, str, bool]]:
    answer = await world.get(f"/v1/portfolios/{portfolio}/flows", to=block(500).time.isoformat())
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return [(one["at"], one["account"], one["delta"], bool(one["transfer"])) for one in items]


async def gain(world: World, portfolio: str) -> Any:
    answer = await world.get(f"/v1/portfolios/{portfolio}/returns", method="simple", to=block(500).time.isoformat())
    return answer.json()["items"][0]["returns"][0]


def at(number: int) -> str:
    return block(number).time.isoformat().replace("+00:00", "Z")


async def test_flows_are_differences_then_transfers_then_what_the_chain_settled_on(logged_world: World) -> None:
    warehouse, now = logged_world.resources.warehouse, logged_world.clock.now()
    assert await flows(logged_world, "sender") == [(at(100), ACCOUNT, "10", False), (at(200), ACCOUNT, "-3", False)]
    first = stated(90, 210, 3000, transfer(110, 1, "1"), transfer(130, 7, "-4"))
    await take_in(warehouse, [first], recorded_at=now)
    assert await flows(logged_world, "sender") == [
        (at(100), ACCOUNT, "10", False),
        (at(110), ACCOUNT, "1", True),
        (at(130), ACCOUNT, "-4", True),
    ]
    settled = stated(105, 220, 3600, transfer(112, 0, "1", "b"), transfer(130, 7, "-4", "b"), fork="b")
    await take_in(warehouse, [settled, of_peer(stated(90, 220, 3600, transfer(130, 7, "4", "b")))], recorded_at=now)
    assert await flows(logged_world, "logged") == [
        (at(100), ACCOUNT, "10", False),
        (at(101), PEER, "1", False),
        (at(112), ACCOUNT, "1", True),
        (at(130), PEER, "4", True),
        (at(130), ACCOUNT, "-4", True),
    ]
    assert (await gain(logged_world, "logged"))["invested"] == "24"
    assert (await gain(logged_world, "logged"))["gain"] == "0"


async def test_flows_of_a_coin_name_the_transaction_with_its_fee_or_else_the_block(logged_world: World) -> None:
    """Of tokens nothing is known here: each has what is known of its own."""
    store, warehouse, now = logged_world.resources.store, logged_world.resources.warehouse, logged_world.clock.now()
    await store.add_account("acme", EARNER, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "earner", members=[Member(account=EARNER)])
    await logged_world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(logged_world.resources.registry)  # type: ignore[arg-type]
    movements = (
        moved(110, 0, "-1"),
        moved(110, 1, "-0.002", cause="fee"),
        moved(150, 0, "0.5", cause="other"),
    )
    said = replace(stated(90, 210, 3000, coin=coin(95, *movements)), account=EARNER, id="e" * 32)
    held = [
        observed(EARNER, block(number).time, {COIN: amount}, block=block(number))
        for number, amount in ((100, "3"), (200, "2.498"))
    ]
    await take_in(warehouse, [priced(START, {COIN: "2000"}), *held, said], recorded_at=now)
    answer = await logged_world.get("/v1/portfolios/earner/flows", to=block(500).time.isoformat())
    assert [(one["at"], one["delta"], one["value"], one["transfer"]) for one in answer.json()["items"]] == [
        (at(100), "3", "6000", ""),
        (at(110), "-1.002", "-2004", movements[0].tx_hash),
        (at(150), "0.5", "1000", block(150).hash),
    ]
    returned = await gain(logged_world, "earner")
    assert (returned["invested"], returned["closing"], returned["gain"]) == ("4996", "4996", "0")
