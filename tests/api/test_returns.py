"""Returns, attribution and flows over HTTP: the worked example to the last digit, and what cannot be said."""

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
from tests.api.worked_example import ETH, GBP, USDC, day, example, observed, priced, take_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

C = "eip155:1:0x" + "1" * 40
D = "eip155:1:0x" + "2" * 40
F = "eip155:1:0x" + "5" * 40
RECEIPT = "eip155:1/erc20:0x" + "9" * 40
END = day(3).isoformat()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def example_world(world: World) -> World:
    """Portfolio `worked` of one account, and `nest`, which nests it until day 2."""
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.add_account("acme", C, sources=[SourceChoice(provider="evm")])
    await store.add_account("acme", D, sources=[SourceChoice(provider="evm"), SourceChoice(provider="okx")])
    await store.put_portfolio("acme", "worked", members=[Member(account=C)])
    nested = Member(portfolio="worked", valid_from=day(0.5), valid_to=day(1.5))
    await store.put_portfolio("acme", "nest", members=[nested])
    await store.put_portfolio("acme", "defi", members=[Member(account=D)])
    await store.put_portfolio("acme", "pounds", base_currency="GBP", members=[Member(account=C)])
    await world.resources.watcher.wait_until(store.revision)
    projector = Projector(warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    await projector.reconcile(world.resources.registry)
    await take_in(warehouse, example(C), recorded_at=world.clock.now())
    return world


async def ask(world: World, what: str, portfolio: str = "worked", **params: Any) -> Any:
    answer = await world.get(f"/v1/portfolios/{portfolio}/{what}", **{"to": END} | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_method(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["method"]: one for one in item["returns"]}


async def test_the_worked_example_is_right_to_the_last_digit(example_world: World) -> None:
    answer = await ask(example_world, "returns")
    [whole] = answer["items"]
    returns = by_method(whole)
    assert answer["currency"] == "iso4217:USD"
    assert answer["start"] is None
    assert all(one["available"] for name, one in returns.items() if name != "money_weighted")
    assert returns["simple"]["gain"] == "-147.4"
    assert returns["simple"]["closing"] == "2700"
    assert returns["simple"]["invested"] == "2847.4"
    assert (returns["average_cost"]["realised"], returns["average_cost"]["unrealised"]) == ("-150", "2.6")
    assert (returns["fifo"]["realised"], returns["fifo"]["unrealised"]) == ("-150", "2.6")
    # (3300/3000)·(3699.9/4500)·(3950/3597.3) − 1
    assert returns["time_weighted"]["rate"].startswith("-0.006905456870430600728324")
    assert returns["time_weighted"]["annual"] is False
    assert returns["modified_dietz"]["gain"] is None


async def test_each_asset_has_its_own_lots_and_flows(example_world: World) -> None:
    answer = await ask(example_world, "returns", by="asset", lots=True, flows=True, prices=True)
    usdc, eth = answer["items"]
    assert (eth["asset"], usdc["asset"]) == (ETH, USDC)
    assert [(flow["delta"], flow["price"], flow["value"]) for flow in eth["flows"]] == [
        ("1.5", "2000", "3000"),
        ("0.5", "2200", "1100"),
        ("-1.5", "1800", "-2700"),
        ("-0.5", "2500", "-1250"),
    ]
    assert by_method(eth)["simple"]["gain"] == "-150"
    assert by_method(eth)["simple"]["held"] == "0"
    assert [one["gain"] for one in by_method(eth)["average_cost"]["disposals"]] == ["-375", "225"]
    assert [one["gain"] for one in by_method(eth)["fifo"]["disposals"]] == ["-300", "150"]
    assert by_method(usdc)["simple"]["gain"] == "2.6"
    assert [lot["cost"] for lot in by_method(usdc)["fifo"]["lots"]] == ["100", "2597.4"]
    assert [(mark["held"], mark["price"], mark["worth"]) for mark in usdc["closing"]] == [("2700", "1", "2700")]
    assert eth["closing"] == []


@pytest.mark.parametrize("by", ["portfolio", "account", "source"])
async def test_lots_and_disposals_of_everything_name_their_asset_in_order_of_time(
    example_world: World, by: str
) -> None:
    answer = await ask(example_world, "returns", by=by, method="fifo", lots=True, to=day(1).isoformat())
    fifo = by_method(answer["items"][0])["fifo"]
    assert [(lot["asset"], lot["side"], lot["quantity"], lot["cost"]) for lot in fifo["lots"]] == [
        (ETH, "asset", "1.5", "3000"),
        (USDC, "asset", "100", "100"),
        (ETH, "asset", "0.5", "1100"),
    ]
    fifo = by_method((await ask(example_world, "returns", by=by, method="fifo", lots=True))["items"][0])["fifo"]
    assert [(one["asset"], one["side"], one["gain"]) for one in fifo["disposals"]] == [
        (ETH, "asset", "-300"),
        (ETH, "asset", "150"),
    ]


async def test_account_and_source_are_the_whole_here(example_world: World) -> None:
    for by in ("account", "source"):
        answer = await ask(example_world, "returns", by=by, method="simple")
        [item] = answer["items"]
        assert item["account"] == C
        assert item["source"] == (None if by == "account" else f"acme/evm/{C}/wallet")
        assert item["returns"][0]["gain"] == "-147.4"


async def test_a_window_opens_with_what_there_was(example_world: World) -> None:
    answer = await ask(example_world, "returns", method="simple", **{"from": day(1).isoformat()})
    simple = by_method(answer["items"][0])["simple"]
    assert (simple["opening"], simple["invested"], simple["closing"]) == ("4500", "-1352.6", "2700")
    assert simple["gain"] == "-447.4"  # 2700 − 4500 + 1352.6


async def test_joining_and_leaving_are_flows_of_the_whole_value(example_world: World) -> None:
    """The account joins on day 0.5 with 1.5 ETH at 2000 and leaves on day 1.5 with 2 ETH at 2200 and 100 USDC.

    USDC was quoted on day 0 for the last time: that serves on day 1 and no more on day 1.5.
    """
    answer = await ask(example_world, "flows", "nest")
    assert [(flow["at"], flow["asset"], flow["delta"], flow["value"]) for flow in answer["items"]] == [
        ("2026-02-20T12:00:00Z", ETH, "1.5", "3000"),
        ("2026-02-21T00:00:00Z", USDC, "100", "100"),
        ("2026-02-21T00:00:00Z", ETH, "0.5", "1100"),
        ("2026-02-21T12:00:00Z", USDC, "-100", None),
        ("2026-02-21T12:00:00Z", ETH, "-2", "-4400"),
    ]
    assert [flow["held"] for flow in answer["items"]] == ["1.5", "100", "2", "0", "0"]


async def test_attribution_adds_up(example_world: World) -> None:
    answer = await ask(example_world, "attribution", **{"from": day(1).isoformat()})
    total = {name: Decimal(text) for name, text in answer["total"].items()}
    assert answer["complete"]
    assert (total["start"], total["end"], total["fx"]) == (4500, 2700, 0)
    assert total["end"] - total["start"] == total["price"] + total["flows"] + total["rounding"]
    # ETH: 2 · (1800 − 2200) + 0.5 · (2500 − 1800); USDC: 100 · (0.999 − 1) + 2700 · (1 − 0.999)
    assert total["price"] == Decimal(-450) + Decimal("2.6")
    assert sum(Decimal(line["effects"]["price"]) for line in answer["items"]) == total["price"]


async def test_pages_of_flows_are_the_whole_list(example_world: World) -> None:
    whole = (await ask(example_world, "flows"))["items"]
    paged, cursor = [], {}
    while True:
        page = await ask(example_world, "flows", limit=2, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == whole
    assert len(whole) == 6


async def test_an_unreadable_amount_is_no_sale_and_flows_say_that_it_was_there(example_world: World) -> None:
    """ETH 1 at 2000, unreadable, 1.5 at 1800: half of one came in, for 900. Nobody quotes the other token."""
    store, warehouse, clock = example_world.resources.store, example_world.resources.warehouse, example_world.clock
    account, unquoted = "eip155:1:0x" + "4" * 40, "eip155:1/erc20:0x" + "7" * 40
    await store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "unread", members=[Member(account=account)])
    await example_world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(example_world.resources.registry)  # type: ignore[arg-type]
    read = [observed(account, day(0), {ETH: "1"}), observed(account, day(2), {ETH: "1.5", unquoted: "3"})]
    unread = Balance(asset=ETH, kind="wallet", amount=None, reason="unreadable")
    await take_in(warehouse, [*read, observed(account, day(1), {}, balances=(unread,))], recorded_at=clock.now())
    answer = await ask(example_world, "flows", "unread")
    assert [
        (flow["asset"], flow["delta"], flow["held"], flow["value"], flow["reason"]) for flow in answer["items"]
    ] == [
        (ETH, "1", "1", "2000", ""),
        (unquoted, "3", "3", None, "no_price"),
        (ETH, "0.5", "1.5", "900", ""),
    ]
    quality = answer["quality"]
    assert (quality["complete"], quality["lines_priced"], quality["lines_unpriced"]) == (False, 2, 2)
    assert quality["reasons"] == {"no_price": 1, "unreadable": 1}
    assert (quality["sources"], quality["conversion_reliable"]) == (1, True)
    later = await ask(example_world, "flows", "unread", **{"from": day(2).isoformat()})
    assert (later["items"], later["quality"]["complete"], later["quality"]["reasons"]) == ([], True, {})
    in_pounds = (await ask(example_world, "flows", "unread", currency="NOK"))["quality"]
    assert in_pounds["conversion_reliable"] is False
    assert [one["at"][:10] for one in in_pounds["missing_rates"]] == ["2026-02-20", "2026-02-22"]


async def test_pounds_need_a_rate_at_every_flow(example_world: World) -> None:
    warehouse, clock = example_world.resources.warehouse, example_world.clock
    without = by_method((await ask(example_world, "returns", "pounds", method="simple"))["items"][0])["simple"]
    assert (without["available"], without["reason"], without["gain"]) == (False, "no_rate", None)
    assert {one["reason"] for one in without["missing"]} == {"no_rate"}
    rates = [priced(day(number), {GBP: rate}) for number, rate in enumerate(("1.25", "1.25", "1.6", "1.25"))]
    await take_in(warehouse, list(rates), recorded_at=clock.now())
    answer = await ask(example_world, "returns", "pounds", method="simple")
    simple = by_method(answer["items"][0])["simple"]
    assert answer["currency"] == GBP
    assert simple["closing"] == "2160"  # 2700 / 1.25
    # 3000/1.25 + 1200/1.25 − 102.6/1.6 − 1250/1.25
    assert simple["invested"] == "2295.875"
    assert simple["gain"] == "-135.875"
    assert answer["quality"]["conversion_reliable"] is True


async def test_what_was_not_known_yet_is_not_told(example_world: World) -> None:
    """A correction of day 1 comes late: before it was recorded the old answer holds, and after it the new one."""
    store, warehouse, clock = example_world.resources.store, example_world.resources.warehouse, example_world.clock
    e = "eip155:1:0x" + "3" * 40
    await store.add_account("acme", e, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "corrected", members=[Member(account=e)])
    await example_world.resources.watcher.wait_until(store.revision)
    projector = Projector(warehouse, Silent(), every_s=60)  # type: ignore[arg-type]
    await projector.reconcile(example_world.resources.registry)
    await take_in(
        warehouse, [observed(e, day(0), {ETH: "1"}), observed(e, day(1), {ETH: "1"})], recorded_at=clock.now()
    )
    # The membership is as old as the test: whatever is known is known after it was written.
    first = await warehouse.value("SELECT now64(3)")
    before = await ask(example_world, "flows", "corrected", known_at=first.isoformat(), to=END)
    late = observed(e, day(1), {ETH: "3"}, fetched_at=day(1.2))
    await take_in(warehouse, [late], recorded_at=first.replace(year=first.year + 1))
    then = await ask(example_world, "flows", "corrected", known_at=first.isoformat(), to=END)
    now = await ask(example_world, "flows", "corrected")
    assert [flow["delta"] for flow in before["items"]] == ["1"]
    assert then == before
    assert [flow["delta"] for flow in now["items"]] == ["1", "2"]


async def test_a_receipt_leaves_when_its_position_is_listed(example_world: World) -> None:
    """10 receipts at 100; then the protocol lists the deposit that they stand for, worth 1000 as well."""
    warehouse, clock = example_world.resources.warehouse, example_world.clock
    await take_in(
        warehouse,
        [
            priced(day(0), {RECEIPT: "100"}),
            observed(D, day(0), {RECEIPT: "10"}),
            observed(D, day(0.25), {ETH: "0.5"}, kind="deposit", provider="okx", covers=(RECEIPT,)),
            observed(D, day(0.5), {RECEIPT: "10"}),
        ],
        recorded_at=clock.now(),
    )
    answer = await ask(example_world, "flows", "defi", to=day(0.75).isoformat())
    assert [(flow["at"][11:16], flow["asset"], flow["value"]) for flow in answer["items"]] == [
        ("00:00", RECEIPT, "1000"),
        ("06:00", RECEIPT, "-1000"),
        ("06:00", ETH, "1000"),
    ]
    returns = await ask(example_world, "returns", "defi", to=day(0.75).isoformat(), method="simple")
    assert by_method(returns["items"][0])["simple"]["closing"] == "1000"


async def test_a_receipt_that_came_back_before_the_window_cost_what_it_was_worth_then(example_world: World) -> None:
    """10 receipts, quoted 100, 101, 102 ... by their source, hour after hour: stood for from 02:30 to 06:30."""
    store, warehouse, hour, f = example_world.resources.store, example_world.resources.warehouse, 1 / 24, F
    await store.add_account("acme", f, sources=[SourceChoice(provider="evm"), SourceChoice(provider="okx")])
    await store.put_portfolio("acme", "returning", members=[Member(account=f)])
    await example_world.resources.watcher.wait_until(store.revision)
    await Projector(warehouse, Silent(), every_s=60).reconcile(example_world.resources.registry)  # type: ignore[arg-type]
    quoted = [Balance(asset=RECEIPT, kind="wallet", amount=Decimal(10), price=Decimal(100 + n)) for n in range(10)]
    wallet = [observed(f, day(n * hour), {}, balances=(line,)) for n, line in enumerate(quoted)]
    covered = observed(f, day(2.5 * hour), {}, provider="okx", covers=(RECEIPT,))
    await take_in(
        warehouse,
        [*wallet, covered, observed(f, day(6.5 * hour), {}, provider="okx")],
        recorded_at=example_world.clock.now(),
    )
    asked = {"to": day(9.5 * hour).isoformat(), "method": "fifo", "lots": "true"}
    for start in ({}, {"from": day(7.5 * hour).isoformat()}):
        [whole] = (await ask(example_world, "returns", "returning", **asked, **start))["items"]
        [answer] = whole["returns"]
        assert [(lot["opened_at"][11:16], lot["cost"]) for lot in answer["lots"]] == [("06:30", "1060")]
        assert (answer["unrealised"], answer["unrealised_opening"]) == ("30", "10" if start else "0")


async def test_a_value_without_an_amount_makes_returns_unavailable(world: World) -> None:
    answer = await world.get("/v1/portfolios/family/returns", to="2026-03-01T12:30:00Z")
    for one in answer.json()["items"][0]["returns"]:
        assert (one["available"], one["reason"], one["gain"], one["rate"]) == (False, "value_only", None, None)
        assert Decimal(0) < Decimal(one["covered"]) < 1


async def test_refusals_name_the_field(example_world: World) -> None:
    for params, field in (
        ({"from": END, "to": END}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"currency": "XXZ"}, "currency"),
        ({"method": "guess"}, "method"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"known_at": "2026-02-30"}, "known_at"),
    ):
        answer = await example_world.get("/v1/portfolios/worked/returns", **params)
        assert answer.status_code == 400, (params, answer.text)
        assert answer.json()["field"] == field
    assert (await example_world.get("/v1/portfolios/worked/returns", key="rival")).status_code == 404
