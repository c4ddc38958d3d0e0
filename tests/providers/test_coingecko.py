"""CoinGecko: where assets are looked for, which key goes where, what is left out, and history's pure parts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from holdfast.domain.time import SystemClock
from holdfast.providers import coingecko
from holdfast.providers.coingecko.platforms import COINS, PLATFORMS, Place, locate
from holdfast.providers.coingecko.settings import CoingeckoSettings
from holdfast.providers.coingecko.wire import Quote, ShapeError, history_path, to_history
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.kit.pricing import NotPricedError
from holdfast.providers.kit.session import build_session
from holdfast.providers.kit.strict_json import decode
from holdfast.providers.kit.testing import FakeUpstream, Reply
from holdfast.settings import Configuration, Secret, SettingsError

ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
KEY = "s3cret-key"


def test_every_coin_of_the_table_is_on_a_chain_of_the_table_or_has_none_of_tokens() -> None:
    chains = {asset.partition("/")[0] for asset in COINS}
    assert chains - set(PLATFORMS) == {"bip122:000000000019d6689c085ae165831e93"}
    assert set(PLATFORMS) <= chains


def test_an_asset_is_a_coin_or_a_contract_and_the_operators_word_wins() -> None:
    assert locate(ETH, coins={}, platforms={}) == Place("", "ethereum")
    assert locate(USDC, coins={}, platforms={}) == Place("ethereum", USDC.rpartition(":")[2])
    assert locate(USDC, coins={USDC: "usd-coin"}, platforms={}) == Place("", "usd-coin")
    assert locate(USDC, coins={}, platforms={"eip155:1": "other"}).platform == "other"


@pytest.mark.parametrize(
    ("asset", "gap"),
    [
        ("iso4217:EUR", "unknown_asset"),
        ("bitpanda:BEST", "unknown_asset"),
        ("eip155:1/erc721:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "unknown_asset"),
        ("eip155:4242/slip44:60", "unknown_asset"),
        ("eip155:4242/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "unknown_chain"),
    ],
)
def test_what_cannot_be_located_is_not_guessed(asset: str, gap: str) -> None:
    with pytest.raises(NotPricedError) as caught:
        locate(asset, coins={}, platforms={})
    assert caught.value.gap == gap


@pytest.mark.parametrize(
    ("settings", "address", "sent"),
    [
        ({"plan": "public"}, "https://api.coingecko.com/api/v3", {}),
        ({"api_key": KEY}, "https://api.coingecko.com/api/v3", {"x-cg-demo-api-key": KEY}),
        ({"api_key": KEY, "plan": "pro"}, "https://pro-api.coingecko.com/api/v3", {"x-cg-pro-api-key": KEY}),
        ({"api_key": KEY, "base_url": "http://mirror:1/v3"}, "http://mirror:1/v3", {"x-cg-demo-api-key": KEY}),
    ],
)
async def test_the_key_goes_to_its_plans_address_in_its_plans_header(
    settings: dict[str, Any], address: str, sent: dict[str, str]
) -> None:
    upstream, _ = await _fetch(settings, ETH, b"{}")
    (request,) = upstream.requests
    assert request.url.startswith(f"{address}/simple/price?ids=ethereum&")
    assert {name: text for name, text in request.headers.items() if name.startswith("x-cg")} == sent
    assert KEY not in request.url


async def test_what_is_left_out_is_told_with_its_reason() -> None:
    with capture_logs() as lines:
        _, fetched = await _fetch({"plan": "public"}, f"{ETH},bitpanda:BEST", b"{}")
    assert fetched.prices == ()
    (line,) = [line for line in lines if line["event"] == "assets without a price"]
    assert line["assets"] == {"bitpanda:BEST": "unknown_asset", ETH: "not_quoted"}


async def test_contracts_are_asked_for_as_many_at_once_as_the_plan_allows() -> None:
    assets = ",".join(f"eip155:1/erc20:0x{number:040x}" for number in range(5))
    counts = []
    for settings in (
        {"plan": "public"},
        {"api_key": KEY, "plan": "pro"},
        {"plan": "public", "contracts_per_request": 2},
    ):
        upstream, _ = await _fetch(settings, assets, b"{}")
        counts.append(len(upstream.requests))
    assert counts == [5, 1, 3]


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        ({}, ["providers.coingecko.api_key"]),
        ({"plan": "public", "api_key": KEY}, ["providers.coingecko.plan"]),
        ({"plan": "public", "assets": "ETH"}, ["providers.coingecko.assets, entry 1"]),
        ({"plan": "public", "coins": {"BEST": "x"}, "platforms": {"1": "x"}},
         ["providers.coingecko.coins", "providers.coingecko.platforms"]),
        ({"plan": "public", "coins": {USDC.replace("a0b8", "A0B8"): "usd-coin"}}, ["providers.coingecko.coins"]),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_at_the_start(table: dict[str, Any], settings: list[str]) -> None:
    given = Configuration({"p": table}).section("p", CoingeckoSettings)
    with pytest.raises(SettingsError) as caught:
        coingecko.build(given, build_session(coingecko.MANIFEST, given, SystemClock()), SystemClock())
    assert [problem.setting for problem in caught.value.problems] == settings
    assert KEY not in str(caught.value)


async def test_another_feed_is_refused() -> None:
    with pytest.raises(UnexpectedResponseError, match="no feed 'balances'"):
        await _fetch({"plan": "public"}, ETH, b"{}", feed="balances")


def test_history_is_asked_for_by_coin_or_contract_in_whole_seconds() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
    window = "market_chart/range?vs_currency=usd&from=1767225600&to=1767323045&precision=full"
    assert history_path(Place("", "ethereum"), start, end) == f"/coins/ethereum/{window}"
    assert history_path(Place("base", "0xab"), start, end) == f"/coins/base/contract/0xab/{window}"


def test_history_is_exact_and_without_the_points_that_have_no_price() -> None:
    body = b'{"prices": [[1767225612345, 2971.123456789012345678], [1767229200000, null]], "market_caps": []}'
    at = datetime(2026, 1, 1, 0, 0, 12, 345_000, tzinfo=UTC)
    assert to_history(decode(body)) == [Quote(at, Decimal("2971.123456789012345678"))]


@pytest.mark.parametrize("document", [[], {}, {"prices": {}}, {"prices": [[1]]}, {"prices": [5]}])
def test_history_of_another_shape_is_refused(document: object) -> None:
    with pytest.raises(ShapeError):
        to_history(document)


@pytest.mark.parametrize("point", [["now", 1], [1767225612345, "1"], [1767225612, 1], [2**80, 1], [True, 1]])
def test_history_with_unreadable_points_is_refused(point: list[object]) -> None:
    with pytest.raises(UnreadableNumberError):
        to_history({"prices": [point]})


async def _fetch(
    table: dict[str, Any], target: str, body: bytes, *, feed: str = "prices"
) -> tuple[FakeUpstream, Fetched]:
    settings = Configuration({"p": table}).section("p", CoingeckoSettings)
    assert isinstance(settings.api_key, Secret)
    upstream = FakeUpstream(lambda _: Reply(body=body))
    session = build_session(coingecko.MANIFEST, settings, SystemClock(), transport=upstream)
    try:
        provider = coingecko.build(settings, session, SystemClock())
        return upstream, await provider.fetch(Target(feed=feed, target=target))
    finally:
        await session.close()
