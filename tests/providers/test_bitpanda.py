"""Custody as a provider: one key is one user, and history in series of at most two hundred points."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.providers.bitpanda import MANIFEST, build, wire
from holdfast.providers.bitpanda.history import to_requests
from holdfast.providers.bitpanda.lines import to_asset, to_currency
from holdfast.providers.bitpanda.settings import BitpandaSettings
from holdfast.providers.kit.contract import Budget, Fetched, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.settings import Configuration, Secret, SettingsError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = BitpandaSettings(
    api_key=Secret("the-api-key"), user="desk", url="http://custody.example/graphql", requests_per_second=1000
)


def window(start: datetime, end: datetime, every_s: int = 3600) -> JobWindow:
    return JobWindow(start=start, end=end, every_s=every_s)


async def fetch(
    answer: Callable[[Request], Reply],
    *,
    settings: BitpandaSettings = SETTINGS,
    account: str = "bitpanda:desk",
    feed: str = "balances",
    history: JobWindow | None = None,
) -> tuple[Fetched, list[Request]]:
    clock = FakeClock(NOW)
    upstream = FakeUpstream(answer)
    session = build_session(MANIFEST, settings, clock, transport=upstream)
    target = Target(feed=feed, target=account, scope="custody", window=history)
    return await build(settings, session, clock).fetch(target), upstream.requests


def item(at: datetime, amount: str = "1") -> dict[str, Any]:
    stated = {"value": amount, "timestamp": wire.to_text(at), "currency": "ETH"}
    return {
        "timestamp": wire.to_text(at),
        "total": stated | {"currency": "GBP"},
        "balances": {"items": [{"amount": stated, "worth": None, "asset": {"name": "Ethereum"}}], "nextToken": None},
    }


def reply(*items: dict[str, Any]) -> Reply:
    return Reply(body=json.dumps({"data": {"user": {"portfolio": {"items": items}}}}).encode())


class Upstream:
    """Answers series as the real one: newest first, 200 at most, what is older silently left out."""

    def __init__(self, *, includes_start: bool = True, most: int = 200) -> None:
        self.includes_start = includes_start
        self.most = most
        self.asked: list[tuple[datetime, datetime]] = []

    def __call__(self, request: Request) -> Reply:
        dates = re.findall(r'Date: "([^"]+)"', json.loads(request.body)["query"])
        start, end = (datetime.fromisoformat(text) for text in (dates if len(dates) == 2 else dates * 2))
        self.asked.append((start, end))
        hours = [end - HOUR * at for at in range((end - start) // HOUR + 1)]
        if not self.includes_start and len(hours) > 1:
            hours.pop()
        return reply(*(item(hour, str(hour.toordinal())) for hour in hours[: self.most]))


async def test_the_key_is_sent_in_its_header_and_nowhere_else() -> None:
    _, (request,) = await fetch(lambda _: reply(item(NOW - HOUR)))
    assert (request.method, request.url) == ("POST", "http://custody.example/graphql")
    assert request.headers["x-api-key"] == "the-api-key"
    assert b"the-api-key" not in request.body
    assert set(json.loads(request.body)) == {"query"}


async def test_one_key_is_one_user_so_another_account_is_refused_unasked() -> None:
    asked: list[Request] = []
    with pytest.raises(UnexpectedResponseError, match="the key is of 'bitpanda:desk'"):
        await fetch(lambda request: asked.append(request) or reply(), account="bitpanda:other")
    assert asked == []


@pytest.mark.parametrize("what", [{"feed": "prices"}, {"history": window(NOW - HOUR, NOW, 60)}])
async def test_what_the_manifest_does_not_offer_is_refused(what: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedResponseError):
        await fetch(lambda _: reply(), **what)


async def test_a_long_window_is_asked_in_series_of_at_most_200_points_without_gap_or_double() -> None:
    start = NOW.replace(minute=0, second=0) - 999 * HOUR
    for upstream in (Upstream(), Upstream(includes_start=False)):
        fetched, _ = await fetch(upstream, history=window(start, start + 999 * HOUR))
        observed = [snapshot.observed_at for snapshot in fetched.snapshots]
        first = start if upstream.includes_start else start + HOUR
        assert observed == [first + HOUR * at for at in range((start + 999 * HOUR - first) // HOUR + 1)]
        assert [total.observed_at for total in fetched.totals] == observed
        assert all((end - begin) // HOUR + 1 <= 200 for begin, end in upstream.asked)
        assert len(upstream.asked) == 6  # 199 steps each: the point at a seam is asked for twice


async def test_where_two_series_meet_the_first_answer_counts() -> None:
    end = NOW.replace(minute=0, second=0)
    answers = iter(("new", "old"))

    def answer(request: Request) -> Reply:
        found = json.loads(Upstream()(request).body)["data"]["user"]["portfolio"]["items"]
        amount = {"new": "2", "old": "1"}[next(answers)]
        return reply(*(item(datetime.fromisoformat(one["timestamp"]), amount) for one in found))

    fetched, _ = await fetch(answer, history=window(end - 200 * HOUR, end))
    assert [int(one.balances[0].amount or 0) for one in fetched.snapshots] == [1] + [2] * 200


async def test_points_that_are_left_out_are_missing_and_the_rest_is_true() -> None:
    end = NOW.replace(minute=0, second=0)
    fetched, _ = await fetch(Upstream(most=50), history=window(end - 99 * HOUR, end))
    assert [one.observed_at for one in fetched.snapshots] == [end - HOUR * at for at in reversed(range(50))]


async def test_a_point_in_the_future_was_not_observed() -> None:
    later = [NOW + HOUR, NOW - HOUR]
    fetched, _ = await fetch(lambda _: reply(*map(item, later)), history=window(NOW - HOUR, NOW + HOUR))
    assert [one.observed_at for one in fetched.snapshots] == [NOW - HOUR]


@pytest.mark.parametrize("feed", MANIFEST.feeds)
def test_every_step_that_the_manifest_offers_is_a_period_of_the_wire(feed: Any) -> None:
    assert feed.history.every_s == (3600, 86400, 604800, 2592000)
    for every_s in feed.history.every_s:
        end = feed.history.since + timedelta(seconds=every_s) * (feed.history.points - 1)
        (request,) = to_requests(window(feed.history.since, end, every_s))
        assert (request.start_date, request.end_date) == (feed.history.since, end)


def test_the_symbol_is_the_upstreams_own_id() -> None:
    assert to_asset("USDC_2") == "bitpanda:USDC_2"
    assert to_currency("GBP", frozenset()) == "iso4217:GBP"
    assert to_currency("BTC", frozenset({"BTC"})) == "bitpanda:BTC"
    assert to_currency("USDC", frozenset()) == "bitpanda:USDC"
    with pytest.raises(wire.ShapeError):
        to_asset("a/b")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"user": ""}, "user"),
        ({"user": "a b"}, "user"),
        ({"url": "custody.example"}, "url"),
        ({"api_key": None}, "api_key"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], field: str) -> None:
    given = {"api_key": "k", "user": "desk"} | wrong
    with pytest.raises(SettingsError, match=field):
        Configuration({"case": {k: v for k, v in given.items() if v is not None}}).section("case", BitpandaSettings)


def test_less_than_one_request_a_second_is_one_in_so_many() -> None:
    settings = BitpandaSettings(api_key=Secret("k"), user="desk", requests_per_second=0.25)
    assert settings.budget == Budget(requests=1, per_s=4)
