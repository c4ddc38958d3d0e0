"""CoinGecko, DefiLlama and the ECB over the world: their own words, and what the providers make of them."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import Any

import httpx
import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.time import SystemClock
from holdfast.providers import coingecko, defillama, ecb, prices
from holdfast.providers.coingecko.platforms import Place
from holdfast.providers.coingecko.wire import history_path, to_history
from holdfast.providers.defillama.wire import prices_path
from holdfast.providers.ecb.provider import to_prices
from holdfast.providers.ecb.series import parse_series, series_path
from holdfast.providers.ecb.table import parse_table
from holdfast.providers.kit.contract import Budget, Target
from holdfast.providers.kit.errors import CredentialsRejectedError, RateLimitedError, UnexpectedResponseError
from holdfast.providers.kit.session import build_session
from holdfast.providers.kit.strict_json import decode
from holdfast.settings.loading import Configuration
from services.simulator.settings import SimulatorSettings
from services.simulator.world.fiat import CURRENCIES, is_working_day, published_days, rate_on
from services.simulator.world.tokens import BASE_ETH, BASE_LP, ETH, ETHEREUM_LP, HOLD30, QUIET, TOKENS, USDC
from services.simulator.world.world import build_world, price_of
from tests.simulator.conftest import FROZEN_AT
from tests.simulator.running import running
from tests.support.clients import http_client

WORLD = build_world(seed=7)
KEY = {"x-cg-demo-api-key": "simulator-key"}
QUOTED = [token for token in TOKENS if token.path is not None]
USD, JPY, GBP, CHF = CURRENCIES
FRIDAY = date(2026, 3, 13)
"""FROZEN_AT is the Saturday after it."""


async def fetched(client: httpx.AsyncClient, module: ModuleType, target: str, **more: Any) -> tuple[Price, ...]:
    """What a provider makes of the simulator, configured as `/_world` says."""
    world = (await client.get("/_world")).json()
    return await fetched_with(world["providers"], module, target, **more)


async def fetched_with(providers: Mapping[str, Any], module: ModuleType, target: str, **more: Any) -> tuple[Price, ...]:
    manifest, clock = module.MANIFEST, SystemClock()
    settings = Configuration({"providers": dict(providers)}).section(f"providers.{manifest.name}", manifest.settings)
    session = build_session(manifest, settings, clock)
    try:
        provider = module.build(settings, session, clock)
        session.limit(Budget(requests=100_000, per_s=1))
        return tuple((await provider.fetch(Target(feed="prices", target=target, **more))).prices)
    finally:
        await session.close()


@pytest.mark.parametrize("module", [coingecko, defillama])
async def test_a_market_source_states_the_worlds_prices_to_the_last_digit(
    client: httpx.AsyncClient, module: ModuleType
) -> None:
    stated = {price.asset: price for price in await fetched(client, module, "*")}
    untrusted = {ETHEREUM_LP.asset, BASE_LP.asset} if module is defillama else set()
    assert set(stated) == {token.asset for token in QUOTED} - untrusted
    for token in QUOTED:
        if token.asset in stated:
            quote = price_of(WORLD, token, FROZEN_AT)
            assert quote is not None
            price = stated[token.asset]
            assert (price.price, price.at, price.quote) == (quote.price, quote.at, "iso4217:USD")


@pytest.mark.parametrize("module", [coingecko, defillama])
async def test_what_nobody_quotes_has_no_price_anywhere(client: httpx.AsyncClient, module: ModuleType) -> None:
    stated = await fetched(client, module, f"{QUIET.asset},{BASE_ETH.asset}")
    assert [price.asset for price in stated] == [BASE_ETH.asset]


@pytest.mark.parametrize("module", [coingecko, defillama, prices])
async def test_a_window_states_what_the_world_had_at_each_instant(
    client: httpx.AsyncClient, module: ModuleType
) -> None:
    """Two days back, hour by hour, of a coin and a token."""
    end = datetime(2026, 3, 12, 6, tzinfo=UTC)
    window = JobWindow(start=end - timedelta(hours=23), end=end, every_s=3600)
    stated = await fetched(client, module, f"{ETH.asset},{USDC.asset}", window=window)
    for token in (ETH, USDC):
        quotes = {price.at: price.price for price in stated if price.asset == token.asset}
        for at in window.each():
            newest = max(moment for moment in quotes if moment <= at)
            world = price_of(WORLD, token, newest)
            assert world is not None
            assert (quotes[newest], newest) == (world.price, world.at)
            assert at - newest < timedelta(hours=1)


async def test_the_euros_past_is_every_rate_published_in_the_window(client: httpx.AsyncClient) -> None:
    window = JobWindow(start=datetime(2026, 2, 21, tzinfo=UTC), end=datetime(2026, 3, 14, tzinfo=UTC), every_s=86_400)
    stated = await fetched(client, ecb, "iso4217:USD", scope="daily", window=window)
    days = [FRIDAY - timedelta(days=back) for back in range(22) if (FRIDAY - timedelta(days=back)).weekday() < 5]
    assert len(days) == 16, "three weeks, and the Friday that the first Saturday still has"
    assert {(price.at.date(), price.price) for price in stated} == {(day, rate_on(7, USD, day)) for day in days}
    weekend = JobWindow(start=datetime(2026, 3, 8, tzinfo=UTC), end=datetime(2026, 3, 9, tzinfo=UTC), every_s=86_400)
    assert await fetched(client, ecb, "iso4217:USD", window=weekend) == ()


async def test_market_sources_are_not_watched_in_the_demo_and_the_euros_rates_are(client: httpx.AsyncClient) -> None:
    world = (await client.get("/_world")).json()
    prices = [watch for watch in world["watches"] if watch["feed"] == "prices"]
    assert [watch["provider"] for watch in prices] == ["prices", "ecb"]
    assert {"coingecko", "defillama", "ecb"} <= set(world["providers"])


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, 10002),
        ({"x-cg-demo-api-key": "someone-else"}, 401, 10002),
        ({"x-cg-pro-api-key": "simulator-key"}, 400, 10010),
    ],
)
async def test_coingecko_refuses_a_key_that_is_missing_wrong_or_of_another_plan(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, code: int
) -> None:
    answer = await client.get("/coingecko/api/v3/simple/price?ids=ethereum&vs_currencies=usd", headers=headers)
    body = answer.json()
    assert (answer.status_code, body.get("error_code") or body["status"]["error_code"]) == (status, code)


async def test_coingecko_says_no_more_than_it_is_asked(client: httpx.AsyncClient) -> None:
    path = "/coingecko/api/v3/simple/price?ids=ethereum,nonsense&vs_currencies="
    assert set((await client.get(path + "usd", headers=KEY)).json()["ethereum"]) == {"usd"}
    assert (await client.get(path + "btc", headers=KEY)).json() == {"ethereum": {}}
    timed = (await client.get(path + "usd&include_last_updated_at=true", headers=KEY)).json()
    assert set(timed) == {"ethereum"}
    assert timed["ethereum"]["last_updated_at"] == 1773500940
    assert (await client.get("/coingecko/api/v3/simple", headers=KEY)).status_code == 404


async def test_coingecko_takes_one_contract_at_a_time_on_the_demo_plan(client: httpx.AsyncClient) -> None:
    world = (await client.get("/_world")).json()
    providers = {"coingecko": {**world["providers"]["coingecko"], "contracts_per_request": "2"}}
    with pytest.raises(UnexpectedResponseError, match="lower contracts_per_request"):
        await fetched_with(providers, coingecko, f"{USDC.asset},{HOLD30.asset}")


async def test_coingecko_counts_requests_by_the_minute() -> None:
    with running(SimulatorSettings(port=0, coingecko_requests_per_minute=2)) as url:
        async with http_client(f"{url}/coingecko/api/v3", headers=KEY, timeout=20) as client:
            statuses = [(await client.get("/simple/price?ids=solana&vs_currencies=usd")).status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]


async def test_coingeckos_history_is_the_worlds_at_each_instant(client: httpx.AsyncClient) -> None:
    start = datetime(2026, 3, 14, tzinfo=UTC)
    for place, hours, step in ((Place("", "ethereum"), 6, 300), (Place("ethereum", USDC.address.lower()), 30, 3600)):
        path = history_path(place, start - timedelta(hours=hours - 6), start + timedelta(hours=6))
        quotes = to_history(decode((await client.get(f"/coingecko/api/v3{path}", headers=KEY)).content))
        assert len(quotes) == hours * 3600 // step + 1
        token = USDC if place.platform else ETH
        for quote in quotes:
            world = price_of(WORLD, token, quote.at)
            assert world is not None
            assert quote.price == world.price


async def test_coingeckos_history_ends_now_and_reaches_back_a_year(client: httpx.AsyncClient) -> None:
    root, place = "/coingecko/api/v3", Place("", "ethereum")
    ahead = history_path(place, FROZEN_AT - timedelta(hours=1), FROZEN_AT + timedelta(hours=1))
    quotes = to_history(decode((await client.get(root + ahead, headers=KEY)).content))
    assert max(quote.at for quote in quotes) <= FROZEN_AT
    refused = await client.get(root + history_path(place, FROZEN_AT - timedelta(days=366), FROZEN_AT), headers=KEY)
    assert (refused.status_code, refused.json()["error"]["status"]["error_code"]) == (401, 10012)
    unknown = await client.get(root + history_path(Place("", "nonsense"), FROZEN_AT, FROZEN_AT), headers=KEY)
    assert unknown.status_code == 404
    assert (await client.get(f"{root}/coins/ethereum/market_chart/range?from=x", headers=KEY)).status_code == 422


async def test_defillama_answers_in_the_names_it_was_asked_with(client: httpx.AsyncClient) -> None:
    names = [f"ethereum:{USDC.address}", "coingecko:solana", "nowhere:0x12"]
    coins = (await client.get("/defillama" + prices_path(names, search_width="4h"))).json()["coins"]
    assert set(coins) == set(names[:2])
    assert coins[names[0]]["decimals"] == 6
    assert set(coins[names[1]]) == {"symbol", "price", "timestamp", "confidence"}


async def test_defillamas_past_is_the_worlds_within_the_width_asked_for(client: httpx.AsyncClient) -> None:
    at = datetime(2025, 7, 1, 12, 34, 56, tzinfo=UTC)
    name = f"ethereum:{USDC.address.lower()}"
    path = prices_path([name], search_width="1h", at=at)
    entry = decode((await client.get(f"/defillama{path}")).content)["coins"][name]  # type: ignore[index]
    world = price_of(WORLD, USDC, at)
    assert world is not None
    assert (entry["price"], entry["timestamp"]) == (world.price, int(world.at.timestamp()))
    # The price is of 12:00, further away than half an hour.
    for width in ("1800", "30m"):
        narrow = await client.get("/defillama" + prices_path([name], search_width=width, at=at))
        assert narrow.json() == {"coins": {}}
    before = prices_path([name], search_width="4h", at=datetime(2019, 1, 1, tzinfo=UTC))
    assert (await client.get(f"/defillama{before}")).json() == {"coins": {}}
    assert (await client.get("/defillama/prices/historical/soon/x:y")).status_code == 404


async def test_on_a_saturday_the_newest_rates_are_those_of_friday(client: httpx.AsyncClient) -> None:
    prices = await fetched(client, ecb, "*")
    published = [price for price in prices if price.source == "ecb"]
    assert {(price.asset, price.quote, price.price, price.at) for price in published} == {
        ("iso4217:EUR", f"iso4217:{one.code}", rate_on(7, one, FRIDAY), datetime(2026, 3, 13, 15, tzinfo=UTC))
        for one in CURRENCIES
    }
    assert [str(price.price)[::-1].find(".") for price in published] == [4, 2, 5, 4]
    crossed = {price.asset: price.price for price in prices if price.source == "ecb-cross"}
    others = {f"iso4217:{one.code}": rate_on(7, one, FRIDAY) for one in CURRENCIES if one is not USD}
    assert crossed.keys() == others.keys()
    for asset, price in crossed.items():
        assert 0 <= Fraction(rate_on(7, USD, FRIDAY)) / Fraction(others[asset]) - Fraction(price) < Fraction(1, 10**36)


async def test_a_rate_is_not_known_before_its_hour(client: httpx.AsyncClient) -> None:
    newest = []
    for now in ("2026-03-16T14:59:59Z", "2026-03-16T15:00:00Z", "2026-07-01T13:59:59Z", "2026-07-01T14:00:00Z"):
        await client.post("/_clock", json={"at": now, "frozen": True})
        rates = parse_table((await client.get("/stats/eurofxref/eurofxref-daily.xml")).content)
        newest += {rate.day.isoformat() for rate in rates}
    assert newest == ["2026-03-13", "2026-03-16", "2026-06-30", "2026-07-01"]


async def test_ninety_days_have_the_working_days_newest_first(client: httpx.AsyncClient) -> None:
    rates = parse_table((await client.get("/stats/eurofxref/eurofxref-hist-90d.xml")).content)
    days = list(dict.fromkeys(rate.day for rate in rates))
    assert days == sorted(days, reverse=True)
    assert (days[0], days[-1]) == (FRIDAY, date(2025, 12, 15))
    assert not {date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 3, 14)} & set(days)
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
    assert len(await fetched(client, ecb, "*", scope="hist-90d")) == len(rates) + 3 * len(days) == 7 * len(days)


async def test_a_window_of_the_past_says_the_same_as_the_table(client: httpx.AsyncClient) -> None:
    table = parse_table((await client.get("/stats/eurofxref/eurofxref-hist.xml")).content)
    path = series_path(("USD", "GBP"), date(2020, 12, 30), date(2021, 1, 5))
    series = parse_series((await client.get(path)).content)
    assert [rate.day.isoformat() for rate in series if rate.currency == "GBP"] == [
        "2020-12-30", "2020-12-31", "2021-01-04", "2021-01-05",
    ]  # fmt: skip
    assert set(series) <= set(table)
    assert Counter(price.source for price in to_prices(series)) == {"ecb": 8, "ecb-cross": 4}
    assert (await client.get(series_path((), date(2021, 1, 2), date(2021, 1, 3)))).status_code == 404
    assert (await client.get("/service/data/EXR/D.USD.EUR.SP00.A?startPeriod=soon")).status_code == 400
    assert (await client.get("/stats/eurofxref/eurofxref-hist-9d.xml")).status_code == 404


def test_easter_and_the_first_of_may_are_holidays() -> None:
    """Good Friday and Easter Monday as the calendars have them."""
    closed = [date(2020, 4, 10), date(2020, 4, 13), date(2024, 3, 29), date(2024, 4, 1), date(2026, 4, 3),
              date(2026, 4, 6), date(2038, 4, 23), date(2038, 4, 26), date(2026, 5, 1)]  # fmt: skip
    assert not any(is_working_day(day) for day in closed)
    assert all(is_working_day(day) for day in (date(2026, 4, 2), date(2026, 4, 7), date(2026, 12, 24)))


def test_rates_stay_within_their_swing_and_move() -> None:
    days = list(published_days(FROZEN_AT, since=date(2025, 3, 14)))
    for currency in CURRENCIES:
        rates = [rate_on(7, currency, day) for day in days]
        assert all(abs(rate - currency.path.base) <= currency.path.base * Decimal("0.06") for rate in rates)
        assert len(set(rates)) > 100


@pytest.mark.parametrize("module", [coingecko, defillama, ecb])
async def test_the_knobs_speak_each_upstreams_language(client: httpx.AsyncClient, module: ModuleType) -> None:
    name, target = module.MANIFEST.name, "*" if module is ecb else ETH.asset
    for knob, error in (("too_many_requests", RateLimitedError), ("key_revoked", CredentialsRejectedError),
                        ("malformed", UnexpectedResponseError)):  # fmt: skip
        await client.delete("/_knobs")
        await client.post("/_knobs", json={name: {knob: 1000}})
        with pytest.raises(error):
            await fetched(client, module, target)
