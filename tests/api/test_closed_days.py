"""What SQL says of a closed day is what HTTP says of it, to the last digit, whenever its inputs came."""

import asyncio
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from holdfast.domain.balances import Block
from holdfast.domain.transfers import TokenTransfer
from holdfast.events import TransfersObserved
from holdfast.events.event import Event
from holdfast.rebuild.planning import Scope
from holdfast.rebuild.running import Rebuild
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member, Rule
from holdfast.warehouse.migrator import load_migrations
from services.aggregator.closing.closer import Closer
from services.aggregator.guards.jumps import Allowed, find_jumps
from services.aggregator.points import Point
from services.aggregator.projection import Projector
from services.aggregator.settings import ClosingSettings
from tests.aggregator.test_any_arrival import Silent
from tests.api.closed_days import ADDED, assert_same_as_http, effects, rows
from tests.api.conftest import World
from tests.api.worked_example import ETH, USDC, day, example, observed, priced, take_in
from tests.api.world import StoppedClock
from tests.support.transfers import stated as stated_range
from tests.support.transfers import transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

C, D, CHAINED, OVERNIGHT = ("eip155:1:0x" + digit * 40 for digit in "1234")
XYZ = "eip155:1/erc20:0x" + "7" * 40
HISTORY_KEPT = "keep_the_history_of_removed_portfolios"
NEWEST = date(2026, 2, 23)
CLOCK = StoppedClock(day(5.1))
"""Of the closer: two days after the last statement. Every further day would be one more to work out, each time."""
SETTINGS = ClosingSettings(days=30, share=1, margin_s=0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def example_world(world: World) -> World:
    """`worked` of one account; `nest`, which nests it for two days and has another account with debt."""
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.add_account("acme", C, sources=[SourceChoice(provider="evm")])
    await store.add_account("acme", D, sources=[SourceChoice(provider="evm"), SourceChoice(provider="okx")])
    await store.put_portfolio("acme", "worked", members=[Member(account=C)])
    nested = Member(portfolio="worked", valid_from=day(0.5), valid_to=day(2.5))
    await store.put_portfolio("acme", "nest", members=[nested, Member(account=D)])
    await project(world)
    await take_in(warehouse, example(C), recorded_at=world.clock.now())
    owed: list[Event] = [
        observed(D, day(0.25), {ETH: "2", USDC: "-1500"}, provider="okx", kind="deposit"),
        observed(D, day(1.25), {ETH: "2", USDC: "-1500", XYZ: "3"}, provider="okx", kind="deposit"),
        observed(D, day(2.25), {ETH: "2", USDC: "-100"}, provider="okx", kind="deposit"),
    ]
    await take_in(warehouse, owed, recorded_at=world.clock.now())
    return world


async def project(world: World) -> None:
    await world.resources.watcher.wait_until(world.resources.store.revision)
    projector = Projector(world.resources.warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    await projector.reconcile(world.resources.registry)


async def close(world: World) -> int:
    return await Closer(world.resources.warehouse, CLOCK, SETTINGS, ranking=()).close_due()


@pytest.mark.timeout(300)
async def test_every_row_equals_what_http_answers(example_world: World) -> None:
    assert await close(example_world) > 0
    assert await close(example_world) == 0, "nothing has come since"
    # The first statement is of midnight of the 20th, which ends the 19th.
    assert await assert_same_as_http(example_world) == 6 * 2 * 8 * 2, "days, spans, methods, portfolios"


async def test_the_worked_example_is_there_to_the_last_digit(example_world: World) -> None:
    await close(example_world)
    found = await rows(
        example_world,
        "SELECT method, gain, rate FROM portfolio_returns "
        "WHERE tenant = 'acme' AND portfolio = 'worked' AND day = '2026-02-22' AND span = 'all'",
    )
    returns = {row["method"]: row for row in found}
    assert len(returns) == 8
    assert returns["simple"]["gain"] == returns["fifo"]["gain"] == Decimal("-147.4")
    assert str(returns["time_weighted"]["rate"]).startswith("-0.006905456870430600728324")
    flows = await rows(
        example_world,
        "SELECT value FROM portfolio_flows WHERE tenant = 'acme' AND portfolio = 'worked' ORDER BY at, asset",
    )
    assert sum(row["value"] for row in flows) == Decimal("2847.4")


async def test_days_of_an_attribution_add_up_to_that_of_the_stretch(example_world: World) -> None:
    await close(example_world)
    stretch = "tenant = 'acme' AND portfolio = 'worked' AND day BETWEEN '2026-02-20' AND '2026-02-22'"
    added = ", ".join(f"sum({name}) AS {name}" for name in ADDED)
    [days] = await rows(
        example_world,
        f"SELECT {added}, argMin(opening, day) AS opening, argMax(closing, day) AS closing, min(complete) AS complete "
        f"FROM portfolio_attribution WHERE span = 'day' AND {stretch}",
    )
    [lines] = await rows(example_world, f"SELECT {added} FROM portfolio_attribution_lines WHERE {stretch}")
    window = {"from": day(0).isoformat(), "to": day(3).isoformat(), "currency": "USD"}
    whole = (await example_world.get("/v1/portfolios/worked/attribution", **window)).json()
    assert effects(whole["total"]) | {"complete": 1} == days
    assert lines == {name: days[name] for name in lines}
    # ETH −150 after 3000 of them were bought at midnight of day 0, USDC +2.6; flows of 100, 1100, −102.6 and −1250.
    assert (days["price"], days["flows"]) == (Decimal("-147.4"), Decimal("-152.6"))


async def test_late_statements_and_corrections_are_worked_in(example_world: World) -> None:
    warehouse, clock = example_world.resources.warehouse, example_world.clock
    await close(example_world)
    await take_in(warehouse, [observed(C, day(1.5), {ETH: "1.75", USDC: "400"})], recorded_at=clock.now())
    assert await close(example_world) > 0
    assert await assert_same_as_http(example_world, NEWEST)
    corrected = observed(C, day(2), {ETH: "0.25", USDC: "2700"}, fetched_at=day(4))
    await take_in(warehouse, [corrected], recorded_at=clock.now())
    assert await close(example_world) > 0
    assert await assert_same_as_http(example_world, NEWEST)


async def test_a_late_price_is_worked_in(example_world: World) -> None:
    await close(example_world)
    before = await rows(example_world, "SELECT value FROM portfolio_flows WHERE asset LIKE '%7777%' AND delta > 0")
    assert [row["value"] for row in before] == [None]
    price = priced(day(1.2), {XYZ: "12.5"})
    await take_in(example_world.resources.warehouse, [price], recorded_at=example_world.clock.now())
    assert await close(example_world) > 0
    after = await rows(example_world, "SELECT value FROM portfolio_flows WHERE asset LIKE '%7777%' AND delta > 0")
    assert [row["value"] for row in after] == [Decimal("37.5")]
    assert await assert_same_as_http(example_world, NEWEST)


async def test_transfers_that_come_late_take_the_place_of_a_difference(example_world: World) -> None:
    """Two statements at blocks 100 and 200; what the chain says of those between comes when their day is over."""
    store, warehouse, now = example_world.resources.store, example_world.resources.warehouse, example_world.clock.now()
    await store.add_account("acme", CHAINED, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "chained", members=[Member(account=CHAINED)])
    await project(example_world)
    stated = [
        observed(CHAINED, day(0.25), {USDC: "100"}, block=block(100)),
        observed(CHAINED, day(0.75), {USDC: "130"}, block=block(200)),
    ]
    await take_in(warehouse, list(stated), recorded_at=now)
    assert await close(example_world) > 0
    assert await flows_of("chained", example_world) == [100, 30]
    await take_in(warehouse, [between(moved(120, 0, "50"), moved(150, 1, "-20"))], recorded_at=now)
    assert await close(example_world) > 0
    assert await flows_of("chained", example_world) == [100, 50, -20]
    assert await assert_same_as_http(example_world, date(2026, 2, 20), portfolios=["chained"])
    await store.remove_portfolio("acme", "chained")


async def test_a_transfer_whose_next_statement_comes_long_after_midnight_is_worked_into_its_day(
    example_world: World,
) -> None:
    """Blocks until 02:24 of the next day are known when the day is closed; its source speaks again at 09:36."""
    store, warehouse, now = example_world.resources.store, example_world.resources.warehouse, example_world.clock.now()
    await store.add_account("acme", OVERNIGHT, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "overnight", members=[Member(account=OVERNIGHT)])
    await project(example_world)
    evening = observed(OVERNIGHT, day(0.75), {USDC: "100"}, block=block(200))
    known = replace(between(moved(230, 0, "7")), account=OVERNIGHT, until=block(270))
    await take_in(warehouse, [evening, known], recorded_at=now)
    assert await close(example_world) > 0
    assert await flows_of("overnight", example_world) == [100], "nobody knows yet what it stands in for"
    morning = observed(OVERNIGHT, day(1.4), {USDC: "107"}, block=block(330))
    await take_in(warehouse, [morning], recorded_at=now)
    await close(example_world)
    assert await flows_of("overnight", example_world) == [100, 7], "a difference: the blocks up to it are not known"
    assert await days_of("overnight", example_world) == [day(0.75), day(1.4)]
    rest = replace(between(), id="9" * 32, account=OVERNIGHT, after=block(270), until=block(340))
    await take_in(warehouse, [rest], recorded_at=now)
    assert await close(example_world) > 0
    assert await days_of("overnight", example_world) == [day(0.75), day(0.9)]
    told = date(2026, 2, 20), date(2026, 2, 21)
    assert await assert_same_as_http(example_world, *told, portfolios=["overnight"])
    assert await close(example_world) == 0
    await store.remove_portfolio("acme", "overnight")


def block(number: int) -> Block:
    """Number 100 is at day 0.25, and 200 half a day later."""
    return Block(chain="eip155:1", number=number, hash=f"0x{number:064x}", time=day(0.25 + (number - 100) / 200))


def moved(number: int, index: int, amount: str) -> TokenTransfer:
    return replace(transfer(number, index, amount), asset=USDC, block=block(number))


def between(*transfers: TokenTransfer) -> TransfersObserved:
    told = stated_range(100, 200, 0, *transfers)
    return replace(told, account=CHAINED, after=block(100), until=block(200), fetched_at=day(3))


async def flows_of(portfolio: str, world: World) -> list[Decimal]:
    return [row["delta"] for row in await _flows(portfolio, world)]


async def days_of(portfolio: str, world: World) -> list[datetime]:
    return [row["at"] for row in await _flows(portfolio, world)]


async def _flows(portfolio: str, world: World) -> list[dict[str, Any]]:
    return await rows(world, f"SELECT at, delta FROM portfolio_flows WHERE portfolio = '{portfolio}' ORDER BY at")


async def test_what_is_told_again_is_no_change(example_world: World) -> None:
    """Providers state the same old statement each time they are asked."""
    await close(example_world)
    again = [observed(C, day(3), {USDC: "2700"}, fetched_at=day(9)), priced(day(1.2), {XYZ: "12.5"})]
    await take_in(example_world.resources.warehouse, again, recorded_at=example_world.clock.now())
    assert await close(example_world) == 0


async def test_a_removed_portfolio_keeps_its_history_and_is_worth_nothing_now(example_world: World) -> None:
    """Whatever comes late for its sources, and whoever derives everything anew."""
    store, warehouse = example_world.resources.store, example_world.resources.warehouse
    await store.put_portfolio("acme", "gone", members=[Member(account=C)])
    await project(example_world)
    await close(example_world)
    known = await warehouse.value("SELECT toString(now64(3))")
    history, current = await history_of("gone", example_world), await listed("gone", example_world)
    assert all(history.values())
    assert Decimal(3000) in {one["net"] for one in history["value_series"]}
    assert [name for name, some in current.items() if not some] == []
    await store.remove_portfolio("acme", "gone")
    await project(example_world)
    late = observed(C, day(1.75), {ETH: "9"})
    await take_in(warehouse, [late], recorded_at=example_world.clock.now())
    assert await close(example_world) > 0
    assert await history_of("gone", example_world) == history
    stored = {Point("acme", "gone", f"{one['bucket']:%F %T}") for one in history["value_series"]}
    assert await find_jumps(warehouse, stored, Allowed({}, Decimal("0.1"))) == ([], []), "stored while it was removed"
    assert not any((await listed("gone", example_world)).values())
    assert len(await lines_of("gone", example_world, known_at=known)) == 2, "then it was a portfolio"
    assert await lines_of("gone", example_world, known_at="2200-01-01 00:00:00") == []
    assert await difference_of_everything(example_world, "gone") == 0
    await store.put_portfolio("acme", "gone", members=[Member(account=C)])
    await project(example_world)
    assert await known_points(example_world, "gone") > len(history["value_series"]), "made again it has what came late"
    await store.remove_portfolio("acme", "gone")
    await project(example_world)
    [forget, *_] = next(one.statements for one in load_migrations() if one.name == HISTORY_KEPT)
    await warehouse.command(forget)
    assert await known_points(example_world, "gone") == 0, "what an earlier version left of one that was removed"
    assert await known_points(example_world, "worked") > 0


async def known_points(world: World, portfolio: str) -> int:
    return len(
        await rows(world, f"SELECT bucket FROM value_series WHERE tenant = 'acme' AND portfolio = '{portfolio}'")
    )


async def history_of(portfolio: str, world: World) -> dict[str, list[dict[str, Any]]]:
    """What the views say of days that are over."""
    of = f"tenant = 'acme' AND portfolio = '{portfolio}'"
    explained = f"portfolio_explained(tenant = 'acme', portfolio = '{portfolio}', at = '2026-02-20 00:30:00')"
    views = ("value_series", "portfolio_returns", "portfolio_flows", "portfolio_attribution")
    found = {view: await rows(world, f"SELECT * FROM {view} WHERE {of} ORDER BY ALL") for view in views}
    return found | {"portfolio_explained": await rows(world, f"SELECT * FROM {explained} ORDER BY source, line")}


async def lines_of(portfolio: str, world: World, *, known_at: str) -> list[dict[str, Any]]:
    asked = (
        f"tenant = 'acme', portfolio = '{portfolio}', at = '2026-02-21 12:00:00', known_at = '{known_at}', ranking = []"
    )
    return await rows(world, f"SELECT asset, value_usd FROM positions_as_known({asked})")


async def listed(portfolio: str, world: World) -> dict[str, list[dict[str, Any]]]:
    """What they say of now."""
    views = (
        "portfolio_value",
        "portfolio_breakdown",
        "latest_positions",
        "portfolio_sources",
        "portfolio_value_under(rules = 0)",
    )
    of = f"tenant = 'acme' AND portfolio = '{portfolio}'"
    return {view: await rows(world, f"SELECT * FROM {view} WHERE {of}") for view in views}


async def difference_of_everything(world: World, portfolio: str) -> int:
    """How many points of it a rebuild of everything would store otherwise."""
    rebuild = Rebuild(world.resources.warehouse, run="of-the-removed", scope=Scope(), ranking=(), settle_s=0)
    units, _ = await rebuild.plan()
    async for _ in rebuild.work([unit for unit in units if unit.kind == "totals"]):
        pass
    found = f"SELECT count() FROM rebuilt_totals WHERE run = 'of-the-removed' AND portfolio = '{portfolio}'"
    return int(await world.resources.warehouse.value(found))


async def test_another_membership_and_new_rules_are_worked_in(example_world: World) -> None:
    store = example_world.resources.store
    await close(example_world)
    await store.put_portfolio("acme", "worked", members=[Member(account=C, valid_from=day(1))])
    await project(example_world)
    assert await close(example_world) > 0
    assert await assert_same_as_http(example_world, NEWEST)
    await store.put_rules("acme", [Rule(asset=USDC, action="exclude")])
    await project(example_world)
    assert await close(example_world) > 0
    assert await assert_same_as_http(example_world, NEWEST)


async def test_replicas_that_work_at_once_agree(example_world: World) -> None:
    late = observed(D, day(0.75), {ETH: "3", USDC: "-1500"}, provider="okx", kind="deposit")
    await take_in(example_world.resources.warehouse, [late], recorded_at=example_world.clock.now())
    closed = await asyncio.gather(close(example_world), close(example_world))
    assert sum(closed) > 0
    assert await assert_same_as_http(example_world, NEWEST)
    one = await rows(
        example_world, "SELECT count() AS n, uniqExact(tenant, portfolio, day, span) AS u FROM closed_days FINAL"
    )
    assert one[0]["n"] == one[0]["u"]


async def test_a_day_is_closed_once_it_has_been_over_for_a_while(example_world: World) -> None:
    await close(example_world)
    newest = await rows(example_world, "SELECT max(day) AS day FROM closed_days")
    assert newest[0]["day"] == (CLOCK.now() - timedelta(days=1)).date()
