"""No quality block contradicts its number or itself, whatever is asked of whatever world."""

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.random_worlds import FRANCS, GBP, NOW, USD, Wired, at, take_in, wired_for
from tests.support.oracle_ledger import DAY
from tests.support.random_worlds import random_world
from tests.support.sampling import few, many
from tests.support.servers import ClickHouseServer

WITHOUT_VALUE = {"no_price", "rate_limited", "stale", "low_liquidity", "negative_amount", "unreadable", "out_of_range"}
LEFT_OUT = {"receipt_token", "excluded"}
SUMMED = ("assets", "debt", "net")


@pytest.fixture(scope="module")
def wired(clickhouse_server: ClickHouseServer) -> Iterator[tuple[asyncio.Runner, Wired]]:
    with wired_for(clickhouse_server, "quality_in_worlds") as made:
        yield made


def assert_sound(quality: dict[str, Any], *, known: bool) -> None:
    """In itself. `known`: something had been observed, or all have left again."""
    counted = quality["lines_priced"] + quality["lines_unpriced"]
    whole = known and quality["sources_missing"] == 0 and quality["lines_unpriced"] == 0
    assert quality["complete"] == whole
    assert quality["share_missing"] == ("0" if whole else None)
    assert quality["conversion_reliable"] == (not quality["missing_rates"])
    shares = quality["share_observed"], quality["share_carried"]
    assert shares == (None, None) or sum(map(Decimal, shares)) == 1
    assert (quality["oldest_input"] is None) == (quality["newest_input"] is None) == (quality["sources"] == 0)
    if quality["sources"]:
        assert quality["oldest_input"] <= quality["newest_input"]
    else:
        assert counted == quality["lines_excluded"] == 0
    assert quality["lines_stale"] is None or quality["lines_stale"] <= counted
    assert quality["sources_stale"] is None or quality["sources_stale"] <= quality["sources"]
    assert quality["lines_priced"] >= 0
    reasons = quality["reasons"]
    assert all(lines > 0 for lines in reasons.values())
    # What a provider excludes has no value; what the tenant's rules exclude has no part.
    assert reasons.get("receipt_token", 0) <= quality["lines_excluded"] <= sum(reasons.get(why, 0) for why in LEFT_OUT)


def assert_summed(found: dict[str, Any]) -> None:
    """Of a number that is the sum of lines."""
    quality = found["quality"]
    converted = not any(one["base"] == USD for one in quality["missing_rates"])
    known = quality["sources"] > 0 or quality["complete"] or found["net"] is not None
    assert_sound(quality, known=known)
    assert len({found[name] is None for name in SUMMED}) == 1
    assert (found["net"] is not None) == (known and converted)
    if found["net"] is not None:
        assert Fraction(found["assets"]) - Fraction(found["debt"]) == Fraction(found["net"])
        if Decimal(found["assets"]) + Decimal(found["debt"]):
            assert quality["lines_priced"] > 0
    unpriced = sum(quality["reasons"].get(why, 0) for why in WITHOUT_VALUE | {"value_only", "excluded"})
    assert quality["lines_unpriced"] <= unpriced


def assert_point(found: dict[str, Any]) -> None:
    assert_summed(found)
    quality = found["quality"]
    assert found["complete"] == (quality["sources_missing"] == 0 and found["fill"] != "missing")
    shares, oldest = (quality["share_observed"], quality["share_carried"]), quality["oldest_input"]
    if found["fill"] == "observed" and oldest:
        assert oldest >= found["bucket"]
        assert shares in {("1", "0"), (None, None)}
    if found["fill"] == "carried" and oldest:
        assert oldest < found["bucket"]
        assert quality["newest_input"] >= found["bucket"] or shares in {("0", "1"), (None, None)}


def questions(currency: str, when: datetime) -> dict[str, tuple[str, dict[str, Any]]]:
    moment, known = {"at": when.isoformat()}, {"known_at": (when + timedelta(hours=5)).isoformat()}
    days = {"from": at(0).isoformat(), "to": NOW.isoformat(), "interval": "day"}
    minutes = {"from": (when - timedelta(hours=1)).isoformat(), "to": when.isoformat(), "interval": "5m"}
    window = {"from": (when - timedelta(days=2)).isoformat(), "to": when.isoformat()}
    asked = {
        "now": ("total", {}),
        "then": ("total", moment),
        "as known": ("total", moment | known),
        "what if": ("what-if", {"rules": 0}),
        "what if then": ("what-if", {"rules": 0} | moment),
        "what if known": ("what-if", {"rules": 0} | moment | known),
        "by asset": ("breakdowns/asset", moment),
        "by platform": ("breakdowns/platform", {}),
        "days": ("series", days),
        "hours": ("series", window | {"interval": "hour"}),
        "marked": ("series", days | {"mark": "true"}),
        "known days": ("series", days | known),
        "minutes": ("series", minutes),
        "returns": ("returns", window),
        "all returns": ("returns", {"to": when.isoformat()}),
        "flows": ("flows", window),
        "attribution": ("attribution", window),
    }
    return {name: (path, params | {"currency": currency}) for name, (path, params) in asked.items()}


async def check(wired: Wired, seed: int, minute: int) -> None:
    world = random_world(seed, 4, gaps=True, currency=True)
    await take_in(wired, world, random.Random(seed))
    for currency in (USD, GBP, FRANCS):
        asked = questions(currency, at(minute))
        found = await asyncio.gather(*(wired.get(path, **params) for path, params in asked.values()))
        answers = dict(zip(asked, found, strict=True))
        for path, answer in zip((path for path, _ in asked.values()), found, strict=True):
            assert_answer(path, answer)
        for total, what_if in (("now", "what if"), ("then", "what if then"), ("as known", "what if known")):
            assert answers[what_if]["actual"] == {name: answers[total][name] for name in (*SUMMED, "quality")}


def assert_answer(path: str, answer: dict[str, Any]) -> None:
    if path == "series":
        for point in answer["points"]:
            assert_point(point)
    elif path == "what-if":
        assert_summed(answer["actual"])
        assert_summed(answer["under"])
    elif path == "total":
        assert_summed(answer)
    else:
        quality = answer["quality"]
        assert_sound(quality, known=quality["sources"] > 0 or quality["complete"])


def _check(seed: int, minute: int, runner: asyncio.Runner, wired: Wired) -> None:
    runner.run(check(wired, seed, minute))


SEEDS, MINUTES = st.integers(0, 10**6), st.integers(0, 10 * DAY)


@given(seed=SEEDS, minute=MINUTES)
@few(2)
@pytest.mark.timeout(600)
def test_no_quality_contradicts_its_number(seed: int, minute: int, wired: tuple[asyncio.Runner, Wired]) -> None:
    _check(seed, minute, *wired)


@pytest.mark.chaos
@given(seed=SEEDS, minute=MINUTES)
@many(30)
@pytest.mark.timeout(3600)
def test_no_quality_contradicts_its_number_in_many_worlds(
    seed: int, minute: int, wired: tuple[asyncio.Runner, Wired]
) -> None:
    _check(seed, minute, *wired)
