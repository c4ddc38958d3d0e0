"""What moves between two accounts of one portfolio is in the list of flows, and is no flow of its returns.

On day 0 the first account has 10 of a token at 1. On day 1 it has none, and the second has 9.9, which its provider
quotes at 1.01: 0.1 were a fee. So 0.1 crossed the border at 1, and 9.9 moved, which are worth 0.099 more since then.
"""

from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from holdfast.domain.balances import Balance
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from services.aggregator.projection import Projector
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import day, observed, priced, take_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE, THERE = "eip155:1:0x" + "1" * 40, "eip155:1:0x" + "2" * 40
TOKEN = "eip155:1/erc20:0x" + "8" * 40
WINDOW = {"from": day(0.5).isoformat(), "to": day(1.5).isoformat(), "currency": "USD"}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def moving(world: World) -> None:
    store, warehouse = world.resources.store, world.resources.warehouse
    for account in (HERE, THERE):
        await store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "both", members=[Member(account=HERE), Member(account=THERE)])
    await world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(world.resources.registry)  # type: ignore[arg-type]
    arrived = Balance(asset=TOKEN, kind="wallet", amount=Decimal("9.9"), price=Decimal("1.01"))
    events = [
        priced(day(0), {TOKEN: "1"}),
        priced(day(1), {TOKEN: "1"}),
        observed(HERE, day(0), {TOKEN: "10"}),
        observed(THERE, day(0), {}),
        observed(HERE, day(1), {}),
        observed(THERE, day(1), {}, balances=(arrived,)),
    ]
    await take_in(warehouse, list(events), recorded_at=world.clock.now())


async def ask(world: World, path: str, **params: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/both/{path}", **WINDOW, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_end_says_what_of_it_came_from_outside(world: World) -> None:
    names = ("delta", "value", "crossed", "moved", "requoted")
    flows = (await ask(world, "flows"))["items"]
    assert {one["account"]: tuple(one[name] for name in names) for one in flows} == {
        HERE: ("-10", "-10", "-0.1", "-9.9", "0"),
        THERE: ("9.9", "9.999", "0", "9.9", "0.099"),
    }
    [whole] = (await ask(world, "returns", method="simple", flows="true"))["items"]
    assert (whole["flows"], whole["returns"][0]["invested"], whole["returns"][0]["gain"]) == (flows, "-0.1", "0.099")
    total = (await ask(world, "attribution"))["total"]
    assert (total["flows"], total["moved"], total["price"]) == ("-0.1", "0", "0.099")


async def test_of_one_account_all_of_it_came_from_outside(world: World) -> None:
    items = (await ask(world, "returns", by="account", method="simple", flows="true"))["items"]
    assert [(one["flows"][0]["crossed"], one["returns"][0]["invested"]) for one in items] == [
        ("-10", "-10"),
        ("9.999", "9.999"),
    ]
