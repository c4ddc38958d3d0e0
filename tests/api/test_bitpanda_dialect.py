"""Custody's clients find in us what they know: its instants, its conversions, and the same numbers."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from holdfast.domain.jobs import JobWindow
from holdfast.providers.bitpanda import MANIFEST, build, wire
from holdfast.providers.bitpanda.settings import BitpandaSettings
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.session import build_session
from holdfast.registry.records import Member
from holdfast.settings import Secret
from tests.api.bitpanda_asking import amounts, items, post
from tests.api.bitpanda_world import C, write_vault
from tests.api.conftest import World
from tests.support.shapes import differences

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = Path(__file__).parent / "examples" / "bitpanda"
NAMES = ("latest", "at", "series", "converted")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vault(world: World) -> World:
    await write_vault(world)
    return world


def at_clock(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, 30, tzinfo=UTC)


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", NAMES)
async def test_every_documented_answer_is_read_without_loss(name: str) -> None:
    documented = example(name)
    rendered = msgspec.json.encode(wire.answer_json(wire.to_answer(documented)))
    assert json.loads(rendered) == documented


@pytest.mark.parametrize("name", NAMES)
async def test_the_documented_requests_are_answered_in_exactly_the_documented_shape(vault: World, name: str) -> None:
    answer = await post(vault, (EXAMPLES / f"{name}.graphql").read_text())
    assert answer.status_code == 200
    assert differences(answer.json(), example(name)) == []
    documented, actual = (one["data"]["user"]["portfolio"]["items"] for one in (example(name), answer.json()))
    if name in ("at", "series"):
        assert [one["timestamp"] for one in actual] == [one["timestamp"] for one in documented]


async def test_without_arguments_it_is_the_latest_at_the_nearest_hour(vault: World) -> None:
    (item,) = await items(vault)
    assert item["timestamp"] == "2026-03-01T13:00:00.000Z"
    assert item["total"] == {"value": "3200", "currency": "GBP", "timestamp": "2026-03-01T13:00:00.000Z"}
    assert amounts(item) == {"ETH": "2"}


async def test_an_end_date_is_answered_at_the_hour_nearest_to_it(vault: World) -> None:
    for asked, hour in (("11:29:59", "11:00"), ("11:30:00", "12:00")):
        (item,) = await items(vault, f'(endDate: "2021-03-01T{asked}.000Z")')
        assert item["timestamp"] == f"2021-03-01T{hour}:00.000Z"
    assert amounts(item)["BTC"] == "0.25"  # of 11:30, known at noon
    (earlier,) = await items(vault, '(endDate: "2021-03-01T12:00:00+01:00")')
    assert (earlier["timestamp"], amounts(earlier)["BTC"]) == ("2021-03-01T11:00:00.000Z", "0.2")


async def test_before_the_first_observation_there_is_nothing_to_say(vault: World) -> None:
    assert await items(vault, '(endDate: "2021-02-19T12:00:00Z")') == []


async def test_the_future_is_the_latest(vault: World) -> None:
    for end in ("2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert await items(vault, f'(endDate: "{end}")') == await items(vault)


async def test_a_series_is_newest_first_with_both_ends(vault: World) -> None:
    window = '(startDate: "2021-02-20T10:00:00Z", endDate: "2021-03-06T10:00:00Z", timePeriod: WEEKLY)'
    found = await items(vault, window)
    assert [one["timestamp"] for one in found] == [f"2021-{day}T10:00:00.000Z" for day in ("03-06", "02-27", "02-20")]
    assert [amounts(one)["BTC"] for one in found] == ["0.25", "0.2", "0.2"]
    assert [one["total"]["value"] for one in found] == ["9142.857142857142857143", "NaN", "7500"]
    # 12800 / 1.4 with a rate of just five days; a rate of eight days is none; 10500 / 1.4


async def test_a_month_is_thirty_days(vault: World) -> None:
    window = '(startDate: "2025-12-01T12:00:00Z", endDate: "2026-03-01T12:00:00Z", timePeriod: MONTHLY)'
    days = [one["timestamp"][:10] for one in await items(vault, window)]
    assert days == ["2026-03-01", "2026-01-30", "2025-12-31", "2025-12-01"]


async def test_of_more_than_two_hundred_the_newest_stay(vault: World) -> None:
    window = '(startDate: "2021-02-20T10:00:00Z", endDate: "2026-03-01T12:00:00Z", timePeriod: DAILY)'
    found = await items(vault, window)
    assert len(found) == 200
    newest, oldest = (datetime.fromisoformat(found[at]["timestamp"]) for at in (0, -1))
    assert newest == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert newest - oldest == timedelta(days=199)


async def test_hours_to_come_take_no_place_in_a_series(vault: World) -> None:
    for end in ("2027-03-01T12:00:00Z", "9999-12-31T23:59:59Z"):
        window = f'(startDate: "2026-03-01T10:00:00Z", endDate: "{end}", timePeriod: HOURLY)'
        assert [one["timestamp"][11:16] for one in await items(vault, window)] == ["13:00", "12:00", "11:00", "10:00"]


async def test_the_latest_and_the_newest_point_of_a_series_are_the_same(vault: World) -> None:
    window = '(startDate: "2026-03-01T10:30:00Z", endDate: "2026-03-01T12:30:00Z", timePeriod: HOURLY)'
    assert (await items(vault, window))[0] == (await items(vault))[0]


async def test_the_total_is_the_one_of_the_native_api(vault: World) -> None:
    (item,) = await items(vault, key="family")
    native = (await vault.get("/v1/portfolios/family/total", key="family")).json()
    assert item["total"]["value"] == native["net"] == "6600"
    assert item["total"]["currency"] == "USD"


async def test_what_has_left_is_zero_and_no_gap(vault: World) -> None:
    """The wallet is in from half past nine until half past eleven; nobody was in before, and nobody is since."""
    store, member = vault.resources.store, Member(account=C, valid_from=at_clock(9), valid_to=at_clock(11))
    await store.put_portfolio("acme", "emptied", base_currency="GBP", members=[member])
    _, secret = await store.create_key("acme", portfolio="emptied")
    vault.keys["emptied"] = secret.reveal()
    await vault.resources.watcher.wait_until(store.revision)
    window = '(startDate: "2026-03-01T09:00:00Z", endDate: "2026-03-01T13:00:00Z", timePeriod: HOURLY)'
    found = await items(vault, window, key="emptied")
    assert [(one["timestamp"][11:16], one["total"]["value"]) for one in found] == [
        ("13:00", "0"), ("12:00", "0"), ("11:00", "10240"), ("10:00", "10240"),
    ]  # fmt: skip
    assert found[:1] == await items(vault, key="emptied")


async def test_a_balance_is_one_asset_with_debt_subtracted_and_receipts_left_out(vault: World) -> None:
    (item,) = await items(vault, key="family")
    held = {symbol.partition(".")[0]: value for symbol, value in amounts(item).items()}
    # Deposit 2 and wallet 1.5; a debt of 500; a token whose provider gave it no ticker, so its address is its name.
    assert held == {"ETH": "3.5", "USDC": "-500", "0x" + "e" * 22: "7"}


CONVERTED = """items { total { in(currency: "%s") { value currency timestamp } }
    balances { items { amount { currency in(currency: "%s") { value currency timestamp } } } } }"""


async def test_every_amount_is_converted_with_the_time_of_its_oldest_rate(vault: World) -> None:
    (item,) = await items(vault, fields=CONVERTED % ("EUR", "EUR"))
    # 4000 USD at 1.6 USD for a euro of last Friday.
    expected = {"value": "2500", "currency": "EUR", "timestamp": "2026-02-27T15:00:00.000Z"}
    assert item["total"]["in"] == expected
    assert item["balances"]["items"][0]["amount"]["in"] == expected


async def test_an_amount_in_dollars_has_the_time_of_its_price(vault: World) -> None:
    (item,) = await items(vault, fields=CONVERTED % ("USD", "USD"))
    assert item["total"]["in"] == {"value": "4000", "currency": "USD", "timestamp": "2026-03-01T08:00:00.000Z"}
    amount = item["balances"]["items"][0]["amount"]
    assert amount["in"] == {"value": "4000", "currency": "USD", "timestamp": "2026-03-01T12:09:00.000Z"}


async def test_an_asset_is_reached_over_one_hop(vault: World) -> None:
    (item,) = await items(vault, fields=CONVERTED % ("bitpanda:BEST", "bitpanda:BEST"))
    assert item["total"]["in"]["value"] == "5000"  # 4000 / 1.6 / 0.5


async def test_a_rate_older_than_five_days_is_none(vault: World) -> None:
    (item,) = await items(vault, fields=CONVERTED % ("CHF", "JPY"))
    assert item["total"]["in"]["value"] == "NaN"
    assert item["balances"]["items"][0]["amount"]["in"]["value"] == "NaN"


async def test_an_amount_without_a_value_is_not_a_number_elsewhere_and_never_zero(vault: World) -> None:
    (item,) = await items(vault, '(endDate: "2021-03-01T12:00:00Z")', fields=CONVERTED % ("USD", "USD"))
    found = {
        one["amount"]["currency"].partition(".")[0]: one["amount"]["in"]["value"] for one in item["balances"]["items"]
    }
    assert found == {"BTC": "12000", "ETH": "800", "XYZ": "NaN"}
    assert item["total"]["in"]["value"] == "12800"


async def test_an_unknown_currency_fails_its_own_amounts_and_nothing_else(vault: World) -> None:
    fields = 'items { timestamp total { value } balances { items { amount { in(currency: "MOON") { value } } } } }'
    answer = (await post(vault, f"{{ user {{ portfolio {{ {fields} }} }} }}")).json()
    (item,) = answer["data"]["user"]["portfolio"]["items"]
    assert item["total"]["value"] == "3200"
    assert item["balances"]["items"] == [{"amount": None}]  # `in` is non-null, the amount around it is not
    (error,) = answer["errors"]
    assert error["path"] == ["user", "portfolio", "items", 0, "balances", "items", 0, "amount", "in"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def fetch(world: World, key: str, window: JobWindow | None = None) -> Fetched:
    """What the provider makes of our own dialect."""
    settings = BitpandaSettings(
        api_key=Secret(world.keys[key]), user=key, url="http://api/graphql", requests_per_second=1000
    )
    session = build_session(MANIFEST, settings, world.clock, transport=httpx.ASGITransport(app=world.app))
    try:
        target = Target(feed="balances", target=f"bitpanda:{key}", scope="custody", window=window)
        return await build(settings, session, world.clock).fetch(target)
    finally:
        await session.close()


async def test_round_trip_a_provider_that_asks_us_arrives_at_our_total(vault: World) -> None:
    fetched = await fetch(vault, "vault")
    (snapshot,), (total,) = fetched.snapshots, fetched.totals
    native = (await vault.get("/v1/portfolios/vault/positions", key="vault")).json()["items"]
    assert [(one.amount, one.value) for one in snapshot.balances] == [
        (Decimal(one["amount"]), Decimal(one["value_usd"])) for one in native
    ]
    assert (total.currency, total.total) == ("iso4217:GBP", Decimal(3200))


async def test_round_trip_debt_and_values_without_amounts_are_in_the_total_alone(vault: World) -> None:
    """What this wire cannot carry: it has no sides, and no balance without an amount."""
    fetched = await fetch(vault, "family")
    lines = {line.symbol.partition(".")[0]: line for line in fetched.snapshots[0].balances}
    assert fetched.totals[0].total == Decimal(6600)
    assert (lines["ETH"].value, lines["USDC"].reason) == (Decimal(7000), "negative_amount")
    assert sum(line.value or 0 for line in lines.values()) == 6600 + 500 - 100


async def test_round_trip_of_history(vault: World) -> None:
    start, end = datetime(2021, 2, 20, 10, tzinfo=UTC), datetime(2021, 3, 2, 10, tzinfo=UTC)
    fetched = await fetch(vault, "vault", JobWindow(start=start, end=end, every_s=3600))
    assert [one.observed_at for one in fetched.snapshots] == [start + timedelta(hours=n) for n in range(241)]
    bitcoin = {one.observed_at: one.balances[0].amount for one in fetched.snapshots}
    change = datetime(2021, 3, 1, 12, tzinfo=UTC)
    assert {at for at, amount in bitcoin.items() if amount == Decimal("0.25")} == {at for at in bitcoin if at >= change}
    totals = {one.observed_at: one.total for one in fetched.totals}
    assert totals[start] == Decimal(7500)
