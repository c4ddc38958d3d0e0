"""DefiLlama: names, batches, the key in the path, confidence, and what the past is asked for with."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.time import SystemClock
from holdfast.providers import defillama
from holdfast.providers.defillama.coins import CHAINS, COINS, name_of
from holdfast.providers.defillama.settings import DefillamaSettings
from holdfast.providers.defillama.wire import Quote, prices_path, to_quote
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.errors import ProviderUnavailableError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.pricing import NotPricedError
from holdfast.providers.kit.session import build_session
from holdfast.providers.kit.testing import FakeUpstream, Reply
from holdfast.settings import Configuration, SettingsError

ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
SOLANA_USDC = f"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:{MINT}"


def test_each_chain_of_the_table_has_its_coin() -> None:
    chains = {asset.partition("/")[0] for asset in COINS}
    assert chains - set(CHAINS) == {"bip122:000000000019d6689c085ae165831e93"}
    assert set(CHAINS) <= chains


def test_an_asset_is_named_by_chain_and_contract_and_the_operators_word_wins() -> None:
    assert name_of(ETH, coins={}, chains={}) == "coingecko:ethereum"
    assert name_of(USDC, coins={}, chains={}) == f"ethereum:{USDC.rpartition(':')[2]}"
    assert name_of(SOLANA_USDC, coins={}, chains={}) == f"solana:{MINT}"
    assert name_of(USDC, coins={USDC: "coingecko:usd-coin"}, chains={}) == "coingecko:usd-coin"
    assert name_of(USDC, coins={}, chains={"eip155:1": "other"}).startswith("other:")


@pytest.mark.parametrize(
    ("asset", "gap"),
    [("iso4217:EUR", "unknown_asset"), ("eip155:1/erc721:0x12", "unknown_asset"),
     ("eip155:4242/erc20:0x12", "unknown_chain")],
)  # fmt: skip
def test_what_has_no_name_is_not_guessed(asset: str, gap: str) -> None:
    with pytest.raises(NotPricedError) as caught:
        name_of(asset, coins={}, chains={})
    assert caught.value.gap == gap


def test_the_past_is_asked_for_by_its_second() -> None:
    at = datetime(2026, 1, 1, 0, 0, 0, 999_000, tzinfo=UTC)
    assert prices_path(["a:b", "c:d e"], search_width="600", at=at) == (
        "/prices/historical/1767225600/a:b,c:d%20e?searchWidth=600"
    )


@pytest.mark.parametrize(
    ("confidence", "least", "kept"),
    [(Decimal("0.9"), 90, True), (Decimal("0.8999"), 90, False), (1, 100, True), (None, 1, False), (None, 0, True)],
)
def test_a_price_needs_the_confidence_demanded(confidence: object, least: int, kept: bool) -> None:
    entry = {"price": Decimal("2.5"), "timestamp": 1767323040, "confidence": confidence}
    if kept:
        at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
        assert to_quote(entry, min_confidence_percent=least) == Quote(at, Decimal("2.5"))
    else:
        with pytest.raises(NotPricedError, match="low_confidence"):
            to_quote(entry, min_confidence_percent=least)


@pytest.mark.parametrize(
    ("table", "address"),
    [
        ({}, "https://coins.llama.fi/prices/"),
        ({"api_key": "s3cret-paid-key"}, "https://pro-api.llama.fi/s3cret-paid-key/coins/prices/"),
        ({"base_url": "http://mirror:1"}, "http://mirror:1/prices/"),
    ],
)
async def test_a_key_stands_in_the_path_and_in_no_recorded_url(table: dict[str, Any], address: str) -> None:
    upstream = FakeUpstream(lambda _: Reply(status=503))
    with open_exchange() as exchange, pytest.raises(ProviderUnavailableError) as caught:
        await _fetch(table, upstream)
    assert upstream.requests[0].url.startswith(address)
    (recorded,) = exchange.responses
    assert "s3cret" not in f"{recorded.url} {caught.value}"


@pytest.mark.parametrize(
    ("table", "setting"),
    [
        ({"api_key": "a/../b"}, "providers.defillama.api_key"),
        ({"assets": ["USDC"]}, "providers.defillama.assets, entry 1"),
        ({"coins": {"USDC": "x"}}, "providers.defillama.coins"),
        ({"chains": {"ethereum": "x"}}, "providers.defillama.chains"),
        ({"coins": {USDC.replace("a0b8", "A0B8"): "x"}}, "providers.defillama.coins"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(table: dict[str, Any], setting: str) -> None:
    settings = Configuration({"p": table}).section("p", DefillamaSettings)
    with pytest.raises(SettingsError) as caught:
        defillama.build(settings, build_session(defillama.MANIFEST, settings, SystemClock()), SystemClock())
    assert [problem.setting for problem in caught.value.problems] == [setting]


async def _fetch(table: dict[str, Any], upstream: FakeUpstream) -> None:
    settings = Configuration({"p": table}).section("p", DefillamaSettings)
    session = build_session(defillama.MANIFEST, settings, SystemClock(), transport=upstream)
    try:
        await defillama.build(settings, session, SystemClock()).fetch(Target(feed="prices", target=ETH))
    finally:
        await session.close()
