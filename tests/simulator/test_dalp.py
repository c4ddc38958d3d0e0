"""The simulated DALP: who may ask, in which ranges, and that its numbers are the world's."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import SystemClock, floor_to
from holdfast.providers.dalp import MANIFEST, build
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.session import build_session
from holdfast.settings import Configuration
from tests.simulator.conftest import FROZEN_AT

RANGES = "/api/v2/system/stats/portfolio-stat-ranges"
PRESETS = "/api/v2/system/stats/portfolio-stat-range-presets"
BREAKDOWN = "/api/v2/system/stats/portfolio-breakdowns"
BALANCES = "/api/v2/user-asset-balances"
KEY = {"X-Api-Key": "sm_dalp_simulator"}


async def ask(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, Any]:
    answer = await client.get(path, params=params, headers=KEY)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_breakdown_rows_and_truth_are_one(client: httpx.AsyncClient) -> None:
    breakdown = (await ask(client, BREAKDOWN))["data"]
    rows = (await ask(client, BALANCES))["data"]
    truth = (await client.get("/_truth", params={"portfolio": "tokenised"})).json()["portfolios"][0]
    total = Decimal(breakdown["totalValue"])
    assert total > 0
    assert total == sum(Decimal(row["valueInBaseCurrency"]) for row in rows) == Decimal(truth["net"])
    assert total == sum(Decimal(value) for value in breakdown["valueBreakdown"].values())
    assert total == sum(Decimal(value) for value in breakdown["valueBreakdownByClass"].values())
    assert breakdown["totalAssetsHeld"] == len(rows) == sum(breakdown["holdingsBreakdown"].values())
    for row in rows:
        assert Decimal(row["value"]) == sum(Decimal(one["value"]) for one in row["byWallet"])
        assert Decimal(row["available"]) == Decimal(row["value"]) - Decimal(row["frozen"])


async def test_a_day_of_hours_has_25_points_and_a_week_of_days_8(client: httpx.AsyncClient) -> None:
    for preset, points in (("trailing24Hours", 25), ("trailing7Days", 8)):
        data = (await ask(client, f"{PRESETS}/{preset}"))["data"]
        assert len(data["data"]) == points
        assert data["range"]["isPreset"] is True
    newest = data["data"][-1]["totalValueInBaseCurrency"]
    assert Decimal(str(newest)) == Decimal((await ask(client, BREAKDOWN))["data"]["totalValue"])


async def test_the_range_ends_now_at_the_latest_and_values_move(client: httpx.AsyncClient) -> None:
    params = {"interval": "hour", "from": "2026-03-14T12:30:00Z", "to": "2026-03-20T00:00:00Z"}
    body = await ask(client, RANGES, **params)
    assert body["links"] == {"self": "/v2/system/stats/portfolio-stat-ranges"}
    assert body["data"]["range"]["to"] == "2026-03-14T15:09:26.535Z"
    assert [point["timestamp"][11:13] for point in body["data"]["data"]] == ["12", "13", "14", "15"]
    assert len({point["totalValueInBaseCurrency"] for point in body["data"]["data"]}) > 1


async def test_pages_bring_every_row_once(client: httpx.AsyncClient) -> None:
    whole = (await ask(client, BALANCES))["data"]
    pages = [
        await ask(client, BALANCES, **{"page[limit]": "2", "page[offset]": str(offset)})
        for offset in range(0, len(whole), 2)
    ]
    assert [row for page in pages for row in page["data"]] == whole
    assert {page["meta"]["totalCount"] for page in pages} == {len(whole)}
    assert [page["links"]["next"] is None for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.parametrize(
    ("path", "params", "headers", "status"),
    [
        (BREAKDOWN, {}, {}, 401),
        (BREAKDOWN, {}, {"X-Api-Key": "sm_dalp_other"}, 401),
        (BREAKDOWN, {}, KEY | {"x-organization-id": "another"}, 403),
        (BREAKDOWN, {}, KEY | {"X-Participant": "pp_ABC"}, 422),
        (BREAKDOWN, {}, KEY | {"X-Participant": "pp_00000000-0000-4000-8000-000000000000"}, 404),
        (f"{PRESETS}/trailing1Year", {}, KEY, 404),
        ("/api/v2/system/stats/value", {}, KEY, 404),
        (RANGES, {"interval": "week", "from": "2026-03-14T12:00:00Z", "to": "2026-03-14T13:00:00Z"}, KEY, 422),
        (RANGES, {"interval": "hour", "from": "2026-03-14T14:00:00Z", "to": "2026-03-14T13:00:00Z"}, KEY, 422),
        (RANGES, {"interval": "hour", "from": "lately", "to": "2026-03-14T13:00:00Z"}, KEY, 422),
        (BALANCES, {"page[limit]": "0"}, KEY, 422),
        (BALANCES, {"sort": "colour"}, KEY, 422),
    ],
)
async def test_what_does_not_fit_is_refused_in_the_newer_shape(
    client: httpx.AsyncClient, path: str, params: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = await client.get(path, params=params, headers=headers)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["status"] == status
    assert {"id", "category", "retryable", "message", "why", "fix"} <= error.keys()


async def test_too_many_requests_still_speak_the_older_shape(client: httpx.AsyncClient) -> None:
    await client.post("/_knobs", json={"dalp": {"too_many_requests": 1000}})
    answer = await client.get(BREAKDOWN, headers=KEY)
    assert (answer.status_code, answer.json()["data"]["retryAfter"]) == (429, "1")


@pytest.mark.parametrize(("hours", "points"), [(1, 7), (24, 5)])
async def test_the_reported_past_is_the_worlds_at_the_end_of_each_bucket(
    client: httpx.AsyncClient, hours: int, points: int
) -> None:
    world = (await client.get("/_world")).json()
    account = next(one["account"] for one in world["accounts"] if one["account"].startswith("dalp:"))
    settings = Configuration({"providers": world["providers"]}).section("providers.dalp", MANIFEST.settings)
    session, step = build_session(MANIFEST, settings, SystemClock()), timedelta(hours=hours)
    newest = floor_to(FROZEN_AT, step) - timedelta(hours=hours)
    window = JobWindow(start=newest - (points - 1) * step, end=newest, every_s=hours * 3600)
    provider = build(settings, session, SystemClock())  # type: ignore[arg-type]
    fetched = await provider.fetch(Target(feed="balances", target=account, scope="dalp", window=window))
    await session.close()
    assert [total.observed_at for total in fetched.totals] == [newest - n * step for n in reversed(range(points))]
    for total in fetched.totals:
        # The last bucket of a range is as of the range's own end.
        at = min(total.observed_at + step - timedelta(milliseconds=1), window.end)
        truth = (await client.get("/_truth", params={"portfolio": "tokenised", "at": at.isoformat()})).json()
        assert total.total == Decimal(truth["portfolios"][0]["net"])
