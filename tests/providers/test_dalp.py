"""DALP as a provider: what it sends, whom it asks for, and that all of a value is somewhere."""

import json
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.providers.dalp import MANIFEST, build
from holdfast.providers.dalp.lines import asset_of, to_lines
from holdfast.providers.dalp.settings import DalpSettings
from holdfast.providers.dalp.wire import AssetRow, TokenRef, WalletShare
from holdfast.providers.kit.contract import Budget, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.settings import Configuration, Secret, SettingsError
from tests.support.dalp_examples import BREAKDOWN_EXAMPLE

NOW = datetime(2026, 3, 24, 16, 20, 30, tzinfo=UTC)
PARTICIPANT = "pp_3f2b8c1e-9a4d-4c6f-8b7a-0d1e2f3a4b5c"
ADDRESS = "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"
SETTINGS = DalpSettings(
    api_key=Secret("sm_dalp_for_tests"), base_url="https://dalp.example", organization="org-7", requests_per_second=1000
)


def answer(request: Request) -> Reply:
    body: Any = {"data": [], "meta": {"totalCount": 0}, "links": {}}
    return Reply(body=json.dumps(body if "balances" in request.url else BREAKDOWN_EXAMPLE).encode())


async def asked_for(account: str, settings: DalpSettings = SETTINGS, **how: Any) -> list[Request]:
    clock, upstream = FakeClock(NOW), FakeUpstream(answer)
    session = build_session(MANIFEST, settings, clock, transport=upstream)
    await build(settings, session, clock).fetch(
        Target(**{"feed": "balances", "target": account, "scope": "dalp"} | how)
    )
    return upstream.requests


async def test_key_organisation_and_participant_are_sent_with_every_request() -> None:
    for request in await asked_for(f"dalp:{PARTICIPANT}"):
        assert request.headers["x-api-key"] == "sm_dalp_for_tests"
        assert request.headers["x-organization-id"] == "org-7"
        assert request.headers["x-participant"] == PARTICIPANT


async def test_for_the_keys_own_participant_no_name_is_sent() -> None:
    plain = DalpSettings(api_key=Secret("sm_dalp_for_tests"), base_url="https://dalp.example", requests_per_second=1000)
    for request in await asked_for("dalp:me", plain):
        assert "x-participant" not in request.headers
        assert "x-organization-id" not in request.headers


@pytest.mark.parametrize("how", [{"feed": "prices"}, {"scope": "custody"}])
async def test_a_feed_or_scope_that_there_is_not_is_refused(how: dict[str, str]) -> None:
    with pytest.raises(UnexpectedResponseError):
        await asked_for("dalp:me", **how)


@pytest.mark.parametrize(
    ("token", "chain", "asset"),
    [
        (TokenRef(id=ADDRESS), "eip155:137", f"eip155:137/erc20:{ADDRESS.lower()}"),
        (TokenRef(address=ADDRESS, id="7"), "", f"dalp:{ADDRESS.lower()}"),
        (TokenRef(id="eip155:1/slip44:60"), "eip155:137", "eip155:1/slip44:60"),
        (TokenRef(id="iso4217:EUR"), "", "iso4217:EUR"),
        (TokenRef(), "eip155:137", None),
        (TokenRef(), "", None),
    ],
)
def test_a_token_is_named_by_its_contract_or_by_the_asset_id_that_it_brings(
    token: TokenRef, chain: str, asset: str | None
) -> None:
    assert asset_of(token, chain) == asset


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 10**20), st.integers(0, 100)), min_size=1, max_size=5),
    st.decimals(0, 10**12, places=6),
)
def test_lines_of_a_token_add_up_to_its_amount_and_its_value(wallets: list[tuple[int, int]], value: Decimal) -> None:
    shares = [(Decimal(raw).scaleb(-9), Decimal(raw * percent // 100).scaleb(-9)) for raw, percent in wallets]
    amount = sum((one for one, _ in shares), Decimal(0))
    row = AssetRow(
        token=TokenRef(id=ADDRESS),
        value=format(amount, "f"),
        frozen=format(sum((frozen for _, frozen in shares), Decimal(0)), "f"),
        by_wallet=tuple(
            WalletShare(wallet=str(n), value=format(one, "f"), frozen=format(frozen, "f"))
            for n, (one, frozen) in enumerate(shares)
        ),
        value_in_base_currency=format(value, "f"),
    )
    lines = list(to_lines(row, SETTINGS))
    with localcontext() as wide:
        wide.prec = 200
        assert sum((line.amount or Decimal(0) for line in lines), Decimal(0)) == amount
        assert sum((line.value or Decimal(0) for line in lines), Decimal(0)) == (value if amount else 0)
    assert all(line.value is not None and line.value >= 0 for line in lines)


def test_below_one_a_second_the_budget_is_one_in_so_many_seconds() -> None:
    assert DalpSettings(api_key=Secret("k"), base_url="https://d", requests_per_second=0.25).budget == Budget(
        requests=1, per_s=4
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [("base_url", "https://d/api"), ("base_currency", "euro"), ("chain", "polygon"), ("page_size", "0")],
)
def test_a_setting_that_cannot_be_is_named(name: str, text: str) -> None:
    section = {"api_key": "k", "base_url": "https://d"} | {name: text}
    with pytest.raises(SettingsError, match=name):
        Configuration({"dalp": section}).section("dalp", DalpSettings)
