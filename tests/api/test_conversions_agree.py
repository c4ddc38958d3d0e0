"""One value, told in many places: in a currency that never divides evenly all of them say the same to the last digit.

Three tokens of two accounts, stated half an hour ago. A pound is published in dollars, or both in euros.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest

from holdfast.warehouse.rows import stored_time
from tests.api.conftest import bearer
from tests.api.random_worlds import ACCOUNTS, NOW, Wired, at, build_wired, take_in
from tests.api.world import insert
from tests.support import oracle_ledger
from tests.support.servers import ClickHouseServer

END = 10 * oracle_ledger.DAY
WIDE = Context(prec=100)
HELD = {
    "s1": [("a", "asset", Fraction("0.1"), Fraction("30000.01")), ("b", "asset", Fraction(2), Fraction("2000.01"))],
    "s2": [("c", "asset", Fraction(3), Fraction("77.77")), ("a", "asset", Fraction("1.7"), Fraction("30000.01"))],
    "s3": [],
}
POUND = "0x" + "0" * 37 + "33a"
RATES = {"inverse": Fraction(10_000, 10_837), "crossed": Fraction(8599, 10_837)}


@pytest.fixture(scope="module", params=RATES)
def told(request: pytest.FixtureRequest, clickhouse_server: ClickHouseServer) -> Iterator["Told"]:
    world = oracle_ledger.World(
        sources={name: [oracle_ledger.Snap(END - 30, END - 30, "", lines)] for name, lines in HELD.items()},  # type: ignore[arg-type]
        prices={},
        rates=[(END - 600, RATES[request.param])],
        quoted=request.param,
        end=END,
    )
    with asyncio.Runner() as runner:
        wired = runner.run(build_wired(clickhouse_server.settings("conversions_agree"), bound_to="main"))
        runner.run(take_in(wired, world, random.Random(1)))
        block = {"chain": "eip155:1", "number": 100, "time": stored_time(NOW), "hash": "", "rank": 1}
        runner.run(insert(wired.warehouse, "blocks", [block]))
        yield Told(runner, wired, RATES[request.param])
        runner.run(wired.warehouse.close())


class Told:
    """The API, and what a number in dollars is in pounds."""

    def __init__(self, runner: asyncio.Runner, wired: Wired, rate: Fraction) -> None:
        self._runner, self._wired, self._rate = runner, wired, rate

    def pounds(self, dollars: str) -> Fraction:
        return oracle_ledger.cut(Fraction(dollars) * self._rate)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._runner.run(self._wired.get(path, **params))

    def ask(self, path: str, *, body: Any = None, **params: Any) -> Any:
        headers = {"X-Api-Key": self._wired.key, **bearer(self._wired.key)}
        request = self._wired.client.request("POST" if body else "GET", path, json=body, params=params, headers=headers)
        answer = self._runner.run(request)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    @property
    def total(self) -> Fraction:
        """0.1 and 1.7 of 30000.01, 2 of 2000.01, 3 of 77.77."""
        return self.pounds("58233.348")


def test_total_series_and_breakdowns(told: Told) -> None:
    assert Fraction(told.get("total")["net"]) == told.total
    assert Fraction(told.get("total", at=NOW.isoformat())["net"]) == told.total
    for mark in ("false", "true"):
        assert Fraction(told.get("series", mark=mark)["points"][-1]["net"]) == told.total
    for axis in ("asset", "account"):
        items = told.get(f"breakdowns/{axis}")["items"]
        assert len(items) > 1
        assert sum(Fraction(item["net"]) for item in items) == told.total


def test_returns_and_attribution(told: Told) -> None:
    for by in ("portfolio", "asset", "account"):
        items = told.get("returns", by=by, method="simple")["items"]
        assert sum(Fraction(item["returns"][0]["closing"]) for item in items) == told.total
    assert Fraction(told.get("attribution")["total"]["end"]) == told.total


def test_each_flow_and_each_position(told: Told) -> None:
    worth = {"3000.001", "4000.02", "233.31", "51000.017"}
    expected = sorted(told.pounds(dollars) for dollars in worth)
    assert sorted(Fraction(flow["value"]) for flow in told.get("flows")["items"]) == expected
    assert sorted(Fraction(line["value"]) for line in told.get("positions")["items"]) == expected


def test_dialects_round_that_value_as_their_wires_do(told: Told) -> None:
    """Bitpanda to 18 decimals, DALP to the cent, Credmark of one account, not at all."""
    scaled = Decimal(told.total.numerator * 10**36 // told.total.denominator).scaleb(-36, WIDE)
    graph = told.ask("/graphql", body={"query": "{ user { portfolio { items { total { value currency } } } } }"})
    found = graph["data"]["user"]["portfolio"]["items"][0]["total"]
    rounded = scaled.quantize(Decimal("1e-18"), rounding=ROUND_HALF_EVEN, context=WIDE)
    assert (Decimal(found["value"]), found["currency"]) == (rounded, "GBP")
    window = {"interval": "hour", "from": at(END - 60).isoformat(), "to": at(END).isoformat()}
    points = told.ask("/api/v2/system/stats/portfolio-stat-ranges", **window)["data"]["data"]
    cents = scaled.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=WIDE)
    assert Decimal(points[-1]["totalValueInBaseCurrency"]) == cents
    address = ACCOUNTS["s1"].rpartition(":")[2]
    found = told.ask(f"/v1/portfolio/1/{address}/value", quoteAddress=POUND)
    assert Fraction(found["value"]) == told.pounds("7000.021")
