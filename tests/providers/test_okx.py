"""OKX as a provider: signing, one wallet a request, asset ids, rewards told once, times."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.balances import Balance
from holdfast.providers.kit.contract import Budget, Fetched, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.providers.okx import MANIFEST, build
from holdfast.providers.okx.assets import asset_of
from holdfast.providers.okx.rewards import Rewards
from holdfast.providers.okx.settings import OkxSettings
from holdfast.providers.okx.signing import sign, to_timestamp
from holdfast.settings import Configuration, Secret, SettingsError

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
WALLET = "0x742d35cc6634c0532925a3b844bc9e7595f0beb5"
SOLANA = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
SOLANA_WALLET = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv"
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
USDC_SOLANA = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
USDT_TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
USDT_TON = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"
SETTINGS = OkxSettings(
    api_key=Secret("the-api-key"),
    secret_key=Secret("the-secret-key"),
    passphrase=Secret("the-passphrase"),
    base_url="http://okx.example",
    requests_per_second=1000,
)


def answer_of(data: Any) -> Reply:
    return Reply(body=json.dumps({"code": "0", "msg": "", "data": data}).encode())


def empty(_: Request) -> Reply:
    return answer_of({"walletIdPlatformList": []})


async def fetch(
    answer: Callable[[Request], Reply],
    *,
    settings: OkxSettings = SETTINGS,
    account: str = f"eip155:1:{WALLET}",
    clock: FakeClock | None = None,
) -> tuple[Fetched, list[Request]]:
    clock = clock or FakeClock(NOW)
    upstream = FakeUpstream(answer)
    session = build_session(MANIFEST, settings, clock, transport=upstream)
    fetched = await build(settings, session, clock).fetch(Target(feed="balances", target=account, scope="defi"))
    return fetched, upstream.requests


def test_the_signature_of_a_post_is_the_documented_one() -> None:
    body = b'{"walletAddressList":[{"chainId":"1","walletAddress":"0x655b35f11006617696a4b31978ba4c078b6b7145"}]}'
    path = "/api/v5/defi/user/asset/platform/list"
    signature = sign("test-secret", timestamp="2024-01-01T00:00:00.000Z", method="POST", path=path, body=body)
    assert signature == "KLlkMFvpsyPso69lhsucJqCLPBWLnCFkiOc/OQGJjyk="


def test_the_signature_of_a_get_covers_its_query() -> None:
    path = (
        "/api/v6/dex/market/token/cluster/list?chainIndex=1"
        "&tokenContractAddress=0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
    )
    signature = sign("test-secret", timestamp="2024-01-01T00:00:00.000Z", method="get", path=path)
    assert signature == "COYjqS6wpS9K7+LiVZEYVPyNUbIwyUFamV+7oaiX2vU="


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    assert to_timestamp(NOW) == "2026-01-02T03:04:05.678Z"
    assert to_timestamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000Z"


async def test_a_request_is_signed_over_the_very_bytes_sent() -> None:
    _, (request,) = await fetch(empty)
    headers = request.headers
    assert headers["ok-access-key"] == "the-api-key"
    assert headers["ok-access-passphrase"] == "the-passphrase"
    assert headers["ok-access-timestamp"] == "2026-01-02T03:04:05.678Z"
    assert headers["content-type"] == "application/json"
    assert "ok-access-project" not in headers
    path = request.url.removeprefix("http://okx.example")
    assert headers["ok-access-sign"] == sign(
        "the-secret-key", timestamp=headers["ok-access-timestamp"], method="POST", path=path, body=request.body
    )


async def test_an_older_project_is_named() -> None:
    settings = OkxSettings(
        api_key=Secret("k" * 8), secret_key=Secret("s" * 8), passphrase=Secret("p" * 8), project="project-1"
    )
    _, (request,) = await fetch(empty, settings=settings)
    assert request.headers["ok-access-project"] == "project-1"
    assert request.url == "https://web3.okx.com/api/v6/defi/user/asset/platform/list"


async def test_one_request_names_one_wallet_on_one_chain() -> None:
    for account, chain, address in (
        (f"eip155:56:{WALLET}", "56", WALLET),
        (f"{SOLANA}:{SOLANA_WALLET}", "501", SOLANA_WALLET),
    ):
        fetched, (request,) = await fetch(empty, account=account)
        assert json.loads(request.body) == {"walletAddressList": [{"chainIndex": chain, "walletAddress": address}]}
        assert fetched.snapshots[0].account == account


@pytest.mark.parametrize("account", ["okx:17", "cosmos:cosmoshub-4:cosmos1abc", "nonsense"])
async def test_an_account_that_okx_cannot_know_is_refused_before_anything_is_sent(account: str) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return empty(request)

    with pytest.raises(UnexpectedResponseError):
        await fetch(answer, account=account)
    assert asked == []


async def test_a_feed_it_does_not_have_is_refused() -> None:
    clock = FakeClock(NOW)
    session = build_session(MANIFEST, SETTINGS, clock, transport=FakeUpstream(empty))
    with pytest.raises(UnexpectedResponseError, match="prices"):
        await build(SETTINGS, session, clock).fetch(Target(feed="prices", target=f"eip155:1:{WALLET}"))


@pytest.mark.parametrize(
    ("update_at", "observed_at"),
    [
        (None, NOW),
        (0, NOW),
        ("1767323000123", datetime(2026, 1, 2, 3, 3, 20, 123000, tzinfo=UTC)),
        (1767323000123, datetime(2026, 1, 2, 3, 3, 20, 123000, tzinfo=UTC)),
        (1999999999999, NOW),
    ],
)
async def test_the_as_of_is_okxs_own_or_when_we_asked_and_never_in_the_future(
    update_at: object, observed_at: datetime
) -> None:
    fetched, _ = await fetch(lambda _: answer_of({"walletIdPlatformList": [], "updateAt": update_at}))
    assert fetched.snapshots[0].observed_at == observed_at


async def test_without_an_as_of_it_is_when_the_list_was_asked_for_not_the_details() -> None:
    clock = FakeClock(NOW)

    def answer(request: Request) -> Reply:
        clock.time += timedelta(seconds=10)
        if request.url.endswith("list"):
            return answer_of({"walletIdPlatformList": [{"platformList": [{"analysisPlatformId": 1}]}]})
        return answer_of([])

    fetched, requests = await fetch(answer, clock=clock)
    assert len(requests) == 2
    assert fetched.snapshots[0].observed_at == NOW
    assert fetched.snapshots[0].fetched_at == NOW + timedelta(seconds=20)


async def test_many_platforms_are_asked_for_in_groups() -> None:
    def answer(request: Request) -> Reply:
        if request.url.endswith("list"):
            platforms = [
                {"analysisPlatformId": str(n), "platformName": f"P{n}", "currencyAmount": "1"} for n in range(45)
            ]
            return answer_of({"walletIdPlatformList": [{"platformList": platforms}]})
        return answer_of([])

    fetched, requests = await fetch(answer)
    sizes = [len(json.loads(request.body).get("platformList", [])) for request in requests]
    assert sizes == [0, 20, 20, 5]
    assert len(fetched.snapshots[0].balances) == 45
    assert fetched.totals[0].total == 45


@pytest.mark.parametrize(
    ("chain", "address", "symbol", "asset"),
    [
        ("1", USDC, "USDC", f"eip155:1/erc20:{USDC.lower()}"),
        ("1", "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE", "ETH", "eip155:1/slip44:60"),
        ("137", "0x0000000000000000000000000000000000000000", "", "eip155:137/slip44:966"),
        ("1", "", "eth", "eip155:1/slip44:60"),
        ("137", "", "MATIC", "eip155:137/slip44:966"),
        ("1", "", "USDC", "okx:USDC"),
        ("137", "", "ETH", "okx:ETH"),
        ("777777", "", "ETH", "okx:ETH"),
        ("777777", "0x" + "e" * 40, "XYZ", "okx:XYZ"),
        ("777777", "0x" + "1" * 40, "XYZ", "eip155:777777/erc20:0x" + "1" * 40),
        ("501", "", "SOL", f"{SOLANA}/slip44:501"),
        ("501", USDC_SOLANA, "USDC", f"{SOLANA}/token:{USDC_SOLANA}"),
        ("195", USDT_TRON, "USDT", f"tron:0x2b6653dc/trc20:{USDT_TRON}"),
        ("607", USDT_TON, "USDT", f"okx:607:{USDT_TON}"),
        ("1", "0x1234", "ODD", "okx:1:0x1234"),
        ("", "0x" + "1" * 40, "ODD", "okx:0x" + "1" * 40),
        ("1", "", "", None),
        ("1", "", "two words", None),
    ],
)
def test_an_asset_id_is_certain_or_okxs_own(chain: str, address: str, symbol: str, asset: str | None) -> None:
    assert asset_of(chain, address, symbol) == asset


def reward(amount: str, asset: str = "okx:AAVE") -> Balance:
    return Balance(asset=asset, kind="reward", amount=Decimal(amount))


def test_two_positions_with_equal_rewards_have_two() -> None:
    assert len(Rewards().tell([("R", reward("1")), ("R", reward("1"))])) == 2


@pytest.mark.parametrize(
    ("inner", "outer", "new"),
    [
        (["0.1", "0.2"], ["0.1", "0.2"], []),
        (["0.1", "0.2"], ["0.3"], []),
        (["0.1"], ["0.10"], []),
        (["1"], ["1", "1"], ["1"]),
        (["0.1"], ["0.4"], ["0.4"]),
        ([], ["0.4"], ["0.4"]),
    ],
)
def test_what_a_position_told_is_not_told_again(inner: list[str], outer: list[str], new: list[str]) -> None:
    rewards = Rewards()
    rewards.tell([("R", reward(amount)) for amount in inner])
    told = rewards.tell_outer([("R", reward(amount)) for amount in outer])
    assert [line.amount for line in told] == [Decimal(amount) for amount in new]


def test_another_type_or_token_is_another_reward() -> None:
    rewards = Rewards()
    rewards.tell([("R", reward("1"))])
    assert len(rewards.tell_outer([("BONUS", reward("1")), ("R", reward("1", "okx:OP"))])) == 2


@pytest.mark.parametrize(
    ("per_second", "budget"),
    [
        (1, Budget(requests=1, per_s=1)),
        (5, Budget(requests=5, per_s=1)),
        (2.9, Budget(requests=2, per_s=1)),
        (0.25, Budget(requests=1, per_s=4)),
    ],
)
def test_the_budget_is_the_operators(per_second: float, budget: Budget) -> None:
    settings = OkxSettings(
        api_key=Secret("k"), secret_key=Secret("s"), passphrase=Secret("p"), requests_per_second=per_second
    )
    assert settings.budget == budget


def test_settings_that_are_missing_or_wrong_are_all_named() -> None:
    tree = {"providers": {"okx": {"api_key": "k", "base_url": "web3.okx.com", "version": "v7"}}}
    with pytest.raises(SettingsError) as raised:
        Configuration(tree).section("providers.okx", OkxSettings)
    assert [problem.setting.removeprefix("providers.okx.") for problem in raised.value.problems] == [
        "secret_key",
        "passphrase",
        "base_url",
        "version",
    ]
