"""The ECB's tables: hours of publication, safe XML, the CSV of any window, and the settings."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.time import SystemClock
from holdfast.providers import ecb
from holdfast.providers.ecb.provider import to_prices
from holdfast.providers.ecb.publication import published_at
from holdfast.providers.ecb.series import parse_series, series_path
from holdfast.providers.ecb.settings import EcbSettings
from holdfast.providers.ecb.table import Rate, TableError, parse_table
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import build_session
from holdfast.providers.kit.testing import FakeUpstream, Reply
from holdfast.settings import Configuration, SettingsError

ENVELOPE = (
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
    ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>{}</Cube></gesmes:Envelope>'
)
DAY = "<Cube time='2026-01-02'><Cube currency='USD' rate='1.1745'/></Cube>"
HEAD = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE\n"
ROW = "EXR.D.{c}.EUR.SP00.A,{f},{c},{d},SP00,A,{t},{v}\n"


def row(value: str, *, currency: str = "USD", day: str = "2021-01-04", per: str = "EUR", frequency: str = "D") -> str:
    return ROW.format(c=currency, f=frequency, d=per, t=day, v=value)


def test_a_rate_is_known_from_sixteen_hours_in_frankfurt() -> None:
    assert published_at(date(2026, 1, 2)) == datetime(2026, 1, 2, 15, tzinfo=UTC)
    assert published_at(date(2026, 7, 2)) == datetime(2026, 7, 2, 14, tzinfo=UTC)
    # The clocks change in the night to these days.
    assert published_at(date(2026, 3, 29)) == datetime(2026, 3, 29, 14, tzinfo=UTC)
    assert published_at(date(2026, 10, 25)) == datetime(2026, 10, 25, 15, tzinfo=UTC)


def test_a_rate_is_stated_as_one_euro_in_the_currency_and_never_inverted() -> None:
    (price,) = to_prices(parse_table(ENVELOPE.format(DAY).encode()))
    assert price == Price(
        asset="iso4217:EUR", quote="iso4217:USD", price=Decimal("1.1745"), source="ecb",
        at=datetime(2026, 1, 2, 15, tzinfo=UTC),
    )  # fmt: skip


def test_every_other_currency_is_priced_in_dollars_over_the_euro() -> None:
    """1.1745 / 0.87 is 1.35 exactly; a third of a dollar is cut, not rounded up."""
    day = date(2026, 1, 2)
    rates = [
        Rate(day, "USD", Decimal("1.1745")),
        Rate(day, "GBP", Decimal("0.87")),
        Rate(day, "XTS", Decimal("1.76175")),
    ]
    pounds = Price(
        asset="iso4217:GBP", quote="iso4217:USD", price=Decimal("1.35"), source="ecb-cross",
        at=datetime(2026, 1, 2, 15, tzinfo=UTC),
    )  # fmt: skip
    crossed = [price for price in to_prices(rates) if price.source == "ecb-cross"]
    assert crossed[0] == pounds
    assert [(price.asset, price.price) for price in crossed[1:]] == [("iso4217:XTS", Decimal("0." + "6" * 36))]
    assert [price for price in to_prices(rates, ["iso4217:GBP"]) if price.source == "ecb-cross"] == [pounds]


def test_a_day_without_the_dollar_prices_nothing_in_it() -> None:
    rates = [Rate(date(2026, 1, 2), "USD", Decimal("1.1745")), Rate(date(2026, 1, 5), "GBP", Decimal("0.87"))]
    assert [(price.asset, price.quote) for price in to_prices(rates)] == [
        ("iso4217:EUR", "iso4217:USD"), ("iso4217:EUR", "iso4217:GBP"),
    ]  # fmt: skip


async def test_a_window_asks_for_the_dollar_beside_what_is_wanted() -> None:
    upstream = FakeUpstream(lambda _: Reply(body=(HEAD + row("1.2") + row("0.8", currency="GBP")).encode()))
    settings = EcbSettings()
    session = build_session(ecb.MANIFEST, settings, SystemClock(), transport=upstream)
    start = datetime(2021, 1, 4, tzinfo=UTC)
    window = JobWindow(start=start, end=start.replace(day=5), every_s=86_400)
    target = Target(feed="prices", target="iso4217:GBP", window=window)
    fetched = await ecb.build(settings, session, SystemClock()).fetch(target)
    await session.close()
    assert "/D.GBP+USD.EUR.SP00.A?" in str(upstream.requests[0].url)
    assert [(price.asset, price.quote, price.price) for price in fetched.prices] == [
        ("iso4217:EUR", "iso4217:GBP", Decimal("0.8")), ("iso4217:GBP", "iso4217:USD", Decimal("1.5")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("<!DOCTYPE x>" + ENVELOPE.format(DAY), "a document type is not accepted"),
        ('<!DOCTYPE x SYSTEM "http://elsewhere/x.dtd">' + ENVELOPE.format(DAY), "a document type is not accepted"),
        (ENVELOPE.format("&undeclared;"), "undefined entity"),
        (ENVELOPE.format("<Cube>" * 20), "nested deeper than 16"),
        (ENVELOPE.format(DAY) + "<more/>", "junk after document element"),
        ("", "no element found"),
        ("\x00", "line 1"),
        ("<rates/>", "expected gesmes:Envelope, not 'rates'"),
        (ENVELOPE.format(DAY.replace("1.1745", "1,1745")), "the rate of USD is '1,1745'"),
        (ENVELOPE.format(DAY.replace("1.1745", "-1")), "the rate of USD is '-1'"),
        (ENVELOPE.format(DAY.replace(" rate='1.1745'", "")), "the rate of USD is ''"),
        (ENVELOPE.format(DAY.replace("USD", "usd")), "currency 'usd' is not a code"),
        (ENVELOPE.format(DAY.replace("2026-01-02", "0001-01-01")), "is not a day since the euro began"),
        (ENVELOPE.format(DAY.replace("2026-01-02", "20260102")), "is not a day since the euro began"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(document: str, told: str) -> None:
    with pytest.raises(TableError, match=r"^line \d+: ") as caught:
        parse_table(document.encode())
    assert told in str(caught.value)


def test_a_file_named_in_an_entity_is_never_read() -> None:
    document = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + ENVELOPE.format("&f;")
    with pytest.raises(TableError, match="a document type is not accepted"):
        parse_table(document.encode())


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: ENVELOPE.format(text).encode()))
def test_any_bytes_are_a_table_or_an_error(body: bytes) -> None:
    try:
        rates = parse_table(body)
    except TableError:
        return
    assert all(isinstance(rate, Rate) for rate in rates)


def test_a_cube_of_another_vocabulary_is_not_ours() -> None:
    inner = "<other:Cube xmlns:other='urn:x' time='2026-01-02' currency='USD' rate='1'/>"
    assert parse_table(ENVELOPE.format(inner).encode()) == ()


def test_a_window_of_the_past_is_asked_for_as_csv() -> None:
    path = series_path(("USD", "GBP"), date(2021, 1, 1), date(2021, 3, 31))
    assert path == (
        "/service/data/EXR/D.USD+GBP.EUR.SP00.A?startPeriod=2021-01-01&endPeriod=2021-03-31&detail=dataonly&format=csvdata"
    )
    assert series_path((), date(2021, 1, 1), date(2021, 1, 1)).startswith("/service/data/EXR/D..EUR.SP00.A?")


def test_a_window_of_the_past_has_the_rates_that_were_stated() -> None:
    body = HEAD + row("1.2296") + row("", day="2021-01-01") + row("0.90625", currency="GBP")
    assert parse_series(body.encode()) == (
        Rate(date(2021, 1, 4), "USD", Decimal("1.2296")),
        Rate(date(2021, 1, 4), "GBP", Decimal("0.90625")),
    )
    assert parse_series(b"") == ()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<html></html>\nx\n", "the columns FREQ, CURRENCY"),
        (HEAD + row("1.2", frequency="M", day="2021-01"), "line 2: expected daily rates per EUR, not 'M'"),
        (HEAD + row("1.2", per="USD"), "line 2: expected daily rates per EUR, not 'D' per 'USD'"),
        (HEAD + row("1.2") + row("1.3"), "line 3: USD has two rates on 2021-01-04"),
        (HEAD + row("NaN"), "line 2: the rate of USD is 'NaN'"),
        (HEAD + "EXR,D\n", "line 2: "),
        (HEAD + '"open', "not CSV"),
        (HEAD.encode() + b"\xff\n", "not CSV"),
    ],
)
def test_what_is_no_series_is_refused_with_its_line(body: str | bytes, told: str) -> None:
    with pytest.raises(TableError) as caught:
        parse_series(body if isinstance(body, bytes) else body.encode())
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("table", "setting"),
    [({"currencies": "USD"}, "providers.ecb.currencies, entry 1"),
     ({"currencies": ["eip155:1/slip44:60"]}, "providers.ecb.currencies")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_at_the_start(table: dict[str, Any], setting: str) -> None:
    settings = Configuration({"p": table}).section("p", EcbSettings)
    with pytest.raises(SettingsError) as caught:
        ecb.build(settings, build_session(ecb.MANIFEST, settings, SystemClock()), SystemClock())
    assert [problem.setting for problem in caught.value.problems] == [setting]


@pytest.mark.parametrize("target", [Target(feed="prices", target="*", scope="hist"), Target(feed="rates", target="*")])
async def test_another_table_or_feed_is_refused_without_a_request(target: Target) -> None:
    settings = EcbSettings()
    upstream = FakeUpstream(lambda _: Reply())
    session = build_session(ecb.MANIFEST, settings, SystemClock(), transport=upstream)
    with pytest.raises(UnexpectedResponseError, match="ecb has no feed"):
        await ecb.build(settings, session, SystemClock()).fetch(target)
    await session.close()
    assert upstream.requests == []
