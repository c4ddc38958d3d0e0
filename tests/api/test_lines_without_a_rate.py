"""Shares that were stated in euros when nobody had published what a euro costs: unknown wherever one asks.

One wallet, observed at 00:30 of the day before yesterday: 2 shares at 10 EUR each, and 5 USDC at 1. A feed quoted the
share at 7 dollars at 00:10, before the statement, and at 8 at 02:30, behind it. A quote that is older than what the
source said does not stand in for it; one that is newer marks the shares to market, as it would with a rate.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from holdfast.domain.balances import Balance
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.warehouse.rows import stored_time
from services.aggregator.closing.closer import Closer
from services.aggregator.projection import Projector
from services.aggregator.settings import ClosingSettings
from tests.aggregator.test_any_arrival import Silent
from tests.api.conftest import World
from tests.api.worked_example import USDC, observed, priced, take_in
from tests.api.world import StoppedClock, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNT = "eip155:1:0x" + "6" * 40
SHARE = "eip155:1/erc20:0x" + "9" * 40
DAY = datetime(2026, 2, 27, tzinfo=UTC)
STATED = DAY + timedelta(minutes=30)
OTHER = "eip155:1:0x" + "7" * 40
"""Beside it in a second portfolio: 1 USDC comes at 00:40, when a pound has another price than at 00:30."""
RATE = [{"base": "iso4217:EUR", "quote": "iso4217:USD", "at": "2026-02-27T00:30:00Z"}]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def wallet(world: World) -> None:
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.add_account("acme", ACCOUNT, sources=[SourceChoice(provider="evm")])
    await store.add_account("acme", OTHER, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "abroad", members=[Member(account=ACCOUNT)])
    await store.put_portfolio("acme", "beside", members=[Member(account=ACCOUNT), Member(account=OTHER)])
    await world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(world.resources.registry)  # type: ignore[arg-type]
    known = {"tenant": "acme", "portfolio": "abroad", "revision": store.revision, "deleted": False}
    await insert(warehouse, "registry_portfolio_revisions", [known | {"recorded_at": stored_time(DAY)}])
    told = observed(ACCOUNT, STATED, {USDC: "5"})
    shares = Balance(asset=SHARE, kind="deposit", amount=Decimal(2), price=Decimal(10), currency="iso4217:EUR")
    events = [
        priced(DAY + timedelta(minutes=10), {SHARE: "7", USDC: "1"}),
        priced(DAY + timedelta(minutes=150), {SHARE: "8", USDC: "1"}),
        replace(told, balances=(*told.balances, shares), lines=2),
        observed(OTHER, DAY, {}),
        observed(OTHER, DAY + timedelta(minutes=40), {USDC: "1"}),
        priced(DAY, {"iso4217:USD": "0.8"}, quote="iso4217:GBP"),
        priced(DAY + timedelta(minutes=35), {"iso4217:USD": "0.75"}, quote="iso4217:GBP"),
    ]
    await take_in(warehouse, list(events), recorded_at=DAY + timedelta(hours=3))


async def ask(world: World, path: str, **params: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/abroad/{path}", currency="USD", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hour(number: int, **more: str) -> dict[str, str]:
    at = (DAY + timedelta(hours=number)).isoformat()
    return {"from": at, "to": at} | more


async def test_totals_points_and_ends_of_windows_are_the_same_number(world: World) -> None:
    """5 at 01:00, of two lines one of which has no value."""
    at = (DAY + timedelta(hours=1)).isoformat()
    attribution = await ask(world, "attribution", to=at)
    said = {
        "total": await ask(world, "total", at=at),
        "as known": await ask(world, "total", at=at, known_at=world.clock.now().isoformat()),
        "stored": (await ask(world, "series", **hour(0)))["points"][0],
        "marked": (await ask(world, "series", **hour(0, mark="true")))["points"][0],
        "attribution": attribution["total"] | {"quality": attribution["quality"], "net": attribution["total"]["end"]},
    }
    assert {name: one["net"] for name, one in said.items()} == dict.fromkeys(said, "5")
    quality = {name: (one["quality"]["lines_unpriced"], one["quality"]["reasons"]) for name, one in said.items()}
    assert quality == dict.fromkeys(said, (1, {"no_price": 1}))
    for name in ("total", "as known", "attribution"):
        assert (said[name]["quality"]["conversion_reliable"], said[name]["quality"]["missing_rates"]) == (False, RATE)


async def test_what_came_has_no_value_and_no_return_is_known(world: World) -> None:
    at = (DAY + timedelta(hours=1)).isoformat()
    flows = await ask(world, "flows", to=at)
    assert {flow["asset"]: (flow["value"], flow["reason"]) for flow in flows["items"]} == {
        SHARE: (None, "no_price"),
        USDC: ("5", ""),
    }
    assert flows["quality"]["missing_rates"] == RATE
    for known_at in ({}, {"known_at": world.clock.now().isoformat()}):
        returns = await ask(world, "returns", to=at, **known_at)
        assert {(one["available"], one["reason"]) for one in returns["items"][0]["returns"]} == {(False, "no_price")}
        assert returns["quality"]["missing_rates"] == RATE


async def test_the_rate_is_one_of_when_the_line_was_stated(world: World) -> None:
    """In pounds every line is marked anew at 00:40, as the rate is another one."""
    asked = {"to": (DAY + timedelta(hours=1)).isoformat(), "currency": "GBP"}
    answer = (await world.get("/v1/portfolios/beside/returns", **asked)).json()
    assert answer["quality"]["missing_rates"] == RATE
    total = (await world.get("/v1/portfolios/beside/total", at=asked["to"], currency="GBP")).json()
    assert (total["net"], total["quality"]["missing_rates"]) == ("4.5", RATE)


async def test_a_quote_behind_the_statement_marks_it(world: World) -> None:
    """2 at 8, and 5."""
    [point] = (await ask(world, "series", **hour(2, mark="true")))["points"]
    assert (point["net"], point["quality"]["lines_unpriced"]) == ("21", 0)
    window = {"from": (DAY + timedelta(hours=3)).isoformat(), "to": (DAY + timedelta(hours=4)).isoformat()}
    [whole] = (await ask(world, "returns", method="simple", **window))["items"]
    assert (whole["returns"][0]["closing"], whole["returns"][0]["gain"]) == ("21", "0")
    assert (await ask(world, "total", at=window["to"]))["net"] == "5", "a total carries what was stated"


async def test_a_closed_day_says_the_same(world: World) -> None:
    settings, clock = ClosingSettings(days=3, share=1, margin_s=0), StoppedClock(DAY + timedelta(hours=30))
    assert await Closer(world.resources.warehouse, clock, settings, ranking=()).close_due() >= 1
    rows = await world.resources.warehouse.query(
        "SELECT asset, value, reason FROM portfolio_flows WHERE portfolio = 'abroad' ORDER BY asset"
    )
    assert [(row["asset"], row["value"], row["reason"]) for row in rows] == [
        (SHARE, None, "no_price"),
        (USDC, Decimal(5), ""),
    ]
