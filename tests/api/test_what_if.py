"""A total under another rule set: of any instant, in any currency, valued and trusted as `/total` is.

At 11:30 the small world is a deposit of 2 ETH 4000, a pool of 100, 500 USDC of debt and 7 XYZ without a price; from
12:05 on also 1.5 ETH 3000. One euro is 1.25 dollars from 09:00 on and 1.5 from 12:10 on.
"""

from typing import Any

import pytest
import pytest_asyncio

from tests.api.conftest import World
from tests.api.test_rules import put
from tests.api.world import ETH, USDC, XYZ, at, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")

EUR, USD, CHF = "iso4217:EUR", "iso4217:USD", "iso4217:CHF"
EARLIER, NOW = "2026-03-01T11:30:00Z", "2026-03-01T12:30:00Z"
VALUE = ("currency", "at", "assets", "debt", "net", "quality")


async def get(world: World, path: str = "what-if", **params: Any) -> dict[str, Any]:
    answer = await world.get(f"/v1/portfolios/family/{path}", **params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def holding(world: World) -> int:
    """The set that holds, in the registry and, as the aggregator would have it, in the tables: without USDC."""
    warehouse = world.resources.warehouse
    rates = [("1.25", at("09:00")), ("1.5", at("12:10"))]
    await insert(
        warehouse,
        "prices",
        [
            {"asset": EUR, "quote": USD, "at": when, "source": "test", "price": price, "event_id": "f" * 31 + str(n),
             "fetched_at": when, "recorded_at": when}
            for n, (price, when) in enumerate(rates)
        ],
    )  # fmt: skip
    made = await put(world, {"asset": USDC})
    rules = [{"asset": USDC, "action": "exclude", "portfolio": "", "why": ""}]
    row = {"tenant": "acme", "number": made["number"], "note": "", "created_at": at("12:30"), "rules": rules}
    await insert(warehouse, "registry_rule_sets", [row])
    return int(made["number"])


async def test_an_earlier_instant_has_the_statements_of_then(world: World, holding: int) -> None:
    found = await get(world, rules=0, at=EARLIER)
    assert (found["at"], found["holds"]) == (EARLIER, holding)
    assert (found["actual"]["net"], found["under"]["net"], found["difference"]) == ("4100", "3600", "-500")
    assert found["assets"] == [{"asset": USDC, "counts": False, "net": "-500", "lines": 1}]
    quality = found["under"]["quality"]
    assert (quality["sources"], quality["sources_missing"], quality["complete"]) == (2, 1, False)
    assert (quality["lines_priced"], quality["lines_unpriced"]) == (3, 1)
    assert quality["share_observed"] == "1"
    assert quality["reasons"] == {"no_price": 1, "value_only": 1}
    assert found["actual"]["quality"]["reasons"] == {"no_price": 1, "value_only": 1, "excluded": 1}


@pytest.mark.parametrize("instant", [EARLIER, NOW, "2026-03-01T12:07:00Z", "2026-02-01T00:00:00Z"])
@pytest.mark.parametrize("currency", ["USD", "EUR", "CHF"])
async def test_under_the_rules_that_hold_it_is_the_total(
    world: World, holding: int, instant: str, currency: str
) -> None:
    """To the last digit, and trusted as far."""
    asked = {"at": instant, "currency": currency}
    total = await get(world, "total", **asked)
    found = await get(world, rules=holding, **asked)
    assert found["under"] == found["actual"]
    said = {"currency": found["currency"], "at": found["at"], **found["actual"]}
    assert said == {name: total[name] for name in VALUE}


async def test_what_is_current_is_what_is_so_now(world: World) -> None:
    assert await get(world, rules=0) == await get(world, rules=0, at=NOW)


async def test_each_number_has_the_rate_of_its_own_instant(world: World) -> None:
    """3600 and −500 dollars at 1.25, then 6600 at 1.5."""
    earlier = await get(world, rules=0, at=EARLIER, currency="EUR")
    assert (earlier["currency"], earlier["under"]["net"], earlier["difference"]) == (EUR, "2880", "-400")
    assert earlier["assets"][0]["net"] == "-400"
    [rate] = earlier["under"]["quality"]["rates"]
    assert (rate["base"], rate["quote"], rate["at"], rate["rate"]) == (USD, EUR, EARLIER, "0.8")
    assert (await get(world, rules=0, currency="EUR"))["under"]["net"] == "4400"


async def test_without_a_rate_nothing_is_converted_and_the_pair_is_named(world: World) -> None:
    found = await get(world, rules=0, currency="CHF", at=EARLIER)
    for side in (found["actual"], found["under"]):
        assert (side["assets"], side["debt"], side["net"]) == (None, None, None)
        assert side["quality"]["conversion_reliable"] is False
        assert side["quality"]["missing_rates"] == [{"base": USD, "quote": CHF, "at": EARLIER}]
    assert (found["difference"], found["assets"][0]["net"], found["assets"][0]["lines"]) == (None, None, 1)


async def test_before_anything_was_observed_it_is_unknown_under_every_set(world: World) -> None:
    found = await get(world, rules=0, at="2026-02-01T00:00:00Z")
    assert (found["under"]["net"], found["difference"], found["assets"]) == (None, None, [])
    assert found["under"]["quality"]["sources_missing"] == 3


async def test_a_line_that_no_rule_leaves_out_any_more_says_why_it_has_no_value(world: World, holding: int) -> None:
    """The set that holds is made another for this, and back."""
    without = await put(world, {"asset": XYZ}, {"asset": ETH})
    found = await get(world, rules=0, at=EARLIER)
    assert found["actual"]["quality"]["reasons"] == {"excluded": 2, "value_only": 1}
    assert found["under"]["quality"]["reasons"] == {"no_price": 1, "value_only": 1}
    assert [(one["asset"], one["net"], one["lines"]) for one in found["assets"]] == [(XYZ, "0", 1), (ETH, "4000", 1)]
    assert (without["number"], found["holds"]) == (holding + 1, holding + 1)
    await put(world, {"asset": USDC})


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"at": "2027-01-01T00:00:00Z"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-03-01T11:30:00"}, "at"),
        ({"currency": "no such"}, "currency"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(world: World, asked: dict[str, str], field: str) -> None:
    answer = await world.get("/v1/portfolios/family/what-if", rules=0, **asked)
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (400, field)
    assert problem["fix"]
