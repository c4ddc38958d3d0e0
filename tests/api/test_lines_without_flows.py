"""Lines that no flow is known of, over HTTP and in SQL: the answer says so, in whatever way they are without one."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from holdfast.domain.balances import Balance
from holdfast.events.event import Event
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from services.aggregator.closing.closer import Closer
from services.aggregator.projection import Projector
from services.aggregator.settings import ClosingSettings
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import ETH, USDC, day, observed, priced, take_in
from tests.api.world import StoppedClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "eip155:1/erc20:0x" + "7" * 40
APART = "eip155:1:0x" + "a" * 39 + "9"
CLOSED = date(2026, 2, 20)
READ = Balance(asset=ETH, kind="wallet", amount=Decimal(1))


def unread(asset: str | None) -> Balance:
    return Balance(asset=asset, kind="wallet", amount=None, reason="unreadable")


WITHOUT = {
    "never-read": (unread(TOKEN),),
    "value-only": (Balance(asset=None, kind="liquidity", amount=None, value=Decimal(25), reason="value_only"),),
    "two-of-one": (unread(TOKEN), unread(TOKEN)),
    "no-asset": (unread(None),),
    "held-on": (unread(ETH), unread(TOKEN)),
    "read": (),
}
"""By portfolio: what its only account states beside 1 ETH; that of `held-on` had said its amount before."""

EXPECTED = {
    "never-read": (False, 1, 1, {"unreadable": 1}),
    "value-only": (False, 1, 1, {"value_only": 1}),
    "two-of-one": (False, 1, 2, {"unreadable": 2}),
    "no-asset": (False, 1, 1, {"unreadable": 1}),
    "read": (True, 1, 0, {}),
}
"""Of flows and of returns: complete, lines_priced, lines_unpriced, reasons. One flow came, one line is held."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def portfolios(world: World) -> World:
    store, warehouse = world.resources.store, world.resources.warehouse
    events: list[Event] = [priced(day(0), {ETH: "2000"})]
    for number, (name, lines) in enumerate(WITHOUT.items(), start=1):
        account = f"eip155:1:0x{number:040x}"
        await store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
        await store.put_portfolio("acme", name, members=[Member(account=account)])
        if name == "held-on":
            events.append(observed(account, day(0.4), {}, balances=(READ,)))
        stated = lines if name == "held-on" else (READ, *lines)
        events.append(observed(account, day(0.5), {}, balances=stated))
    apart, value_only, never_read = APART, "eip155:1:0x" + f"{2:040x}", "eip155:1:0x" + f"{1:040x}"
    await store.add_account("acme", apart, sources=[SourceChoice(provider="evm")])
    for name, accounts in (("apart", ()), ("beside-value-only", (value_only,)), ("beside-never-read", (never_read,))):
        await store.put_portfolio("acme", name, members=[Member(account=one) for one in (apart, *accounts)])
    events.append(priced(day(0), {USDC: "1", TOKEN: "5"}))
    events += [observed(apart, day(at), {USDC: str(at * 100), TOKEN: "2"}) for at in (0.25, 0.5)]
    await world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(world.resources.registry)  # type: ignore[arg-type]
    await take_in(warehouse, events, recorded_at=world.clock.now())
    return world


async def ask(world: World, what: str, portfolio: str, **more: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/{portfolio}/{what}", to=day(1).isoformat(), **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(quality: dict[str, Any]) -> tuple[bool, int, int, dict[str, int]]:
    return quality["complete"], quality["lines_priced"], quality["lines_unpriced"], quality["reasons"]


@pytest.mark.parametrize("portfolio", EXPECTED)
async def test_flows_and_returns_say_which_lines_have_none(portfolio: str, portfolios: World) -> None:
    flows, returns = await ask(portfolios, "flows", portfolio), await ask(portfolios, "returns", portfolio)
    assert [flow["value"] for flow in flows["items"]] == ["2000"]
    assert told(flows["quality"]) == EXPECTED[portfolio]
    assert told(returns["quality"]) == EXPECTED[portfolio]
    methods = returns["items"][0]["returns"]
    assert {one["reason"] for one in methods if not one["available"]} <= {"value_only", "too_short", "same_sign"}
    assert any(one["reason"] == "value_only" for one in methods) is (portfolio != "read")


async def test_a_line_held_on_and_one_never_read_are_two(portfolios: World) -> None:
    flows, returns = await ask(portfolios, "flows", "held-on"), await ask(portfolios, "returns", "held-on")
    assert told(flows["quality"]) == (False, 1, 2, {"unreadable": 2})
    assert told(returns["quality"]) == (False, 0, 2, {"unreadable": 2})


@pytest.mark.parametrize(
    ("portfolio", "refused"),
    [("apart", set()), ("beside-value-only", {ETH}), ("beside-never-read", {ETH, TOKEN})],
)
async def test_assets_are_refused_that_a_source_without_amounts_holds_or_names(
    portfolio: str, refused: set[str], portfolios: World
) -> None:
    """USDC and TOKEN are held apart from it: what is known of them is what is known where nothing else is."""
    alone = {one["asset"]: one["returns"] for one in (await ask(portfolios, "returns", "apart", by="asset"))["items"]}
    assert set(alone) == {USDC, TOKEN}
    items = (await ask(portfolios, "returns", portfolio, by="asset"))["items"]
    found = {one["asset"]: one["returns"] for one in items}
    for asset, returns in found.items():
        if asset in refused:
            assert {one["reason"] for one in returns} == {"value_only"}
        else:
            assert returns == alone[asset]
    assert set(found) == {USDC, TOKEN} | refused
    [whole] = (await ask(portfolios, "returns", portfolio))["items"]
    assert any(one["reason"] == "value_only" for one in whole["returns"]) is bool(refused)


async def test_what_is_stored_of_a_closed_day_says_the_same(portfolios: World) -> None:
    closing = ClosingSettings(days=30, share=1, margin_s=0)
    await Closer(portfolios.resources.warehouse, StoppedClock(day(1.1)), closing, ranking=()).close_due()
    stored = await portfolios.resources.warehouse.query(
        "SELECT portfolio, complete, lines_priced, lines_unpriced, reasons FROM portfolio_returns "
        f"WHERE tenant = 'acme' AND day = '{CLOSED}' AND span = 'all' AND method = 'simple'"
    )
    found = {row["portfolio"]: told(row) for row in stored}
    assert {name: found[name] for name in EXPECTED} == EXPECTED
