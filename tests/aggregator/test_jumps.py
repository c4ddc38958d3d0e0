"""The jump guard on the real engine: which asset and price source moved a total, and that it is told once."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from holdfast.events import CheckCrossed, PortfolioJumped
from holdfast.events.event import Event
from holdfast.registry.records import Rule, SourceSetting
from holdfast.warehouse.client import Warehouse
from services.aggregator.guards.noticing import Guard
from services.aggregator.lines import EventLine
from services.aggregator.settings import GuardSettings
from tests.aggregator.guard_stage import (
    ETH,
    USDC,
    Heard,
    Stage,
    StoppedClock,
    after,
    held,
    priced,
    registry,
    setting,
    states,
    together,
)

JUMPS = (
    "SELECT bucket, bucket_before, net, net_before, ratio, asset, cause, asset_value, asset_value_before, price_source,"
    " price_source_before FROM portfolio_jumps ORDER BY bucket"
)


async def jumping(warehouse: Warehouse) -> Stage:
    stage = Stage(warehouse)
    await stage.projector.reconcile(registry(5, setting("okx")))
    return stage


async def test_a_price_that_jumps_is_named_with_who_said_it(warehouse: Warehouse) -> None:
    """1 ETH 1000 and 500 USDC; ETH then 1400: 1500 → 1900, by 400 of 1500."""
    stage = await jumping(warehouse)
    await stage.take(priced(ETH, -1, "1000"), states("okx", 0, held(ETH, "1", None), held(USDC, "500", "500")))
    await stage.take(states("okx", 70, held(ETH, "1", "1400"), held(USDC, "500", "500")))
    [row] = await stage.rows(JUMPS)
    assert (row["net_before"], row["net"], row["asset"], row["cause"]) == (1500, 1900, ETH, "price")
    assert row["ratio"] == Decimal("0." + "26" + "6" * 34)
    assert (row["asset_value_before"], row["asset_value"]) == (1000, 1400)
    assert (row["price_source_before"], row["price_source"]) == ("feed", "okx")
    [told] = stage.heard.of(PortfolioJumped)
    assert (told.bucket, told.since, told.latest) == (after(50), after(-10), True)
    assert (told.asset, told.price_source_before, told.price_source) == (ETH, "feed", "okx")


ONE = held(ETH, "1", "1000")
"""In every statement of these; nothing moves it unless it says so."""


CAUSES = {
    "more of it": ([ONE], [held(ETH, "2", "2000")], ETH, "amount"),
    "worth more": ([ONE], [held(ETH, "1.1", "2200")], ETH, "price"),
    "bought": ([ONE], [ONE, held(USDC, "900", "900")], USDC, "amount"),
    "sold": ([ONE, held(USDC, "900", "900")], [ONE], USDC, "amount"),
    "borrowed": ([ONE], [ONE, held(USDC, "700", "700", side="debt")], USDC, "amount"),
    "valued": ([ONE, held(USDC, "9", None)], [ONE, held(USDC, "9", "900")], USDC, "valued"),
    "unvalued": ([ONE, held(USDC, "9", "900")], [ONE, held(USDC, "9", None)], USDC, "unvalued"),
}
"""What was held, what is held now, the asset that moved the total, and how."""


def wallet(number: int) -> str:
    return f"eip155:1:0x{number:040x}"


async def test_a_jump_names_its_cause(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    wallets = {name: wallet(number) for number, name in enumerate(CAUSES)}
    portfolios = (registry(5, setting("okx"), wallet=wallets[name], name=name) for name in CAUSES)
    await stage.projector.reconcile(together(*portfolios))
    before = [states("okx", 0, *held_then, wallet=wallets[name]) for name, (held_then, *_) in CAUSES.items()]
    now = [states("okx", 70, *held_now, wallet=wallets[name]) for name, (_, held_now, *_) in CAUSES.items()]
    await stage.take(*before, *now)
    found = await stage.rows("SELECT portfolio, asset, cause FROM portfolio_jumps")
    told = {row["portfolio"]: (row["asset"], row["cause"]) for row in found}
    assert told == {name: (asset, cause) for name, (*_, asset, cause) in CAUSES.items()}
    assert len(found) == len(CAUSES)


async def test_a_rise_from_dust_is_told_without_a_ratio(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    dust = held(ETH, "1E-18", "1E-36")
    await stage.take(states("okx", 0, dust), states("okx", 70, held(ETH, "1E-18", "20000")))
    [row] = await stage.rows(JUMPS)
    assert (row["ratio"], row["asset"], row["cause"], row["net"]) == (None, ETH, "price", 20000)


class Broken(Heard):
    async def publish_many(self, events: Sequence[Event]) -> list[object]:
        if any(isinstance(event, PortfolioJumped | CheckCrossed) for event in events):
            raise ArithmeticError("a bug in what only looks")
        return await super().publish_many(events)


async def test_a_guard_that_fails_keeps_no_batch_from_being_stored(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    guard = Guard(warehouse, Broken(), GuardSettings())  # type: ignore[arg-type]
    stage.line = EventLine(warehouse, stage.heard, guard, clock=StoppedClock(), ranking=())  # type: ignore[arg-type]
    await stage.take(states("okx", 0, ONE), states("okx", 70, held(ETH, "1", "5000")))
    assert [row["net"] for row in await stage.rows("SELECT net FROM value_series ORDER BY bucket")] == [1000, 5000]


async def test_a_small_move_is_not_told(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1200")))
    assert await stage.rows(JUMPS) == []
    assert stage.heard.of(PortfolioJumped) == []


@pytest.mark.parametrize(
    ("of_all", "allowed"),
    [
        ("0.2", {None: None, "0.1": "0.1", "0.5": None, "0": None}),
        ("0.1", {None: "0.1", "0.1": "0.1", "0.5": None, "0": None}),
        ("0", {None: None, "0.1": "0.1", "0.5": None, "0": None}),
    ],
)
async def test_a_portfolio_that_says_how_far_it_may_move_is_taken_at_its_word(
    warehouse: Warehouse, of_all: str, allowed: dict[str | None, str | None]
) -> None:
    """1000 → 1150, of a portfolio for each share that one may name for itself."""
    stage = Stage(warehouse, jump_ratio=Decimal(of_all))
    wallets = {own: wallet(number) for number, own in enumerate(allowed)}
    stage.known = together(
        *(registry(5, setting("okx"), jump_ratio=own, wallet=of, name=f"own-{own}") for own, of in wallets.items())
    )
    await stage.projector.reconcile(stage.known)
    moves = ((0, "1000"), (70, "1150"))
    await stage.take(
        *(states("okx", at, held(ETH, "1", worth), wallet=of) for of in wallets.values() for at, worth in moves)
    )
    found = await stage.rows("SELECT portfolio, allowed FROM portfolio_jumps ORDER BY portfolio")
    told = {f"own-{own}": Decimal(share) for own, share in allowed.items() if share is not None}
    assert [(row["portfolio"], row["allowed"]) for row in found] == sorted(told.items())
    assert len(stage.heard.of(PortfolioJumped)) == len(found)


async def test_another_share_holds_for_what_is_stored_from_then_on(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1150")))
    assert await stage.rows(JUMPS) == []
    stage.known = registry(6, setting("okx"), jump_ratio="0.1")
    await stage.projector.reconcile(stage.known)
    assert await stage.rows(JUMPS) == []
    await stage.take(states("okx", 130, held(ETH, "1", "1300")))
    assert [row["net"] for row in await stage.rows(JUMPS)] == [1150 + 150]


async def test_a_source_that_joins_is_the_cause(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    other = SourceSetting(provider="evm", scope="defi", every_s=60)
    await stage.projector.reconcile(registry(5, setting("okx"), other))
    await stage.take(states("okx", 0, held(ETH, "1", "1000")))
    await stage.take(states("evm", 70, held(USDC, "900", "900"), scope="defi"))
    [row] = await stage.rows(JUMPS)
    assert (row["asset"], row["cause"]) == (USDC, "source_joined")


async def test_a_point_that_comes_between_takes_the_jump_to_itself(warehouse: Warehouse) -> None:
    """1000 at 0, 1500 at 130: a jump. At 70 it was 1450 already: the jump is there, and none at 130."""
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 130, held(ETH, "1", "1500")))
    assert [row["bucket"] for row in await stage.rows(JUMPS)] == [after(110)]
    await stage.take(states("okx", 70, held(ETH, "1", "1450")))
    assert [row["bucket"] for row in await stage.rows(JUMPS)] == [after(50)]


async def test_a_corrected_point_takes_its_jump_back(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "9000")))
    assert len(await stage.rows(JUMPS)) == 1
    await stage.take(states("okx", 75, held(ETH, "1", "1001")))
    assert await stage.rows(JUMPS) == []


async def test_a_rule_moves_every_point_and_the_jump_with_it(warehouse: Warehouse) -> None:
    """Spam of 5000 comes and is a jump; a rule excludes it, and the total never moved."""
    stage = await jumping(warehouse)
    await stage.take(
        states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1000"), held(USDC, "1", "5000"))
    )
    [row] = await stage.rows(JUMPS)
    assert (row["asset"], row["cause"]) == (USDC, "amount")
    await stage.projector.reconcile(registry(6, setting("okx"), rules=[Rule(asset=USDC, why="spam")]))
    assert await stage.rows(JUMPS) == []
    totals = await stage.rows(
        "SELECT net, lines_excluded, reasons FROM value_series ORDER BY bucket".replace(", reasons", "")
    )
    assert [(row["net"], row["lines_excluded"]) for row in totals] == [(1000, 0), (1000, 1)]
    await stage.projector.reconcile(registry(7, setting("okx")))
    assert [row["net"] for row in await stage.rows("SELECT net FROM value_series ORDER BY bucket")] == [1000, 6000]
    assert len(await stage.rows(JUMPS)) == 1
