"""`currency=`: every number at its own instant, exact to the last digit, or null with the missing pair named."""

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from holdfast.domain.conversion import Rate
from services.api.rates import read_rates
from tests.api.conftest import World
from tests.api.world import at, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

EUR, GBP, CHF, NOK, USD = "iso4217:EUR", "iso4217:GBP", "iso4217:CHF", "iso4217:NOK", "iso4217:USD"
SEK = "iso4217:SEK"
AXES = ("asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side")


async def state_rates(world: World) -> None:
    """One euro is 1.25 dollars from 09:00 on and 1.5 from 12:10 on; one pound 1.3 dollars; a franc 0.7 euros.

    A crown has what is published of it, and what that makes in dollars.
    """
    rows = [
        (EUR, USD, at("09:00"), "1.25", "test"),
        (EUR, USD, at("12:10"), "1.5", "test"),
        (GBP, USD, at("09:00"), "1.3", "test"),
        (CHF, EUR, at("09:00"), "0.7", "test"),
        (EUR, NOK, at("12:10"), "11.25", "ecb"),
        (NOK, USD, at("12:10"), "0." + "1" + "3" * 35, "ecb-cross"),
    ]
    await insert(
        world.resources.warehouse,
        "prices",
        [
            {"asset": base, "quote": quote, "at": when, "source": source, "price": price, "event_id": f"{number:032x}",
             "fetched_at": when, "recorded_at": when}
            for number, (base, quote, when, price, source) in enumerate(rows)
        ],
    )  # fmt: skip


