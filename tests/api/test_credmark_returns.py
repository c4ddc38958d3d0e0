"""Returns as Credmark's clients know them: from the worked example of the semantics, and what has none."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
import pytest_asyncio

from holdfast.domain.assets import USD
from holdfast.domain.jobs import JobWindow
from holdfast.providers.credmark import MANIFEST, build
from holdfast.providers.credmark.settings import CredmarkSettings
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.session import build_session
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.settings import Secret
from tests.api.conftest import World
from tests.api.credmark_asking import COIN, TOKEN_USDC, data_of, positions, quoted_at, second, write_blocks
from tests.api.world import ETH, NOW, USDC, at, insert, line, write_snapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRADER = "eip155:1:0x" + "2" * 40
OWN = f"acme/evm/{TRADER}/wallet"
STAKED = "eip155:1/erc20:0x" + "3" * 40


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def blocks(world: World) -> None:
    await write_blocks(world)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trader(world: World) -> str:
    """The worked example of the semantics, at 01:00, 02:00, 03:00 and 04:00, and a token that nobody prices."""
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.add_account("acme", TRADER, sources=[SourceChoice(provider="evm")])
    await world.resources.watcher.wait_until(store.revision)
    days: list[list[tuple[str, str, str, str]]] = [
        [(ETH, "1.5", "2000", "3000")],
        [(ETH, "2", "2200", "4400"), (USDC, "100", "1", "100")],
        [(ETH, "0.5", "1800", "900"), (USDC, "2700", "0.999", "2697.3")],
        [(USDC, "2700", "1", "2700")],
    ]
    for number, day in enumerate(days):
        lines = [
            line(asset, kind="wallet", amount=amount, value=value, price_usd=price)
            for asset, amount, price, value in day
        ]
        lines.append(line(STAKED, kind="wallet", amount="5", value=None, reason="no_price"))
        await write_snapshot(warehouse, OWN, at(f"0{number + 1}:00"), lines)
    await insert(warehouse, "prices", [{"asset": ETH, "price": "2500"} | quoted_at("04:00")])
    clocks = [(number, f"0{number}:00") for number in (1, 2, 3, 4)]
    await insert(warehouse, "blocks", [
        {"chain": "eip155:1", "number": number, "time": at(clock), "hash": "", "rank": 1} for number, clock in clocks
    ])  # fmt: skip
    return TRADER.rpartition(":")[2]


async def test_returns_are_those_of_the_worked_example_and_the_unpriced_is_shown_as_zero(
    world: World, trader: str
) -> None:
    body = await data_of(world, "returns", of=trader, key="acme", blockNumber=4)
    assert body["totalReturn"] == Decimal("-147.4")
    assert body["returns"] == [
        {"tokenAddress": STAKED.rpartition(":")[2], "balance": 5, "value": 0, "return": 0},
        {"tokenAddress": TOKEN_USDC, "balance": 2700, "value": 2700, "return": Decimal("2.6")},
        {"tokenAddress": COIN, "balance": 0, "value": 0, "return": -150},
    ]


async def test_returns_at_an_earlier_block_know_nothing_of_later_ones(world: World, trader: str) -> None:
    body = await data_of(world, "returns", of=trader, key="acme", timestamp=second("02:30"))
    # 2 ETH at 2200 for which 3000 and 1100 were paid, 100 USDC for 100.
    assert body["blockNumber"] == 2
    assert {one["tokenAddress"]: one["return"] for one in body["returns"]} == {
        COIN: 300, TOKEN_USDC: 0, STAKED.rpartition(":")[2]: 0,
    }  # fmt: skip


async def test_an_account_that_has_left_the_portfolio_of_the_key_took_its_worth_with_it(
    world: World, trader: str
) -> None:
    """At 03:30, with 0.5 ETH at 1800 and 2700 USDC at 0.999: paid 3000 + 1100 - 2700 - 900 for ether that is gone."""
    store = world.resources.store
    until = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)
    await store.put_portfolio("acme", "left", members=[Member(account=TRADER, valid_to=until)])
    _, secret = await store.create_key("acme", portfolio="left")
    world.keys["left"] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    assert (await data_of(world, "value", of=trader, key="left", blockNumber=3))["value"] == Decimal("3597.3")
    now = await data_of(world, "value", of=trader, key="left", includePositions="true")
    assert (now["value"], now["positions"]) == (0, [])
    returns = await data_of(world, "returns", of=trader, key="left")
    assert {one["tokenAddress"]: (one["balance"], one["return"]) for one in returns["returns"]} == {
        COIN: (0, -500), TOKEN_USDC: (0, Decimal("-0.1")), STAKED.rpartition(":")[2]: (0, 0),
    }  # fmt: skip


async def test_a_source_that_states_values_without_amounts_has_no_returns(world: World) -> None:
    """The pool worth 100 of 0xaaa…'s DeFi positions: what flowed into the source is unknown."""
    body = await data_of(world, "returns")
    shown = {one["tokenAddress"]: (one["balance"], one["value"], one["return"]) for one in body["returns"]}
    assert shown[COIN] == (Decimal("3.5"), 0, 0)
    assert shown[TOKEN_USDC] == (-500, 0, 0)


