"""Rules over HTTP, and what a total would be under any of them: worked out by hand from the small world.

Lines that may count: ETH 4000 + 3000, a pool 100 without an asset, USDC 500 of debt, XYZ without a value.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import World
from tests.api.world import AWETH, ETH, USDC, XYZ, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHAT_IF = "/v1/portfolios/family/what-if"
COUNTS = ("lines_unpriced", "lines_excluded")


async def put(world: World, *rules: dict[str, Any], note: str = "") -> dict[str, Any]:
    answer = await world.send("PUT", "/v1/rules", body={"rules": list(rules), "note": note})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def net_under(world: World, number: int, **more: Any) -> Any:
    answer = await world.get(WHAT_IF, rules=number, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_without_rules_set_0_is_what_holds(world: World) -> None:
    found = await net_under(world, 0)
    assert (found["holds"], found["actual"], found["difference"], found["assets"]) == (0, found["under"], "0", [])
    assert (found["currency"], found["at"]) == ("iso4217:USD", "2026-03-01T12:30:00Z")
    actual = {name: found["actual"][name] for name in ("assets", "debt", "net")}
    assert actual == {"assets": "7100", "debt": "500", "net": "6600"}
    quality = found["actual"]["quality"]
    assert (quality["lines_priced"], quality["lines_unpriced"], quality["lines_excluded"]) == (4, 1, 1)
    assert (await world.get("/v1/rules")).json() == {"items": [], "next_cursor": None}


async def test_each_put_is_a_set_and_a_total_can_be_asked_for_under_any(world: World) -> None:
    first = await put(world, {"asset": USDC, "why": "not ours"}, note="first")
    second = await put(world, {"asset": ETH}, {"asset": ETH, "action": "keep", "portfolio": "bees"})
    assert (first["number"], second["number"], second["holds"]) == (first["number"], first["number"] + 1, True)
    one, two = first["number"], second["number"]
    under = await net_under(world, one)
    assert (under["actual"]["net"], under["under"]["net"], under["difference"]) == ("-400", "7100", "7500")
    assert under["assets"] == [
        {"asset": USDC, "counts": True, "net": "-500", "lines": 1},
        {"asset": ETH, "counts": False, "net": "7000", "lines": 2},
    ]
    assert (await net_under(world, two))["difference"] == "0"
    none = await net_under(world, 0)
    assert (none["under"]["net"], none["actual"]["quality"]["lines_excluded"]) == ("6600", 3)
    listed = (await world.get("/v1/rules", limit=1)).json()
    assert [one["number"] for one in listed["items"]] == [two]
    further = (await world.get("/v1/rules", limit=1, cursor=listed["next_cursor"])).json()
    assert (further["items"][0]["number"], further["items"][0]["holds"]) == (one, False)
    shown = (await world.get(f"/v1/rules/{one}")).json()
    assert (shown["note"], shown["rules"][0]["asset"], shown["rules"][0]["why"]) == ("first", USDC, "not ours")


async def test_a_receipt_stays_out_under_every_set(world: World) -> None:
    made = await put(world, {"asset": AWETH})
    found = await net_under(world, made["number"])
    assert (found["under"]["net"], found["under"]["quality"]["lines_excluded"], found["assets"]) == ("6600", 1, [])


async def test_the_view_says_what_the_endpoint_says(world: World) -> None:
    """The projection into tables is the aggregator's; here the same sets are written by hand."""
    made = [
        await put(world, {"asset": USDC}),
        await put(world, {"asset": ETH}, {"asset": XYZ, "portfolio": "family"}),
        await put(world, {"asset": ETH}, {"asset": ETH, "action": "keep", "portfolio": "family"}),
        await put(world),
    ]
    rows = [
        {
            "tenant": "acme", "number": one["number"], "note": "", "created_at": "2026-03-01 12:30:00.000",
            "rules": [rule | {"portfolio": rule["portfolio"] or ""} for rule in one["rules"]],
        }
        for one in made
    ]  # fmt: skip
    warehouse = world.resources.warehouse
    await insert(warehouse, "registry_rule_sets", rows)
    nets = []
    for number in (0, *(one["number"] for one in made)):
        sql = f"SELECT * FROM portfolio_value_under(rules = {number}) WHERE tenant = 'acme' AND portfolio = 'family'"
        [row] = await warehouse.query(sql)
        under = (await net_under(world, number))["under"]
        assert {name: Decimal(under[name]) for name in ("assets", "debt", "net")} == {
            name: row[name] for name in ("assets", "debt", "net")
        }
        quality = under["quality"]
        assert quality["lines_priced"] + quality["lines_unpriced"] == row["lines"]
        assert [quality[name] for name in COUNTS] == [row[name] for name in COUNTS]
        nets.append(row["net"])
    assert nets == [6600, 7100, -400, 6600, 6600]
    assert await warehouse.query("SELECT * FROM portfolio_value_under(rules = 99) WHERE tenant = 'acme'") == []
    listed = await warehouse.query("SELECT number, asset, holds FROM exclusion_rules WHERE tenant = 'acme' AND holds")
    assert listed == [{"number": made[-1]["number"], "asset": None, "holds": True}]


async def test_rules_that_hold_make_no_new_set(world: World) -> None:
    one = await put(world, {"asset": USDC})
    assert (await put(world, {"asset": USDC}))["number"] == one["number"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"asset": "spam"}, "rules[0].asset"),
        ({"asset": USDC, "portfolio": "nobody"}, "rules[0].portfolio"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_by_name(world: World, rule: dict[str, Any], field: str) -> None:
    answer = await world.send("PUT", "/v1/rules", body={"rules": [rule]})
    assert (answer.status_code, answer.json()["field"]) == (400, field)


async def test_an_unknown_set_is_not_found(world: World) -> None:
    assert (await world.get("/v1/rules/999")).json()["code"] == "rules_unknown"
    answer = await world.get(WHAT_IF, rules=999)
    assert (answer.status_code, answer.json()["field"]) == (404, "rules")
    assert (await world.get(WHAT_IF)).status_code == 400


async def test_another_tenant_sees_none_of_it(world: World) -> None:
    made = await put(world, {"asset": USDC})
    assert (await world.get("/v1/rules", key="rival")).json()["items"] == []
    assert (await world.get(f"/v1/rules/{made['number']}", key="rival")).status_code == 404
    assert (await world.get("/v1/portfolios/theirs/what-if", key="rival", rules=made["number"])).status_code == 404
    assert (await world.get(WHAT_IF, key="rival", rules=0)).status_code == 404


async def test_a_bound_key_reads_the_rules_that_concern_it_and_writes_none(world: World) -> None:
    rules = ({"asset": USDC}, {"asset": ETH, "portfolio": "bees"}, {"asset": XYZ, "portfolio": "both"})
    made = await put(world, *rules)
    seen = (await world.get(f"/v1/rules/{made['number']}", key="bees")).json()["rules"]
    assert {rule["asset"] for rule in seen} == {USDC, ETH}
    assert (await world.send("PUT", "/v1/rules", key="bees", body={"rules": []})).status_code == 403


async def test_nothing_observed_is_unknown_and_not_0(world: World) -> None:
    found = (await world.get("/v1/portfolios/theirs/what-if", key="rival", rules=0)).json()
    assert (found["actual"]["net"], found["under"]["net"], found["difference"]) == (None, None, None)
    assert found["under"]["quality"]["sources_missing"] == 1