async def get(world: World, path: str, **params: Any) -> dict[str, Any]:
    answer = await world.get(f"/v1/portfolios/family/{path}", **params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def rates(world: World) -> None:
    await state_rates(world)


async def test_a_total_is_converted_with_the_rate_of_its_instant_and_says_how(world: World) -> None:
    total = await get(world, "total", currency="EUR")
    assert (total["currency"], total["assets"], total["debt"]) == (EUR, *_divided("7100", "500", by="1.5"))
    with localcontext(prec=100):
        assert Decimal(total["net"]) == Decimal(total["assets"]) - Decimal(total["debt"])
    [rate] = total["quality"]["rates"]
    assert (rate["base"], rate["quote"], rate["at"]) == (USD, EUR, "2026-03-01T12:30:00Z")
    assert rate["path"] == [{"base": EUR, "quote": USD, "rate": "1.5", "at": "2026-03-01T12:10:00Z", "inverse": True}]
    assert total["quality"]["conversion_reliable"] is True


async def test_a_cross_rate_goes_over_one_currency_and_is_cut_once(world: World) -> None:
    """7100 USD are 7100 / (1.5 · 0.7) francs: the two legs are not cut between."""
    total = await get(world, "total", currency="CHF")
    assert total["assets"] == _divided("7100", by="1.05")[0]
    assert [leg["base"] for leg in total["quality"]["rates"][0]["path"]] == [EUR, CHF]


async def test_conversion_goes_through_what_was_published_and_is_exact(world: World) -> None:
    """11.25 crowns for a euro of 1.5 dollars: 7.5 a dollar. 0.1333… dollars for a crown would lose digits."""
    total = await get(world, "total", currency="NOK")
    assert (total["assets"], total["debt"]) == ("53250", "3750")
    path = total["quality"]["rates"][0]["path"]
    assert [(leg["base"], leg["quote"], leg["inverse"]) for leg in path] == [(EUR, USD, True), (EUR, NOK, False)]
    point = (await get(world, "series", currency="NOK", mark="true"))["points"][-1]
    assert point["quality"]["rates"][0]["path"] == path


async def test_of_two_rates_of_one_instant_the_trusted_sources_counts(world: World) -> None:
    """The one fetched later is of a source that is trusted less; without a ranking it would count."""
    claims = [("central", "10", "12:10"), ("market", "11", "12:20")]
    await insert(
        world.resources.warehouse,
        "prices",
        [
            {"asset": USD, "quote": SEK, "at": at("12:10"), "source": source, "price": price,
             "event_id": source.ljust(32, "0"), "fetched_at": at(fetched), "recorded_at": at(fetched)}
            for source, price, fetched in claims
        ],
    )  # fmt: skip
    instant = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    for ranking, price in (((), 11), (("central",), 10), (("market", "central"), 11)):
        found = (await read_rates(replace(world.resources, ranking=ranking), [SEK], [instant])).find(USD, SEK, instant)
        assert isinstance(found, Rate)
        assert found.value == price


async def test_without_a_rate_the_answer_is_null_and_names_the_pair(world: World) -> None:
    total = await get(world, "total", currency="JPY")
    assert (total["assets"], total["debt"], total["net"]) == (None, None, None)
    assert total["quality"]["conversion_reliable"] is False
    assert total["quality"]["missing_rates"] == [{"base": USD, "quote": "iso4217:JPY", "at": "2026-03-01T12:30:00Z"}]
    [first, *_] = (await get(world, "positions", currency="JPY"))["items"]
    assert (first["value"], first["value_usd"]) == (None, "3000")


async def test_every_breakdown_sums_to_the_total_in_a_currency_that_never_divides_evenly(world: World) -> None:
    total = await get(world, "total", currency="GBP")
    for axis in AXES:
        items = (await get(world, f"breakdowns/{axis}", currency="GBP"))["items"]
        for name in ("assets", "debt", "net"):
            with localcontext(prec=100):
                assert sum(Decimal(item[name]) for item in items) == Decimal(total[name]), (axis, name)


async def test_pages_of_a_converted_breakdown_are_the_whole_of_it(world: World) -> None:
    whole = (await get(world, "breakdowns/asset", currency="GBP"))["items"]
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = await get(world, "breakdowns/asset", currency="GBP", limit=1, **cursor)
        paged += body["items"]
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert paged == whole


async def test_each_point_of_a_series_has_the_rate_of_its_own_end(world: World) -> None:
    points = (await get(world, "series", currency="EUR"))["points"]
    by_hour = {point["bucket"][11:13]: point for point in points[-4:]}
    assert by_hour["10"]["assets"] == "14400"  # 18000 / 1.25
    assert by_hour["12"]["assets"] == _divided("7100", by="1.5")[0]
    assert by_hour["10"]["quality"]["rates"][0]["path"][0]["at"] == "2026-03-01T09:00:00Z"
    early = (await get(world, "series", currency="EUR", to="2026-03-01T08:30:00Z"))["points"][-1]
    assert (early["assets"], early["quality"]["conversion_reliable"]) == (None, False)


async def test_the_last_point_and_the_total_agree_in_every_currency(world: World) -> None:
    for currency in ("USD", "EUR", "GBP", "CHF"):
        total = await get(world, "total", currency=currency)
        last = (await get(world, "series", currency=currency))["points"][-1]
        assert [last[name] for name in ("assets", "debt", "net")] == [total[name] for name in ("assets", "debt", "net")]


async def test_the_base_currency_of_the_portfolio_is_the_default(world: World) -> None:
    body = {"base_currency": "EUR", "members": [{"account": (await _accounts(world))[1]}]}
    answer = await world.send("PUT", "/v1/portfolios/bees", body=body)
    assert answer.status_code == 200, answer.text
    assert (await world.get("/v1/portfolios/bees/total")).json()["currency"] == EUR
    assert (await world.get("/v1/portfolios/bees/total", currency="USD")).json()["currency"] == USD


async def test_what_is_no_currency_is_refused_by_name(world: World) -> None:
    for path in ("total", "positions", "series", "breakdowns/asset"):
        answer = await world.get(f"/v1/portfolios/family/{path}", currency="money")
        assert (answer.status_code, answer.json()["field"]) == (400, "currency"), path


async def _accounts(world: World) -> list[str]:
    return [item["id"] for item in (await world.get("/v1/accounts")).json()["items"]]


def _divided(*numbers: str, by: str) -> tuple[str, ...]:
    """With whole numbers alone: cut to 36 decimals, as text without an end of zeros."""
    scale = 10**36
    above, below = Decimal(by).as_integer_ratio()
    found = [int(Decimal(number)) * scale * below // above for number in numbers]
    return tuple(f"{one // scale}.{one % scale:036d}".rstrip("0").rstrip(".") for one in found)