async def test_what_another_source_of_the_account_alone_holds_keeps_its_return(world: World) -> None:
    """The pool says nothing of the 100 USDC in the wallet, bought at 0.999; of ether all is unknown."""
    warehouse, store = world.resources.warehouse, world.resources.store
    account = "eip155:1:0x" + "7" * 40
    choices = [SourceChoice(provider="evm"), SourceChoice(provider="okx")]
    await store.add_account("acme", account, sources=choices)
    await world.resources.watcher.wait_until(store.revision)
    for clock, price in (("05:00", "0.999"), ("06:00", "1")):
        await write_snapshot(warehouse, f"acme/evm/{account}/wallet", at(clock), [
            line(USDC, kind="wallet", amount="100", value=str(100 * Decimal(price)), price_usd=price),
            line(ETH, kind="wallet", amount="1", value="2000", price_usd="2000"),
        ])  # fmt: skip
    await write_snapshot(warehouse, f"acme/okx/{account}/defi", at("05:00"), [
        line(ETH, kind="deposit", amount="2", value="4000", price_usd="2000"),
        line(None, kind="liquidity", amount=None, value="100", reason="value_only"),
    ])  # fmt: skip
    body = await data_of(world, "returns", of=account.rpartition(":")[2], key="acme")
    shown = {one["tokenAddress"]: (one["balance"], one["value"], one["return"]) for one in body["returns"]}
    assert shown == {TOKEN_USDC: (100, 100, Decimal("0.1")), COIN: (3, 0, 0)}
    assert body["totalReturn"] == Decimal("0.1")


async def test_a_token_that_was_unreadable_at_some_time_has_no_return_and_the_others_keep_theirs(
    world: World, trader: str
) -> None:
    """Its difference between two readable statements may be a flow that nobody saw."""
    warehouse, source = world.resources.warehouse, OWN.replace("2" * 40, "4" * 40)
    account = source.split("/")[2]
    await world.resources.store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    await world.resources.watcher.wait_until(world.resources.store.revision)
    for clock, amount, reason in (("05:00", "1", None), ("06:00", None, "unreadable"), ("07:00", "2", None)):
        known = {"price_usd": "10", "value": None if amount is None else str(10 * int(amount))}
        await write_snapshot(warehouse, source, at(clock), [
            line(USDC, kind="wallet", amount="7", value="7", price_usd="1"),
            line(STAKED, kind="wallet", amount=amount, reason=reason or "", **known),
        ])  # fmt: skip
    address = account.rpartition(":")[2]
    body = await data_of(world, "returns", of=address, key="acme")
    assert body["returns"] == [
        {"tokenAddress": STAKED.rpartition(":")[2], "balance": 2, "value": 0, "return": 0},
        {"tokenAddress": TOKEN_USDC, "balance": 7, "value": 7, "return": 0},
    ]
    early = {"chain": "eip155:1", "number": 6, "time": at("06:00"), "hash": "", "rank": 1}
    await insert(warehouse, "blocks", [early])
    unread = await data_of(world, "returns", of=address, key="acme", blockNumber=6)
    assert [one["tokenAddress"] for one in unread["returns"]] == [TOKEN_USDC]
    assert positions(await data_of(world, "positions", of=address, key="acme", blockNumber=6)) == {TOKEN_USDC: 7}


