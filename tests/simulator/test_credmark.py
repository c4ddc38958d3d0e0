"""The simulated Credmark: who may ask, at which blocks, and that its doubles are the world's numbers."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import SystemClock, floor_to
from holdfast.providers.credmark import MANIFEST, build
from holdfast.providers.credmark.wire import fiat_address
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.session import build_session
from holdfast.settings import Configuration
from services.simulator.upstreams.credmark.returns import INDEXED_FROM, Ledgers
from services.simulator.world.chains import ETHEREUM
from services.simulator.world.funds import double, known_tokens
from services.simulator.world.tokens import CRV, ETH, QUIET, USDC
from services.simulator.world.world import block_at, build_world, price_of, raw_amount, to_units
from tests.simulator.conftest import FROZEN_AT
from tests.support import credmark_examples as examples
from tests.support.shapes import differences

WORLD = build_world(seed=7)
FUND = WORLD.funds[0]
COIN = "0x" + "e" * 40
KEY = {"Authorization": "Bearer simulator-credmark-key"}
NEWEST = block_at(ETHEREUM, FROZEN_AT)


async def ask(client: httpx.AsyncClient, resource: str, *, of: str = FUND.address, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/portfolio/1/{of}/{resource}", params=params, headers=KEY)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = examples.exact(answer.content)
    return body


@pytest.mark.parametrize(
    ("resource", "params", "example"),
    [
        ("positions", {}, examples.POSITIONS_EXAMPLE),
        ("value", {}, examples.VALUE_EXAMPLE),
        ("value", {"includePositions": "true"}, examples.VALUE_WITH_POSITIONS_EXAMPLE),
        ("returns", {}, examples.RETURNS_EXAMPLE),
        ("positions/historical", {"startBlockNumber": NEWEST.number - 9}, examples.POSITIONS_HISTORY_EXAMPLE),
        ("value/historical", {"startBlockNumber": NEWEST.number - 9}, examples.VALUE_HISTORY_EXAMPLE),
    ],
)
async def test_an_answer_has_the_documented_shape(
    client: httpx.AsyncClient, resource: str, params: dict[str, Any], example: dict[str, Any]
) -> None:
    answer = await client.get(f"/v1/portfolio/1/{FUND.address}/{resource}", params=params, headers=KEY)
    assert differences(answer.json(), example) == []


async def test_the_value_is_the_truth_of_the_fund_but_for_the_last_digits_of_doubles(client: httpx.AsyncClient) -> None:
    body = await ask(client, "value", includePositions="true")
    truth = (await client.get("/_truth", params={"portfolio": "research"})).json()["portfolios"][0]
    assert (body["blockNumber"], body["accounts"]) == (NEWEST.number, [FUND.address])
    assert sum(one["value"] for one in body["positions"]) == Decimal(truth["net"])
    assert abs(body["value"] - Decimal(truth["net"])) < Decimal("1e-6")
    assert len(body["positions"]) == truth["lines"]
    shown = {one["tokenAddress"]: one for one in body["positions"]}
    ether = shown[COIN]
    assert ether["balance"] == double(to_units(raw_amount(WORLD, FUND.account, ETH, NEWEST.time), ETH))
    quiet = shown[QUIET.address.lower()]
    assert quiet["balance"] > 0
    assert (quiet["value"], quiet["tokenPrice"], truth["lines_unpriced"]) == (0, 0, 1)
    assert list(shown)[-1] == COIN


async def test_any_wallet_of_the_chain_is_known_and_a_set_is_taken_together(client: httpx.AsyncClient) -> None:
    first, second = WORLD.wallets[0].address, WORLD.wallets[1].address
    one, other = [await ask(client, "positions", of=of, tokens=USDC.address) for of in (first, second)]
    both = await ask(client, "positions", of=f"{first},{second}", tokens=USDC.address)
    assert both["accounts"] == [first, second]
    expected = sum(raw_amount(WORLD, wallet.account, USDC, NEWEST.time) for wallet in WORLD.wallets[:2])
    assert both["positions"][0]["balance"] == double(to_units(expected, USDC))
    assert abs(both["positions"][0]["balance"] - one["positions"][0]["balance"] - other["positions"][0]["balance"]) < 1
    assert (await ask(client, "positions", of="0x" + "9" * 40))["positions"] == []


async def test_a_quote_is_divided_by(client: httpx.AsyncClient) -> None:
    dollars, ethers = await ask(client, "value"), await ask(client, "value", quoteAddress=COIN)
    ether = price_of(WORLD, ETH, NEWEST.time)
    assert ether is not None
    assert abs(ethers["value"] * ether.price - dollars["value"]) < Decimal("1e-6")
    assert (await ask(client, "value", quoteAddress=fiat_address("EUR")))["value"] < dollars["value"]


def flows_by_hand(token: Any, until: datetime) -> Decimal:
    """Midnight after midnight, each difference at its own price."""
    paid, before, day = Decimal(0), Decimal(0), INDEXED_FROM
    instants = []
    while day <= until:
        instants.append(day)
        day += timedelta(days=1)
    for at in [*instants, until]:
        amount = to_units(raw_amount(WORLD, FUND.account, token, at), token)
        quote = price_of(WORLD, token, at)
        assert quote is not None
        paid += (amount - before) * quote.price
        before = amount
    quote = price_of(WORLD, token, until)
    assert quote is not None
    return before * quote.price - paid


async def test_returns_are_what_the_flows_add_up_to(client: httpx.AsyncClient) -> None:
    body = await ask(client, "returns")
    shown = {one["tokenAddress"]: one for one in body["returns"]}
    for token in (ETH, USDC, CRV):
        by_hand = flows_by_hand(token, NEWEST.time)
        assert abs(shown[token.address.lower() or COIN]["return"] - by_hand) < Decimal("1e-6")
    assert abs(body["totalReturn"] - sum(one["return"] for one in shown.values())) < Decimal("1e-6")
    assert (shown[QUIET.address.lower()]["value"], shown[QUIET.address.lower()]["return"]) == (0, 0)


def test_days_that_are_over_are_worked_out_once_and_earlier_ones_again() -> None:
    ledgers, fresh = Ledgers(WORLD), Ledgers(WORLD)
    instants = [NEWEST.time, NEWEST.time + timedelta(days=3), NEWEST.time - timedelta(days=40)]
    for at in instants:
        for token in known_tokens():
            assert ledgers.state((FUND,), token, at) == fresh.state((FUND,), token, at)
        fresh = Ledgers(WORLD)


async def test_a_range_is_anchored_at_its_end_and_includes_both(client: httpx.AsyncClient) -> None:
    last = NEWEST.number
    body = await ask(client, "value/historical", startBlockNumber=last - 8, endBlockNumber=last, blockInterval=3)
    assert [point["blockNumber"] for point in body["data"]] == [last - 6, last - 3, last]
    assert body["startBlockNumber"] == last - 8
    end = floor_to(FROZEN_AT, timedelta(hours=1))
    second = int(end.timestamp())
    hours = await ask(
        client, "positions/historical", startTimestamp=second - 7200, endTimestamp=second, timeInterval=3600
    )
    assert [point["blockTimestamp"] for point in hours["data"]] == [second - 7200, second - 3600, second]
    days = await ask(client, "value/historical", startTimestamp=second - 3 * 86_400, endTimestamp=second)
    assert len(days["data"]) == 4


@pytest.mark.parametrize(
    ("path", "params", "headers", "status"),
    [
        (f"1/{FUND.address}/value", {}, {}, 401),
        (f"1/{FUND.address}/value", {}, {"Authorization": "Bearer other"}, 401),
        (f"10/{FUND.address}/value", {}, KEY, 400),
        ("1/0x12/value", {}, KEY, 400),
        (f"1/{FUND.address}/value", {"blockNumber": "1", "timestamp": "1"}, KEY, 400),
        (f"1/{FUND.address}/value", {"blockNumber": str(NEWEST.number + 1)}, KEY, 400),
        (f"1/{FUND.address}/value", {"timestamp": "1"}, KEY, 400),
        (f"1/{FUND.address}/value", {"quoteAddress": "0x" + "7" * 40}, KEY, 422),
        (f"1/{FUND.address}/value/historical", {}, KEY, 400),
        (f"1/{FUND.address}/value/historical", {"startBlockNumber": "9193266", "blockInterval": "1"}, KEY, 400),
        (f"1/{FUND.address}/nothing", {}, KEY, 404),
    ],
)
async def test_what_does_not_fit_is_refused_in_nests_shape(
    client: httpx.AsyncClient, path: str, params: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = await client.get(f"/v1/portfolio/{path}", params=params, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["statusCode"]) == (status, status)
    assert isinstance(body["message"], str | list)
    assert body["error"]


async def test_the_provider_reads_history_of_the_world_back(client: httpx.AsyncClient) -> None:
    world = (await client.get("/_world")).json()
    clock = SystemClock()
    settings = Configuration(world).section("providers.credmark", MANIFEST.settings)
    session = build_session(MANIFEST, settings, clock)
    end = floor_to(FROZEN_AT, timedelta(hours=1))
    window = JobWindow(start=end - timedelta(hours=5), end=end, every_s=3600)
    fetched = await build(settings, session, clock).fetch(  # type: ignore[arg-type]
        Target(feed="balances", target=FUND.account, scope="wallet", window=window)
    )
    await session.close()
    assert [one.observed_at for one in fetched.snapshots] == sorted(window.each())
    for snapshot in fetched.snapshots:
        held = {line.asset: line.amount for line in snapshot.balances}
        raw = raw_amount(WORLD, FUND.account, ETH, snapshot.observed_at)
        assert held[ETH.asset] == double(to_units(raw, ETH))
