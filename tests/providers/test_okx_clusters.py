"""OKX's token clusters: what is asked and signed, which chains, and how each setting is held against the answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup, TokenClusters
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import ProviderError, UnexpectedResponseError
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.providers.okx import MANIFEST, build
from holdfast.providers.okx.scales import ScaleError, check_scales
from holdfast.providers.okx.settings import ClusterSettings, OkxSettings
from holdfast.providers.okx.signing import sign
from holdfast.settings import Configuration, Secret

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
ADDRESS = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
TOKEN = f"eip155:1/erc20:{ADDRESS}"
QUERY = f"chainIndex=1&tokenContractAddress={ADDRESS}"
CHAINS = "/api/v6/dex/market/token/cluster/supported/chain"
SETTINGS = OkxSettings(
    api_key=Secret("the-api-key"),
    secret_key=Secret("the-secret-key"),
    passphrase=Secret("the-passphrase"),
    base_url="http://okx.example",
    requests_per_second=1000,
)


def answer_of(data: Any) -> Reply:
    return Reply(body=json.dumps({"code": "0", "msg": "", "data": data}).encode())


def upstream_of(request: Request) -> Reply:
    if request.url.endswith("supported/chain"):
        return answer_of([{"chainIndex": "1"}])
    return answer_of([{"clustList": []}] if "/cluster/list" in request.url else {})


class Fetcher:
    """A provider over a fake upstream, and what it asked."""

    def __init__(self, answer: Callable[[Request], Reply] = upstream_of, settings: OkxSettings = SETTINGS) -> None:
        self.clock = FakeClock(NOW)
        self._upstream = FakeUpstream(answer)
        session = build_session(MANIFEST, settings, self.clock, transport=self._upstream)
        self._provider = build(settings, session, self.clock)

    async def fetch(self, token: str = TOKEN) -> Fetched:
        return await self._provider.fetch(Target(feed="clusters", target=token))

    @property
    def paths(self) -> list[str]:
        return [request.url.removeprefix("http://okx.example") for request in self._upstream.requests]

    @property
    def requests(self) -> list[Request]:
        return self._upstream.requests


async def test_a_statement_takes_the_list_the_overview_and_three_groups_of_holders() -> None:
    fetcher = Fetcher()
    fetched = await fetcher.fetch()
    assert fetched.clusters[0].observed_at == NOW
    base = "/api/v6/dex/market/token/cluster"
    assert fetcher.paths == [
        CHAINS,
        f"{base}/list?{QUERY}",
        f"{base}/overview?{QUERY}",
        *(f"{base}/top-holders?{QUERY}&rangeFilter={number}" for number in (1, 2, 3)),
    ]


async def test_every_request_is_signed_with_its_query_and_has_no_body() -> None:
    fetcher = Fetcher()
    await fetcher.fetch()
    for request, path in zip(fetcher.requests, fetcher.paths, strict=True):
        assert (request.method, request.body) == ("GET", b"")
        timestamp = request.headers["ok-access-timestamp"]
        assert timestamp == "2026-01-02T03:04:05.678Z"
        assert request.headers["ok-access-sign"] == sign("the-secret-key", timestamp=timestamp, method="GET", path=path)


async def test_what_is_not_wanted_is_not_paid_for() -> None:
    tree = {"okx": {**SECRETS, "clusters": {"overview": "false", "top_holders": "false"}}}
    fetcher = Fetcher(settings=Configuration(tree).section("okx", OkxSettings))
    await fetcher.fetch()
    assert len(fetcher.requests) == 2


SECRETS = {"api_key": "k" * 8, "secret_key": "s" * 8, "passphrase": "p" * 8, "base_url": "http://okx.example"}


async def test_the_chains_are_asked_for_once_a_day() -> None:
    fetcher = Fetcher()
    for later in (timedelta(0), timedelta(hours=23), timedelta(hours=25)):
        fetcher.clock.time = NOW + later
        await fetcher.fetch()
    assert fetcher.paths.count(CHAINS) == 2


async def test_chains_that_could_not_be_had_are_asked_for_again() -> None:
    failing = [True]

    def answer(request: Request) -> Reply:
        return Reply(status=500) if failing[0] else upstream_of(request)

    fetcher = Fetcher(answer)
    with pytest.raises(ProviderError):
        await fetcher.fetch()
    failing[0] = False
    assert (await fetcher.fetch()).clusters


@pytest.mark.parametrize(
    "token",
    [
        "eip155:1/slip44:60",
        "okx:USDC",
        "iso4217:USD",
        "nonsense",
        "cosmos:cosmoshub-4/ics20:abc",
        "*",
        f"eip155:1/erc20:{ADDRESS.upper().replace('0X', '0x')}",
    ],
)
async def test_what_is_no_token_of_a_chain_is_refused_before_anything_is_sent(token: str) -> None:
    fetcher = Fetcher()
    with pytest.raises(UnexpectedResponseError):
        await fetcher.fetch(token)
    assert fetcher.requests == []


async def test_a_chain_without_clusters_is_named() -> None:
    with pytest.raises(UnexpectedResponseError, match="8453"):
        await Fetcher().fetch(f"eip155:8453/erc20:{ADDRESS}")


async def test_both_feeds_share_one_budget() -> None:
    """One provider has one session, and the session one window."""
    assert [feed.name for feed in MANIFEST.feeds] == ["balances", "clusters"]
    clusters = MANIFEST.feed("clusters")
    assert clusters is not None
    assert (clusters.namespaces, clusters.scopes, clusters.every_s) == ((), (), 3600)


IDLE = {"last_active_at": NOW - timedelta(days=10)}


def statement(*clusters: Cluster, groups: tuple[HolderGroup, ...] = (), **overview: Decimal) -> TokenClusters:
    return TokenClusters(
        token=TOKEN,
        observed_at=NOW,
        clusters=clusters,
        overview=ClusterOverview(**overview) if overview else None,
        top_holders=groups,
    )


def cluster(amount: str, share: str, **more: Any) -> Cluster:
    return Cluster(amount=Decimal(amount), share=Decimal(share), **more)


def hundred(share: str, **more: Any) -> HolderGroup:
    return HolderGroup(holders=100, amount=None, share=Decimal(share), **more)


def priced(distance: str, bought_at: str = "3") -> TokenClusters:
    """The price is 2, and 100 holders have bought at 3: half of it, or a third, away."""
    group = hundred("0.5", average_buy_price_usd=Decimal(bought_at), average_buy_distance=Decimal(distance))
    return statement(cluster("10", "0.25", value_usd=Decimal(20)), groups=(group,))


def holding(*days: int) -> TokenClusters:
    """Idle for nine days, beside one that was active yesterday."""
    addresses = tuple(
        ClusterAddress(address=f"0x{n}", amount=None, average_holding_s=Decimal(86_400 * n), **IDLE) for n in days
    )
    awake = ClusterAddress(
        address="0x0", amount=None, average_holding_s=Decimal(1), last_active_at=NOW - timedelta(days=1)
    )
    return statement(Cluster(amount=None, addresses=(*addresses, awake)))


@pytest.mark.parametrize(
    "said",
    [
        statement(),
        statement(cluster("50", "0.5"), cluster("50", "0.5")),
        statement(cluster("50", "0.5"), cluster("1", "0.01")),
        statement(cluster("9", "0.04")),  # a tenth off is another way of counting
        statement(cluster("4", "0.001")),  # a single digit: half of it may be rounding
        statement(cluster("50", "0.5"), groups=(hundred("0.02"),), top_100_share=Decimal("0.7")),  # a pool has the rest
        priced("0.5"),
        priced("-0.333"),
        priced("0.49"),
        priced("0.0001", bought_at="2.01"),  # half a percent away by now
        holding(9, 1),
        holding(1, 2),  # two do not prove it
        holding(1, 2, 9),
    ],
)
def test_a_statement_that_fits_its_settings_passes(said: TokenClusters) -> None:
    check_scales(said, ClusterSettings(supplies={TOKEN: Decimal(100)}))


@pytest.mark.parametrize(
    ("said", "setting"),
    [
        (statement(cluster("6", "6.52")), "share_scale = fraction"),
        (statement(cluster("60", "0.6"), cluster("60", "0.6")), "share_scale = fraction"),
        (statement(groups=(hundred("62"),)), "share_scale = fraction"),
        (statement(cluster("50", "0.50"), cluster("50", "0.0050")), "share_scale = fraction"),
        (statement(cluster("50", "0.0050")), "share_scale = fraction"),
        (statement(top_100_share=Decimal(62)), "overview_scale = percent"),
        (statement(rug_pull_ratio=Decimal(12)), "overview_scale = percent"),
        (statement(groups=(hundred("0.62"),), top_100_share=Decimal("0.0068")), "overview_scale and share_scale"),
        (priced("50"), "change_scale = fraction"),
        (priced("-0.004"), "change_scale = fraction"),
        (holding(365 * 30), "period_unit = seconds"),
        (holding(1, 2, 3), "period_unit = seconds"),
    ],
)
def test_a_statement_that_contradicts_a_setting_names_it(said: TokenClusters, setting: str) -> None:
    with pytest.raises(ScaleError, match=setting):
        check_scales(said, ClusterSettings(supplies={TOKEN: Decimal(100)}))