async def test_a_reading_that_was_corrected_or_is_of_another_time_takes_no_return_away(world: World) -> None:
    """What could not be read once, and was when it was fetched again, is read; and what nobody saw is no gap."""
    warehouse, store = world.resources.warehouse, world.resources.store
    account = "eip155:1:0x" + "5" * 40
    source = OWN.replace(TRADER, account)
    await store.add_account("acme", account, sources=[SourceChoice(provider="evm")])
    joins = datetime(2026, 3, 1, 6, tzinfo=UTC)
    await store.put_portfolio("acme", "joined", members=[Member(account=account, valid_from=joins)])
    _, secret = await store.create_key("acme", portfolio="joined")
    world.keys["joined"] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)

    def held(value: str) -> dict[str, object]:
        return line(USDC, kind="wallet", amount="7", value=value, price_usd=str(Decimal(value) / 7))

    def valued() -> dict[str, object]:
        return line(None, kind="other", amount=None, value="9", reason="value_only")

    await write_snapshot(warehouse, source, at("04:00"), [held("7"), valued()])
    await write_snapshot(warehouse, source, at("05:00"), [held("7"), valued()])
    await write_snapshot(warehouse, source, at("05:00"), [held("7")], fetched_at=at("05:01"))
    await write_snapshot(warehouse, source, at("07:00"), [held("14")])
    address = account.rpartition(":")[2]
    joined = await data_of(world, "returns", of=address, key="joined")
    assert joined["returns"] == [{"tokenAddress": TOKEN_USDC, "balance": 7, "value": 14, "return": 7}]
    ever = await data_of(world, "returns", of=address, key="acme")
    assert ever["returns"] == [{"tokenAddress": TOKEN_USDC, "balance": 7, "value": 0, "return": 0}]


async def test_a_provider_pointed_at_us_arrives_at_the_same_numbers(world: World, trader: str) -> None:
    now, history = await _fetched_from_us(world, f"eip155:1:{trader}")
    [snapshot], [total], [returns] = now.snapshots, now.totals, now.returns
    assert {one.asset: (one.amount, one.value, one.reason) for one in snapshot.balances} == {
        USDC: (Decimal(2700), Decimal(2700), None),
        STAKED: (Decimal(5), None, "no_price"),
    }
    assert (total.total, total.currency) == (Decimal(2700), USD)
    assert (returns.total_return, returns.block_number) == (Decimal("-147.4"), snapshot.block and snapshot.block.number)
    assert {one.asset: one.total_return for one in returns.items} == {
        ETH: Decimal(-150), USDC: Decimal("2.6"), STAKED: None,
    }  # fmt: skip
    assert [(one.observed_at.hour, one.total) for one in history.totals] == [(2, 4500), (3, Decimal("3597.3"))]
    assert [len(one.balances) for one in history.snapshots] == [3, 3]


async def _fetched_from_us(world: World, account: str) -> tuple[Fetched, Fetched]:
    settings = CredmarkSettings(api_key=Secret(world.keys["acme"]), base_url="http://api", requests_per_second=1000)
    session = build_session(MANIFEST, settings, world.clock, transport=httpx.ASGITransport(app=world.app))
    end = NOW.replace(hour=3, minute=0)
    window = JobWindow(start=end - timedelta(hours=1), end=end, every_s=3600)
    try:
        provider = build(settings, session, world.clock)
        return await asyncio.gather(
            provider.fetch(Target(feed="balances", target=account, scope="wallet")),
            provider.fetch(Target(feed="balances", target=account, scope="wallet", window=window)),
        )
    finally:
        await session.close()
