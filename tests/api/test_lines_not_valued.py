"""Lines that count and have no value, over HTTP: a doubtful reading is no sale, and every answer says it was there."""

from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from holdfast.domain.balances import Balance
from holdfast.events.event import Event
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from services.aggregator.projection import Projector
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import day, observed, priced, take_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "eip155:1/erc20:0x" + "8" * 40
DOUBTS = {"negative": ("negative_amount", None), "illiquid": ("low_liquidity", "10"), "spam": ("excluded", "10")}
"""By portfolio: what its only account is told on day 1 of the 10 tokens that it has on days 0 and 2."""
ACCOUNTS = {name: f"eip155:1:0x{number:040x}" for number, name in enumerate(DOUBTS, start=1)}


def held(amount: str | None, reason: str | None = None) -> Balance:
    return Balance(asset=TOKEN, kind="wallet", amount=None if amount is None else Decimal(amount), reason=reason)  # type: ignore[arg-type]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doubtful(world: World) -> World:
    """The token is worth 1, 1.5 and 1."""
    store, warehouse = world.resources.store, world.resources.warehouse
    events: list[Event] = [priced(day(at), {TOKEN: price}) for at, price in enumerate(("1", "1.5", "1"))]
    for name, (reason, amount) in DOUBTS.items():
        await store.add_account("acme", ACCOUNTS[name], sources=[SourceChoice(provider="evm")])
        await store.put_portfolio("acme", name, members=[Member(account=ACCOUNTS[name])])
        told = (held("10"), held(amount, reason), held("10"))
        events += [observed(ACCOUNTS[name], day(at), {}, balances=(line,)) for at, line in enumerate(told)]
    await world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(world.resources.registry)  # type: ignore[arg-type]
    await take_in(warehouse, events, recorded_at=world.clock.now())
    return world


async def ask(world: World, what: str, portfolio: str, **params: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/{portfolio}/{what}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(quality: dict[str, Any]) -> tuple[bool, int, int, dict[str, int]]:
    return quality["complete"], quality["lines_priced"], quality["lines_unpriced"], quality["reasons"]


@pytest.mark.parametrize("portfolio", DOUBTS)
async def test_a_doubtful_reading_moves_no_money(portfolio: str, doubtful: World) -> None:
    flows = await ask(doubtful, "flows", portfolio, to=day(2).isoformat())
    assert [(flow["delta"], flow["value"]) for flow in flows["items"]] == [("10", "10")]


@pytest.mark.parametrize("portfolio", ["illiquid", "spam"])
async def test_nothing_is_gained_or_sold_while_no_price_applies(portfolio: str, doubtful: World) -> None:
    asked = {"to": day(2).isoformat(), "method": ["simple", "fifo", "time_weighted"], "lots": "true"}
    answer = await ask(doubtful, "returns", portfolio, **asked)
    simple, fifo, rate = answer["items"][0]["returns"]
    assert (simple["gain"], fifo["realised"], fifo["unrealised"], rate["rate"]) == ("0", "0", "0", "0")
    assert fifo["disposals"] == []
    assert told(answer["quality"]) == (True, 1, 0, {})


async def test_what_flowed_while_an_amount_was_not_said_is_unknown(doubtful: World) -> None:
    """As of one that was unreadable: it may have gone out and come back in."""
    answer = await ask(doubtful, "returns", "negative", to=day(2).isoformat())
    assert {view["available"] for view in answer["items"][0]["returns"]} == {False}
    assert told(answer["quality"]) == (False, 1, 1, {"negative_amount": 1})
    since = await ask(
        doubtful, "returns", "negative", method="simple", to=day(2.5).isoformat(), **{"from": day(2).isoformat()}
    )
    assert [view["gain"] for view in since["items"][0]["returns"]] == ["0"]


@pytest.mark.parametrize("portfolio", DOUBTS)
async def test_every_answer_says_what_the_total_says_of_the_line(portfolio: str, doubtful: World) -> None:
    total = await ask(doubtful, "total", portfolio, at=day(1.5).isoformat())
    expected = (False, 0, 1, {DOUBTS[portfolio][0]: 1})
    assert told(total["quality"]) == expected
    for what in ("returns", "attribution"):
        answer = await ask(doubtful, what, portfolio, to=day(1.5).isoformat())
        assert told(answer["quality"]) == expected, what
