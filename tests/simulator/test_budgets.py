"""No provider ever exceeds its budget, however much is asked of it at once: as the upstream itself has logged it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from holdfast.domain.accounts import parse_account
from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import SystemClock
from holdfast.providers.kit.contract import Budget, Target
from holdfast.providers.kit.discovery import discover, load_provider
from holdfast.providers.kit.session import build_session
from holdfast.settings.loading import Configuration
from tests.simulator.conftest import FROZEN_AT

BUDGET = Budget(requests=4, per_s=0.4)
AT_ONCE = 8
_LOGGED = timedelta(milliseconds=1)
"""The log cuts to milliseconds."""


def targets(world: Mapping[str, Any], provider: str) -> list[Target]:
    """What of the world this provider fetches; of a price source that nobody watches, a few assets."""
    wanted = [
        Target(
            feed=source["feed"],
            target=parse_account(account["account"]).id,
            scope=source["scope"],
            spelling=account["account"],
        )
        for account in world["accounts"]
        for source in account["sources"]
        if source["provider"] == provider
    ]
    wanted += [
        Target(feed=watch["feed"], target=watch["target"], scope=watch["scope"])
        for watch in world["watches"]
        if watch["provider"] == provider
    ]
    few = ",".join(world["providers"][provider].get("assets", "").split(",")[:4])
    return wanted or [Target(feed="prices", target=few)]


def window(provider: str, feed: str) -> JobWindow | None:
    found = load_provider(provider).manifest.feed(feed)
    if found is None or found.history is None:
        return None
    step = max(found.history.every_s)
    end = FROZEN_AT.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return JobWindow(start=end - timedelta(seconds=step), end=end, every_s=step)


@pytest.mark.parametrize("provider", [name for name in discover() if name != "faker"])
async def test_no_window_is_ever_over_the_budget_in_the_upstreams_own_log(
    client: httpx.AsyncClient, provider: str
) -> None:
    world = (await client.get("/_world")).json()
    module, clock = load_provider(provider), SystemClock()
    settings = Configuration(world).section(f"providers.{provider}", module.manifest.settings)
    session = build_session(module.manifest, settings, clock)
    built = module.build(settings, session, clock)
    session.limit(BUDGET)
    await client.post("/_knobs", json={provider: {"latency_ms": 5, "jitter_ms": 60}})
    wanted = targets(world, provider)
    past = window(provider, wanted[0].feed)
    asked = [wanted[number % len(wanted)] for number in range(AT_ONCE)]
    asked += [Target(feed=one.feed, target=one.target, scope=one.scope, window=past) for one in wanted[:1] if past]
    try:
        await asyncio.gather(*(built.fetch(one) for one in asked))
    finally:
        await session.close()
    log = (await client.get("/_log", params={"upstream": provider, "limit": "20000"})).json()["requests"]
    times = sorted(datetime.fromisoformat(entry["at"]) for entry in log)
    assert len(times) >= AT_ONCE, "each fetch asked at least once"
    assert {entry["status"] for entry in log} <= {200, 404}
    for first, later in zip(times, times[BUDGET.requests :], strict=False):
        assert later - first >= timedelta(seconds=BUDGET.per_s) - _LOGGED
