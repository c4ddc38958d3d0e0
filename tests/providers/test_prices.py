"""The prices provider: CSV files, and the rules that a stated price must keep."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.prices import Price
from holdfast.domain.time import SystemClock
from holdfast.providers import prices
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import ProviderUnavailableError, UnexpectedResponseError
from holdfast.providers.kit.session import build_session
from holdfast.providers.kit.testing import FakeUpstream, Reply
from holdfast.providers.prices.csv_file import PriceFileError, load_prices
from holdfast.providers.prices.rows import RowError, to_price
from holdfast.providers.prices.settings import PriceSource, PricesSettings
from holdfast.settings import Configuration, Secret, SettingsError

ETH = "eip155:1/slip44:60"
GOOD = {"asset": ETH, "at": "2026-01-31T12:00:00Z", "price": "1"}


def test_a_file_states_prices_with_their_quote_and_source(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "asset,at,price,quote,source\n"
        f"{ETH},2026-01-31T12:00:00Z,2201.123456789012345678,iso4217:USD,desk\n"
        f'"{ETH}",2026-01-31T13:00:00+01:00,1990.5,iso4217:EUR,desk\n',
    )
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert load_prices(path, "csv") == (
        Price(asset=ETH, at=noon, price=Decimal("2201.123456789012345678"), quote="iso4217:USD", source="desk"),
        Price(asset=ETH, at=noon, price=Decimal("1990.5"), quote="iso4217:EUR", source="desk"),
    )


def test_without_their_columns_the_quote_is_usd_and_the_source_the_configured_name(tmp_path: Path) -> None:
    path = _write(tmp_path, f"\ufeffprice,asset,at\r\n1e-18,{ETH},2026-01-31T12:00:00Z\r\n")
    (price,) = load_prices(path, "my-file")
    assert (price.price, price.quote, price.source) == (Decimal("1e-18"), "iso4217:USD", "my-file")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("asset,at,price\nETH,2026-01-31T12:00:00Z,1\n", "line 2, column asset: asset 'ETH'"),
        (f"asset,at,price\n\n{ETH},31.1.2026,1\n", "line 3, column at: '31.1.2026' is no time"),
        (f"asset,at,price\n{ETH},2026-01-31T12:00:00,1\n", "line 2, column at: '2026-01-31T12:00:00' has no time zone"),
        (f"asset,at,price\n{ETH},2026-01-31T12:00:00Z,\n", "line 2, column price: is missing"),
        (f"asset,at,price\n{ETH},2026-01-31T12:00:00Z\n", "line 2, column price: is missing"),
        (f'asset,at,price\n{ETH},2026-01-31T12:00:00Z,"1,5"\n', "line 2, column price: '1,5' is no price"),
        (f"asset,at,price\n{ETH},2026-01-31T12:00:00Z,1,5\n", "line 2, column (none): more cells than columns"),
        (f"asset,at,price,quote\n{ETH},2026-01-31T12:00:00Z,1,\n", "line 2, column quote: is missing"),
        (f"asset,at,price,source\n{ETH},2026-01-31T12:00:00Z,1, \n", "line 2, column source"),
        (
            f"asset,at,price\n{ETH},2026-01-31T12:00:00Z,1\n{ETH},2026-01-31T12:00:00Z,2\n",
            "line 3, column price: line 2 states another price for the same instant",
        ),
        ("asset,at\n", "line 1, column price: is missing"),
        ("asset,at,price,volume\n", "line 1, column volume: is unknown"),
        ("asset,at,price,price\n", "line 1: names a column twice"),
        ("", "line 1, column asset: is missing"),
        (f'asset,at,price\n"{ETH}', "after line 1: unexpected end of data"),
    ],
)
def test_a_bad_row_refuses_the_file_and_names_line_and_column(tmp_path: Path, rows: str, told: str) -> None:
    with pytest.raises(PriceFileError) as caught:
        load_prices(_write(tmp_path, rows), "csv")
    assert told in str(caught.value)


def test_all_bad_rows_are_told_up_to_ten(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError) as caught:
        load_prices(_write(tmp_path, "asset,at,price\n" + "ETH,2026-01-31T12:00:00Z,1\n" * 12), "csv")
    assert str(caught.value).count("column asset") == 10
    assert str(caught.value).endswith("and 2 more")


def test_the_same_row_twice_is_one_price(tmp_path: Path) -> None:
    row = f"{ETH},2026-01-31T12:00:00Z,"
    assert len(load_prices(_write(tmp_path, f"asset,at,price\n{row}1.50\n{row}1.5\n"), "csv")) == 1


@pytest.mark.parametrize(
    "price",
    ["NaN", "Infinity", "-1", "1_000", "１", "0x10", "1e999", "1e41", "1e-37", "", None, True, 1.5, [], "1" * 101],
)
def test_what_is_no_exact_price_is_refused_by_its_field(price: Any) -> None:
    with pytest.raises(RowError) as caught:
        to_price({**GOOD, "price": price}, "x")
    assert caught.value.field == "price"


@given(price=st.decimals(min_value=0, max_value=10**39, places=36))
def test_a_price_keeps_every_digit(price: Decimal) -> None:
    assert to_price({**GOOD, "price": format(price, "f")}, "x").price == price


async def test_sources_are_read_together_and_the_target_chooses(tmp_path: Path) -> None:
    path = _write(tmp_path, f"asset,at,price\n{ETH},2026-01-31T12:00:00Z,1\niso4217:EUR,2026-01-31T12:00:00Z,1.1\n")
    settings = PricesSettings(
        sources=(
            PriceSource(name="desk", csv_path=str(path)),
            PriceSource(name="feed", url=Secret("http://feed/prices")),
        )
    )
    everything = await _fetch(settings, "*")
    assert [(price.asset, price.source) for price in everything.prices] == [
        (ETH, "desk"),
        ("iso4217:EUR", "desk"),
        ("iso4217:EUR", "feed"),
    ]
    assert [price.source for price in (await _fetch(settings, ETH)).prices] == ["desk"]


async def test_a_file_that_is_not_there_may_come_back_and_a_bad_one_needs_a_person(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailableError, match="cannot read"):
        await _fetch(PricesSettings(csv_path=str(tmp_path / "missing.csv")), "*")
    with pytest.raises(UnexpectedResponseError, match="line 1, column price"):
        await _fetch(PricesSettings(csv_path=str(_write(tmp_path, "asset,at\n"))), "*")


async def test_a_target_that_is_no_asset_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "asset,at,price\n")
    with pytest.raises(UnexpectedResponseError, match="target 'ETH,'"):
        await _fetch(PricesSettings(csv_path=str(path)), "ETH,")


@pytest.mark.parametrize(
    ("table", "setting"),
    [
        ({}, "providers.prices"),
        ({"sources": [{"name": "a"}]}, "providers.prices.sources, 'a'"),
        ({"sources": [{"name": "a", "csv_path": "x", "url": "http://y"}]}, "providers.prices.sources, 'a'"),
        ({"url": "ftp://feed"}, "providers.prices.sources, 'http'"),
    ],
)
def test_settings_without_a_usable_source_are_refused(table: dict[str, Any], setting: str) -> None:
    settings = Configuration({"p": table}).section("p", PricesSettings)
    with pytest.raises(SettingsError) as caught:
        prices.build(settings, build_session(prices.MANIFEST, settings, SystemClock()), SystemClock())
    assert [problem.setting for problem in caught.value.problems] == [setting]


async def _fetch(settings: PricesSettings, target: str) -> Fetched:
    body = b'{"prices": [{"asset": "iso4217:EUR", "price": "1.2", "at": "2026-01-31T12:00:00Z"}]}'
    upstream = FakeUpstream(lambda _: Reply(body=body))
    session = build_session(prices.MANIFEST, settings, SystemClock(), transport=upstream)
    try:
        return await prices.build(settings, session, SystemClock()).fetch(Target(feed="prices", target=target))
    finally:
        await session.close()


def _write(folder: Path, text: str) -> Path:
    path = folder / "prices.csv"
    path.write_bytes(text.encode())
    return path
