"""When prices were refused, read and in SQL, is what the attempts alone say, now and as known at any time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from holdfast.history.refusals import read_refusals
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from holdfast.warehouse.rows import stored_time
from tests.aggregator.comparing import empty
from tests.api.world import insert

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOREVER = datetime(2200, 1, 1, tzinfo=UTC)
TARGETS = {"narrow": "a, b", "wide": "*", "mute": "*"}
"""By feed: of `wide` there are prices of b and of another asset, of `mute` of none."""
ASSETS = ("a", "b", "c")
QUOTED_AT = T0 + 20 * HOUR
"""When the prices of `wide` were recorded."""


class Attempt(NamedTuple):
    feed: str
    hour: int
    id: str
    refused: bool
    recorded_after: int
    """So many hours later: a message may be late."""

    @property
    def at(self) -> datetime:
        return T0 + self.hour * HOUR

    @property
    def recorded_at(self) -> datetime:
        return self.at + self.recorded_after * HOUR


attempts = st.lists(
    st.builds(
        Attempt, st.sampled_from([*TARGETS]), st.integers(0, 60), st.sampled_from("xyz"), st.booleans(),
        st.sampled_from([0, 0, 3, 40]),
    ),
    min_size=1, max_size=12, unique_by=lambda one: one[:3],
)  # fmt: skip


def is_refused(told: list[Attempt], asset: str, at: datetime, known_at: datetime) -> bool:
    """The last attempt of a feed of it that was known and not after the instant was refused, less than a day ago."""
    wide = "abc" if known_at < QUOTED_AT else "b"  # until it quotes something it may have lacked anything
    for feed, lacking in {"narrow": "ab", "wide": wide, "mute": "abc"}.items():
        own = [one for one in told if one.feed == feed and one.recorded_at <= known_at]
        last = max((one for one in own if one.at <= at), key=lambda one: (one.at, one.id), default=None)
        if last and last.refused and at - last.at < 24 * HOUR and asset in lacking:
            return True
    return False


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[*HealthCheck])
@given(told=attempts)
def test_a_spell_lasts_from_the_refusal_to_the_next_attempt_that_was_known(
    tables: ClickHouseSettings, told: list[Attempt]
) -> None:
    asyncio.run(_assert_as_told(tables, told))


async def _assert_as_told(tables: ClickHouseSettings, told: list[Attempt]) -> None:
    warehouse = await connect(tables)
    try:
        await empty(warehouse)
        await _write(warehouse, told)
        for known_at in (FOREVER, T0 + 30 * HOUR, T0 + 10 * HOUR):
            refusals = await read_refusals(warehouse, ASSETS, known_at=known_at)
            for hour in range(0, 90, 2):
                at = T0 + hour * HOUR
                expected = {asset for asset in ASSETS if is_refused(told, asset, at, known_at)}
                assert {asset for asset in ASSETS if refusals.holds(asset, at)} == expected, (hour, known_at)
                if hour % 30 == 8:
                    assert await _read_at(warehouse, at, known_at) == expected, (hour, known_at)
                    assert await _view_at(warehouse, at, known_at) == expected, (hour, known_at)
    finally:
        await warehouse.close()


async def _read_at(warehouse: Warehouse, at: datetime, known_at: datetime) -> set[str]:
    found = await read_refusals(warehouse, ASSETS, since=at, until=at, known_at=known_at)
    return {asset for asset in ASSETS if found.holds(asset, at)}


async def _view_at(warehouse: Warehouse, at: datetime, known_at: datetime) -> set[str]:
    sql = """
        SELECT DISTINCT asset
        FROM throttled_prices_as_known(since = {at:String}, until = {at:String}, known_at = {k:String})
    """
    rows = await warehouse.rows(sql, {"at": stored_time(at), "k": stored_time(known_at)})
    found = {asset for (asset,) in rows}
    return set(ASSETS) if "*" in found else found & set(ASSETS)


async def _write(warehouse: Warehouse, told: list[Attempt]) -> None:
    price = {"quote": "iso4217:USD", "at": stored_time(T0), "source": "wide", "price": "1", "event_id": "p"}
    times = {"fetched_at": stored_time(T0), "recorded_at": stored_time(QUOTED_AT), "turn": stored_time(T0)}
    await insert(warehouse, "prices", [price | times | {"asset": asset} for asset in ("b", "other")])
    fetches = [
        {
            "event_id": one.id, "tenant": "public", "provider": one.feed, "feed": "prices", "target": TARGETS[one.feed],
            "started_at": stored_time(one.at), "finished_at": stored_time(one.at),
            "error": "RateLimited" if one.refused else "", "recorded_at": stored_time(one.recorded_at),
        }
        for one in told
    ]  # fmt: skip
    again = [fetches[0] | {"recorded_at": stored_time(told[0].recorded_at + 9 * HOUR)}]  # the earliest copy counts
    await insert(warehouse, "fetches", fetches)
    await insert(warehouse, "fetches", again)
