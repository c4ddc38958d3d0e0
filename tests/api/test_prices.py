"""`/v1/prices` and its views: what operators see of market data that is missing, stale or no longer fetched."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.api.conftest import World
from tests.api.world import ETH, USDC, XYZ, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime.now(UTC).replace(microsecond=0)
EUR, GBP, USD = "iso4217:EUR", "iso4217:GBP", "iso4217:USD"


def stored(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.000")


def price(asset: str, source: str, amount: str, *, hours: int, event: str, quote: str = USD) -> dict[str, Any]:
    at = stored(NOW - timedelta(hours=hours))
    return {
        "asset": asset, "quote": quote, "at": at, "source": source, "price": amount, "event_id": event * 32,
        "fetched_at": stored(NOW), "recorded_at": stored(NOW),
    }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _quoted(world: World) -> None:
    rows = [
        price(ETH, "defillama", "2000", hours=30, event="1"),
        price(ETH, "coingecko", "2100", hours=3, event="2"),
        price(ETH, "coingecko", "2050", hours=5, event="3"),
        price(USDC, "coingecko", "1", hours=25, event="4"),
        price(EUR, "ecb", "1.17", hours=100, event="5"),
        price(EUR, "ecb", "0.86", hours=121, event="6", quote=GBP),
    ]
    await insert(world.resources.warehouse, "prices", rows)


async def test_the_newest_price_of_each_source_is_shown_with_its_age(world: World) -> None:
    answer = (await world.get("/v1/prices")).json()
    found = {(one["asset"], one["quote"], one["source"]): one for one in answer["items"]}
    shown = {key: (Decimal(one["price"]), one["stale"]) for key, one in found.items()}
    assert shown == {
        (ETH, USD, "coingecko"): (Decimal(2100), False),
        (ETH, USD, "defillama"): (Decimal(2000), True),
        (USDC, USD, "coingecko"): (Decimal(1), True),
        (EUR, USD, "ecb"): (Decimal("1.17"), False),
        (EUR, GBP, "ecb"): (Decimal("0.86"), True),
    }
    assert 3 * 3600 <= found[ETH, USD, "coingecko"]["age_s"] < 4 * 3600


async def test_one_asset_may_be_asked_for_and_pages_join_to_the_whole(world: World) -> None:
    only = (await world.get("/v1/prices", asset=ETH)).json()["items"]
    assert [one["source"] for one in only] == ["coingecko", "defillama"]
    pages, cursor = [], None
    while True:
        page = (await world.get("/v1/prices", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        pages.append([(one["asset"], one["quote"], one["source"]) for one in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({key for page in pages for key in page}) == 5


async def test_the_endpoint_equals_its_view(world: World) -> None:
    view = await world.resources.warehouse.query(
        "SELECT asset, quote, source, price, stale FROM price_freshness ORDER BY asset, quote, source"
    )
    items = (await world.get("/v1/prices")).json()["items"]
    assert [(one["asset"], one["quote"], one["source"], Decimal(one["price"]), one["stale"]) for one in items] == [
        tuple(row.values()) for row in view
    ]


async def test_the_price_of_an_instant_is_the_one_that_was_known_then(world: World) -> None:
    """Three hours ago it was not known yet what was quoted for: that came in a moment ago."""
    of = NOW - timedelta(hours=4)
    late = price(ETH, "late", "1900", hours=6, event="8")
    early = price(ETH, "late", "1800", hours=6, event="9") | {
        name: stored(of) for name in ("fetched_at", "recorded_at")
    }
    await insert(world.resources.warehouse, "prices", [late, early])
    world.clock.stand_at(NOW)
    for known_at, shown in ((NOW, {"late": "1900", "coingecko": "2050", "defillama": "2000"}), (of, {"late": "1800"})):
        items = (await world.get("/v1/prices", asset=ETH, at=of.isoformat(), known_at=known_at.isoformat())).json()[
            "items"
        ]
        assert {one["source"]: one["price"] for one in items} == shown
        view = await world.resources.warehouse.query(
            "SELECT source, price, age_s, stale FROM price_freshness_as_known("
            f"at = '{stored(of)}', known_at = '{stored(known_at)}') WHERE asset = {{a:String}} ORDER BY source",
            {"a": ETH},
        )
        assert [(one["source"], Decimal(one["price"]), one["age_s"], one["stale"]) for one in items] == [
            tuple(row.values()) for row in view
        ]
    assert {one["source"]: (one["age_s"], one["stale"]) for one in items} == {"late": (2 * 3600, False)}


async def test_what_has_no_value_is_listed_with_who_holds_it_and_when_it_was_last_quoted(world: World) -> None:
    rows = await world.resources.warehouse.query("SELECT * FROM unpriced_assets WHERE tenant = 'acme'")
    assert [(row["asset"], row["lines"], row["portfolios"], row["last_quoted_at"]) for row in rows] == [
        (XYZ, 1, ["family"], None)
    ]
    await insert(world.resources.warehouse, "prices", [price(XYZ, "csv", "3", hours=400, event="7")])
    (row,) = await world.resources.warehouse.query("SELECT * FROM unpriced_assets WHERE tenant = 'acme'")
    assert row["last_quoted_at"] == NOW - timedelta(hours=400)


async def test_a_feed_is_shown_with_its_last_failure_its_last_success_and_how_far_its_history_goes(
    world: World,
) -> None:
    def fetch(
        event: str, *, minutes: int, outcome: str, window: tuple[datetime, datetime] | None = None
    ) -> dict[str, Any]:
        at = stored(NOW - timedelta(minutes=minutes))
        return {
            "event_id": event * 32, "tenant": "public", "job_id": event * 32, "provider": "ecb", "feed": "prices",
            "target": "*", "scope": "daily", "slot": at, "lane": "backfill" if window else "due", "started_at": at,
            "finished_at": at, "attempts": 1, "outcome": outcome,
            "error": "" if outcome == "finished" else "ProviderUnavailable",
            "message": "" if outcome == "finished" else "HTTP 503",
            "window_start": stored(window[0]) if window else None, "window_end": stored(window[1]) if window else None,
            "window_every_s": 86_400 if window else None,
        }  # fmt: skip

    midnight = NOW.replace(hour=0, minute=0, second=0)
    past = (midnight - timedelta(days=30), midnight)
    await insert(
        world.resources.warehouse,
        "fetches",
        [
            fetch("a", minutes=60, outcome="finished"),
            fetch("b", minutes=50, outcome="finished", window=past),
            fetch("c", minutes=5, outcome="retry"),
        ],
    )
    (row,) = await world.resources.warehouse.query("SELECT * FROM feed_freshness WHERE provider = 'ecb'")
    assert (row["last_outcome"], row["last_error"], row["last_message"]) == ("retry", "ProviderUnavailable", "HTTP 503")
    assert row["last_success_at"] == NOW - timedelta(minutes=60)
    assert row["history_complete_from"] == past[0]
