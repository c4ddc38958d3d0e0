"""Which cause is named where a line is known otherwise: a price too old to serve, a receipt whose price moved."""

from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from services.api.native.provenance.differing import Known, Line, Stated, differences
from tests.api.conftest import World
from tests.api.world import WALLET_A, WALLET_B, XYZ, at, insert, line, write_membership, write_snapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = "2026-02-20"
RECEIPT = Line(
    source=WALLET_A, account="eip155:1:0xaaa", asset=XYZ, platform="", position="", kind="wallet", side="asset",
    amount="7", price_usd="2", value_usd="14", reason=None, counted=True, excluded=False, snapshot_id="1" * 32,
    price_event_id="a" * 32, price_recorded_at=None,
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def what_became_known(world: World) -> None:
    """`bees`: seven XYZ at 10:00. At 10:10 a price of two days before is heard of."""
    warehouse = world.resources.warehouse
    await write_membership(warehouse, "bees", [WALLET_B], revision=9)
    revision = {"tenant": "acme", "portfolio": "bees", "revision": 9, "deleted": False}
    await insert(warehouse, "registry_portfolio_revisions", [revision | {"recorded_at": at("00:00", "2026-01-01")}])
    held = line(XYZ, kind="wallet", amount="7", value=None) | {"priced_by": XYZ, "reason": "no_price"}
    await write_snapshot(
        warehouse, WALLET_B, at("10:00", DAY), [held], recorded_at=at("10:01", DAY), fetched_at=at("10:01", DAY)
    )
    old = {"asset": XYZ, "quote": "iso4217:USD", "at": at("10:00", "2026-02-18"), "source": "feed", "price": "2"}
    told = {"event_id": "a" * 32, "fetched_at": at("10:10", DAY), "recorded_at": at("10:10", DAY)}
    await insert(warehouse, "prices", [old | told])


async def corrections(world: World, known_from: str, known_to: str) -> dict[str, Any]:
    asked = {"at": f"{DAY}T10:30:00Z", "known_from": f"{DAY}T{known_from}:00Z", "known_to": f"{DAY}T{known_to}:00Z"}
    answer = await world.get("/v1/portfolios/bees/corrections", **asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_price_that_came_too_old_to_serve_is_the_cause_of_another_reason(world: World) -> None:
    body = await corrections(world, "10:05", "10:12")
    [one] = body["items"]
    assert (one["before"]["reason"], one["after"]["reason"]) == ("no_price", "stale")
    assert (one["cause"], one["event"]["id"], one["change_usd"]) == ("price", None, "0")


def known(one: Line) -> Known:
    stated = Stated(source=WALLET_A, snapshot_id="1" * 32, recorded_at=None, job_id=None, revision=1)
    return Known(lines=(one,), statements={WALLET_A: stated})


async def test_a_receipt_that_is_stood_for_is_left_out_by_that_whatever_its_price_has_become() -> None:
    hidden = replace(RECEIPT, counted=False, reason="receipt_token", price_usd="3", value_usd="21")
    [one] = differences(known(RECEIPT), known(hidden))
    assert (one.cause, one.change) == ("coverage", -14)
