"""Credmark as a provider: what it sends, of whom it asks, and how its zeros are read."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.accounts import parse_account
from holdfast.domain.jobs import JobWindow
from holdfast.providers.credmark import MANIFEST, build
from holdfast.providers.credmark.settings import CredmarkSettings
from holdfast.providers.credmark.statements import to_line
from holdfast.providers.credmark.wire import ValuedPosition
from holdfast.providers.kit.contract import Budget, Target
from holdfast.providers.kit.discovery import discover
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.registry.commands import SourceChoice
from holdfast.registry.errors import RegistryError
from holdfast.registry.validation.sources import checked_sources
from holdfast.settings import Configuration, Secret, SettingsError
from tests.support.credmark_examples import RETURNS_EXAMPLE, VALUE_HISTORY_EXAMPLE, VALUE_WITH_POSITIONS_EXAMPLE

NOW = datetime(2023, 6, 26, 14, 52, tzinfo=UTC)
ADDRESS = "0x295B61866dAA53a76CE4b3a927EFAF0059b4a90A"
ACCOUNT = f"eip155:1:{ADDRESS.lower()}"
SETTINGS = CredmarkSettings(
    api_key=Secret("key-for-tests"), base_url="https://gateway.example", requests_per_second=1000
)


def answer(request: Request) -> Reply:
    example = RETURNS_EXAMPLE if "/returns" in request.url else VALUE_WITH_POSITIONS_EXAMPLE
    if "/historical" in request.url:
        example = VALUE_HISTORY_EXAMPLE | {"data": []}
    return Reply(body=json.dumps(example).encode())


async def asked_for(settings: CredmarkSettings = SETTINGS, **how: Any) -> list[Request]:
    clock, upstream = FakeClock(NOW), FakeUpstream(answer)
    session = build_session(MANIFEST, settings, clock, transport=upstream)
    target = {"feed": "balances", "target": ACCOUNT, "scope": "wallet", "spelling": f"eip155:1:{ADDRESS}"} | how
    await build(settings, session, clock).fetch(Target(**target))
    return upstream.requests


async def test_the_key_is_a_bearer_and_the_address_is_spelled_as_its_owner_does() -> None:
    value, returns = await asked_for()
    assert value.url == f"https://gateway.example/v1/portfolio/1/{ADDRESS}/value?includePositions=true"
    assert returns.url == f"https://gateway.example/v1/portfolio/1/{ADDRESS}/returns?blockNumber=17563853"
    for request in (value, returns):
        assert request.headers["authorization"] == "Bearer key-for-tests"
        assert request.method == "GET"


async def test_history_is_one_request_for_a_window_without_returns() -> None:
    end = NOW.replace(minute=0)
    [request] = await asked_for(window=JobWindow(start=end - timedelta(hours=3), end=end, every_s=3600))
    assert request.url.partition("?")[2] == (
        "includePositions=true&startTimestamp=1687777200&endTimestamp=1687788000&timeInterval=3600"
    )


@pytest.mark.parametrize(
    "how",
    [
        {"feed": "prices"}, {"scope": "defi"},
        {"target": ACCOUNT.replace(":1:", ":10:"), "spelling": ""},
        {"target": "bitpanda:desk", "spelling": ""},
        {"target": ACCOUNT, "spelling": f"eip155:1:0x{'1' * 40}"},
    ],
)  # fmt: skip
async def test_what_it_cannot_be_asked_is_refused_without_asking(how: dict[str, str]) -> None:
    with pytest.raises(UnexpectedResponseError):
        await asked_for(**how)


async def test_another_holdfast_may_be_asked_of_other_chains() -> None:
    wide = CredmarkSettings(api_key=Secret("k"), base_url="https://gateway.example", chains="1,137")
    with pytest.raises(UnexpectedResponseError, match="not those that were asked for"):  # the example is of chain 1
        await asked_for(wide, target=ACCOUNT.replace(":1:", ":137:"), spelling="")


@pytest.mark.parametrize(
    ("balance", "value", "price", "read"),
    [
        ("2", "3", "1.5", ("2", "3", "1.5", None)),
        ("2", "0", "0", ("2", None, None, "no_price")),
        ("2", None, None, ("2", None, None, "no_price")),
        ("0", "0", "1.5", ("0", "0", "1.5", None)),
        ("-2", "-3", "1.5", (None, None, None, "negative_amount")),
        (None, "3", "1.5", (None, None, None, "unreadable")),
        ("2", "-3", "1.5", ("2", None, None, "negative_amount")),
    ],
)
def test_a_line_says_why_it_has_no_value(balance: Any, value: Any, price: Any, read: Any) -> None:
    numbers = [None if text is None else Decimal(text) for text in (balance, value, price)]
    position = ValuedPosition(
        token_address="0x" + "a" * 40, balance=numbers[0], value=numbers[1], token_price=numbers[2]
    )
    line = to_line(position, 1, "iso4217:USD")
    expected = [None if text is None else Decimal(text) for text in read[:3]]
    assert [line.amount, line.value, line.price] == expected
    assert line.reason == read[3]


def test_an_account_gets_this_source_only_where_it_is_named() -> None:
    catalogue = {name: module.manifest for name, module in discover().items()}
    account = parse_account(ACCOUNT)
    assert "credmark" not in {source.provider for source in checked_sources(catalogue, account, ())}
    named = [SourceChoice(provider="evm"), SourceChoice(provider="credmark")]
    with pytest.raises(RegistryError) as refused:
        checked_sources({"credmark": MANIFEST}, account, ())
    assert refused.value.fix == "Name a source: credmark"
    both = {source.provider: source.counted for source in checked_sources(catalogue, account, named)}
    assert both == {"evm": True, "credmark": False}


def test_a_slow_upstream_is_given_minutes() -> None:
    assert MANIFEST.deadline_s == 300


def test_below_one_a_second_the_budget_is_one_in_so_many_seconds() -> None:
    assert CredmarkSettings(api_key=Secret("k"), requests_per_second=0.25).budget == Budget(requests=1, per_s=4)


@pytest.mark.parametrize(("name", "text"), [("base_url", "https://d/api"), ("chains", "eip155:1"), ("chains", "1,")])
def test_a_setting_that_cannot_be_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Configuration({"credmark": {"api_key": "k", name: text}}).section("credmark", CredmarkSettings)
