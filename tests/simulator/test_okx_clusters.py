"""Token clusters over HTTP: what a provider makes of them is the world, and both move in time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from holdfast.domain.clusters import TokenClusters
from holdfast.domain.time import SystemClock
from holdfast.providers import okx
from holdfast.providers.kit.contract import Budget, Target
from holdfast.providers.kit.errors import PaymentRequiredError
from holdfast.providers.kit.session import Session
from holdfast.settings import Configuration
from services.simulator.world.holders import amount_of, clusters_at, has_holders, holders_at, supply_of
from services.simulator.world.tokens import LDO, QUIET, SOLANA_USDC, STETH, USDC, Token
from services.simulator.world.wallets import build_wallets
from services.simulator.world.world import World, build_world, price_of
from tests.simulator.conftest import FROZEN_AT
from tests.simulator.test_okx import signed

BASE = "/api/v6/dex/market/token/cluster"
LATER = FROZEN_AT + timedelta(hours=6)
TOKENS = [pytest.param(token, id=token.symbol + token.chain.name) for token in (USDC, LDO, SOLANA_USDC)]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(seed=7)


@pytest_asyncio.fixture
async def provider(client: httpx.AsyncClient) -> AsyncIterator[Any]:
    settings = (await client.get("/_world")).json()["providers"]["okx"]
    session = Session(provider="okx", budget=Budget(requests=10_000, per_s=1), clock=SystemClock())
    tree = Configuration({"okx": settings | {"requests_per_second": "1000"}})
    yield okx.build(tree.section("okx", okx.MANIFEST.settings), session, SystemClock())
    await session.close()


async def fetched(provider: Any, token: Token) -> TokenClusters:
    (statement,) = (await provider.fetch(Target(feed="clusters", target=token.asset))).clusters
    return statement


@pytest.mark.parametrize("token", TOKENS)
async def test_the_provider_sees_the_clusters_of_the_world(provider: Any, world: World, token: Token) -> None:
    statement = await fetched(provider, token)
    truth = clusters_at(world, token, FROZEN_AT)
    assert len(truth) > 5
    assert [[(one.address, one.amount, one.rank) for one in cluster.addresses] for cluster in statement.clusters] == [
        [(canonical(token, one.address), one.amount, one.rank) for one in members] for members in truth
    ]
    for cluster, members in zip(statement.clusters, truth, strict=True):
        assert cluster.amount == amount_of(members)
        exact = amount_of(members) / supply_of(token)
        assert cluster.share is not None
        assert abs(cluster.share - exact) < Decimal("1e-11")


async def test_the_overview_and_the_groups_of_holders_are_those_of_the_world(provider: Any, world: World) -> None:
    statement = await fetched(provider, USDC)
    holders = holders_at(world, USDC, FROZEN_AT)
    assert [group.holders for group in statement.top_holders] == [10, 50, 100]
    assert [group.amount for group in statement.top_holders] == [amount_of(holders[:n]) for n in (10, 50, 100)]
    assert statement.overview is not None
    assert statement.overview.top_100_share == statement.top_holders[2].share
    assert statement.overview.new_holder_ratio is None, 'OKX says "--"'


async def test_clusters_move_in_time_and_the_supply_does_not(
    client: httpx.AsyncClient, provider: Any, world: World
) -> None:
    before = await fetched(provider, USDC)
    await client.post("/_clock", json={"at": LATER.isoformat(), "frozen": True})
    after = await fetched(provider, USDC)
    members = [{one.address for cluster in said.clusters for one in cluster.addresses} for said in (before, after)]
    assert members[0] != members[1]
    amounts = [amount_of(holders_at(world, USDC, at)) for at in (FROZEN_AT, LATER)]
    assert amounts[0] == amounts[1] < supply_of(USDC)
    assert [one.amount for one in holders_at(world, USDC, FROZEN_AT)] != [
        one.amount for one in holders_at(world, USDC, LATER)
    ]


async def test_a_world_of_any_age_passes_its_own_cross_checks(client: httpx.AsyncClient, provider: Any) -> None:
    for at in (datetime(2021, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC), datetime.now(UTC)):
        await client.post("/_clock", json={"at": at.isoformat(), "frozen": True})
        for token in (USDC, LDO, SOLANA_USDC):
            assert (await fetched(provider, token)).clusters


async def ask(client: httpx.AsyncClient, path: str, query: Mapping[str, str], **changes: str) -> httpx.Response:
    target = f"{path}?{urlencode(query)}" if query else path
    return await client.get(target, headers=signed(target, b"", method="GET", **changes))


def of(token: Token, **more: str) -> dict[str, str]:
    return {"chainIndex": token.chain.index, "tokenContractAddress": token.address} | more


async def test_the_chains_with_clusters_are_not_all(client: httpx.AsyncClient) -> None:
    answer = (await ask(client, f"{BASE}/supported/chain", {})).json()
    assert [chain["chainIndex"] for chain in answer["data"]] == ["1", "8453", "501"]
    assert set(answer["data"][0]) == {"chainIndex", "chainName", "chainLogo"}


async def test_the_list_has_one_name_here_and_the_other_there(client: httpx.AsyncClient) -> None:
    ethereum = (await ask(client, f"{BASE}/list", of(USDC))).json()
    solana = (await ask(client, f"{BASE}/list", of(SOLANA_USDC))).json()
    assert (ethereum["code"], set(ethereum), set(ethereum["data"])) == ("0", {"code", "data", "msg"}, {"clustList"})
    assert set(solana["data"]) == {"clusterList"}


async def test_of_a_token_without_holders_nothing_is_said(client: httpx.AsyncClient) -> None:
    assert [has_holders(token) for token in (QUIET, STETH, USDC)] == [False, False, True]
    for path, more in (("list", {}), ("overview", {}), ("top-holders", {"rangeFilter": "1"})):
        answer = await ask(client, f"{BASE}/{path}", of(QUIET, **more))
        assert (answer.status_code, answer.json()) == (200, {"code": "0", "data": {}, "msg": ""})


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("list", {}, "50014"),
        ("list", {"chainIndex": "1"}, "50014"),
        ("overview", {"chainIndex": "1", "tokenContractAddress": ""}, "50014"),
        ("list", {"chainIndex": "137", "tokenContractAddress": "0x1"}, "51000"),
        ("top-holders", of(USDC), "50014"),
        ("top-holders", of(USDC, rangeFilter="10"), "51000"),
    ],
)
async def test_each_fault_in_the_query_has_its_code(
    client: httpx.AsyncClient, path: str, query: dict[str, str], code: str
) -> None:
    answer = await ask(client, f"{BASE}/{path}", query)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, code, [])


async def test_the_headers_are_checked_here_too(client: httpx.AsyncClient) -> None:
    answer = await ask(client, f"{BASE}/list", of(USDC), SIGN="AAAA")
    assert (answer.status_code, answer.json()) == (401, {"code": "50113", "data": [], "msg": "Invalid Sign"})


async def test_402_is_never_paid(client: httpx.AsyncClient, provider: Any) -> None:
    await client.post("/_knobs", json={"okx": {"payment_required": 1000}})
    with pytest.raises(PaymentRequiredError):
        await provider.fetch(Target(feed="clusters", target=USDC.asset))


async def test_values_are_amounts_at_the_worlds_price(provider: Any, world: World) -> None:
    quote = price_of(world, USDC, FROZEN_AT)
    assert quote is not None
    for cluster in (await fetched(provider, USDC)).clusters:
        assert cluster.amount is not None
        assert cluster.value_usd is not None
        assert abs(cluster.value_usd - cluster.amount * quote.price) < Decimal("1e-9")


async def test_the_truth_tells_the_clusters_that_the_provider_sees(client: httpx.AsyncClient, provider: Any) -> None:
    truth = (await client.get("/_truth")).json()["clusters"]
    assert list(truth) == [USDC.asset, SOLANA_USDC.asset]
    for token in (USDC, SOLANA_USDC):
        seen = [
            {one.address: one.amount for one in cluster.addresses}
            for cluster in (await fetched(provider, token)).clusters
        ]
        assert seen == [{address: Decimal(amount) for address, amount in one.items()} for one in truth[token.asset]]


async def test_both_feeds_at_once_stay_within_the_one_budget(client: httpx.AsyncClient) -> None:
    """As the upstream's own log has it: no five requests in less than four tenths of a second."""
    world = (await client.get("/_world")).json()
    session = Session(provider="okx", budget=Budget(requests=4, per_s=0.4), clock=SystemClock())
    built = okx.build(Configuration(world).section("providers.okx", okx.MANIFEST.settings), session, SystemClock())
    session.limit(Budget(requests=4, per_s=0.4))
    wallets = [Target(feed="balances", target=one.account, scope="defi") for one in build_wallets(7, 3)]
    tokens = [Target(feed="clusters", target=token.asset) for token in (USDC, LDO, SOLANA_USDC)]
    await client.delete("/_log")
    await asyncio.gather(*(built.fetch(target) for target in (*wallets, *tokens)))
    await session.close()
    log = (await client.get("/_log", params={"upstream": "okx", "limit": "1000"})).json()["requests"]
    times = sorted(datetime.fromisoformat(entry["at"]) for entry in log)
    assert len(times) >= 3 * 2 + 3 * 5 + 1
    assert all(later - first >= timedelta(milliseconds=399) for first, later in zip(times, times[4:], strict=False))


def canonical(token: Token, address: str) -> str:
    return address.lower() if token.chain.is_evm else address
