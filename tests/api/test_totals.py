"""The total of the hand-written world: 7100 − 500 = 6600, and how far it can be trusted."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from services.api.app import build_app
from tests.api.conftest import World, client_of
from tests.api.world import A, write_point

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_total_is_the_sum_of_the_counted_lines(world: World) -> None:
    answer = await world.get("/v1/portfolios/family/total")
    assert answer.status_code == 200, answer.text
    total = answer.json()
    assert (total["assets"], total["debt"], total["net"]) == ("7100", "500", "6600")
    assert total["currency"] == "iso4217:USD"
    assert total["bucket"] == "2026-03-01T12:00:00Z"


async def test_the_total_says_how_far_it_can_be_trusted(world: World) -> None:
    quality = (await world.get("/v1/portfolios/family/total")).json()["quality"]
    # Known value 4000 + 500 + 100 + 3000 = 7600, of which 3000 were seen in the hour of the point.
    assert quality["share_observed"] == "0.394736"
    assert quality["share_carried"] == "0.605264"
    assert quality["share_missing"] is None
    assert quality["complete"] is False
    assert (quality["lines_priced"], quality["lines_unpriced"], quality["lines_excluded"]) == (4, 1, 1)
    assert quality["reasons"] == {"no_price": 1, "receipt_token": 1, "value_only": 1}
    assert quality["oldest_input"] == "2026-03-01T09:00:00Z"
    assert quality["newest_input"] == "2026-03-01T12:05:00Z"


async def test_sources_that_stopped_answering_make_their_lines_stale(world: World) -> None:
    quality = (await world.get("/v1/portfolios/family/total")).json()["quality"]
    # Every 600 s: at 12:30 the wallet of 12:05 (1500 s) is fresh, 11:10 and 09:00 are overdue three times.
    assert quality["sources_stale"] == 2
    assert quality["lines_stale"] == 4


async def test_a_portfolio_that_was_never_seen_has_no_total_rather_than_zero(world: World) -> None:
    total = (await world.get("/v1/portfolios/bees/total")).json()
    assert (total["assets"], total["debt"], total["net"], total["bucket"]) == (None, None, None, None)
    assert total["quality"]["complete"] is False
    assert total["quality"]["sources_missing"] == 1


async def test_every_breakdown_sums_to_the_total(world: World) -> None:
    for axis in ("asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side"):
        items = (await world.get(f"/v1/portfolios/family/breakdowns/{axis}")).json()["items"]
        assert sum(Decimal(item["net"]) for item in items) == 6600, axis
        assert sum(item["lines"] for item in items) == 5, axis


class Overtaken:
    """A warehouse in which something happens between the total and its breakdown."""

    def __init__(self, warehouse: Any, happens: Callable[[], Awaitable[None]]) -> None:
        self._warehouse = warehouse
        self._happens = happens

    async def read_bytes(self, sql: str, *args: Any, **how: Any) -> bytes:
        if "breakdown" in sql:
            await self._happens()
        answer: bytes = await self._warehouse.read_bytes(sql, *args, **how)
        return answer


async def test_a_breakdown_is_of_the_hour_of_the_total_beside_it_whatever_is_stored_meanwhile(world: World) -> None:
    part = {"axis": "account", "key": A, "debt": "0", "lines": 1, "lines_unpriced": 0}
    point: dict[str, Any] = {"portfolio": "both", "lines": 1, "sources": 1, "sources_observed": 1}

    async def store(hour: int, value: str) -> None:
        await write_point(
            world.resources.warehouse, f"2026-03-01 {hour}:00:00", version=1, assets=value, net=value,
            breakdown=[part | {"assets": value}], **point,
        )  # fmt: skip

    await store(11, "5")
    overtaken: Any = Overtaken(world.resources.warehouse, lambda: store(12, "8"))
    async with client_of(build_app(replace(world.resources, warehouse=overtaken))) as client:
        answer = await replace(world, client=client).get("/v1/portfolios/both/breakdowns/account")
    body = answer.json()
    assert (body["bucket"], [one["net"] for one in body["items"]]) == ("2026-03-01T11:00:00Z", ["5"])
    body = (await world.get("/v1/portfolios/both/breakdowns/account")).json()
    assert (body["bucket"], [one["net"] for one in body["items"]]) == ("2026-03-01T12:00:00Z", ["8"])


async def test_an_unknown_axis_is_refused_by_name(world: World) -> None:
    answer = await world.get("/v1/portfolios/family/breakdowns/colour")
    assert answer.status_code == 400
    assert answer.json()["field"] == "axis"
