"""The current lines, straight and in pages, and as SQL has them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.warehouse.rows import stored_time
from tests.api.conftest import World
from tests.api.world import (
    AWETH,
    DEFI,
    ETH,
    USDC,
    WALLET_A,
    WALLET_B,
    XYZ,
    at,
    insert,
    line,
    write_membership,
    write_snapshot,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def positions(world: World, portfolio: str = "family", **params: Any) -> list[dict[str, Any]]:
    answer = await world.get(f"/v1/portfolios/{portfolio}/positions", **params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_positions_are_the_lines_of_the_latest_whole_snapshots(world: World) -> None:
    found = [(item["source"], item["line"], item["asset"], item["amount"]) for item in await positions(world)]
    # By source; neither the older DeFi snapshot (9 ETH) nor the half-written one (8 XYZ) is in it.
    assert [(source, line, amount) for source, line, _, amount in found] == [
        (WALLET_A, 0, "1.5"),
        (WALLET_A, 1, "10"),
        (WALLET_B, 0, "7"),
        (DEFI, 0, "2"),
        (DEFI, 1, "500"),
        (DEFI, 2, None),
    ]


async def test_a_receipt_of_a_listed_position_is_shown_and_does_not_count(world: World) -> None:
    receipt = next(item for item in await positions(world) if item["asset"] == AWETH)
    assert (receipt["counted"], receipt["reason"], receipt["value_usd"]) == (False, "receipt_token", "20000")


async def test_a_receipt_counts_where_the_position_it_stands_for_is_not_in_the_portfolio(world: World) -> None:
    assert [item["counted"] for item in await positions(world, "bees")] == [True]


async def test_unknown_is_null_and_says_why(world: World) -> None:
    by_asset = {item["asset"]: item for item in await positions(world)}
    assert (by_asset[XYZ]["value_usd"], by_asset[XYZ]["reason"]) == (None, "no_price")
    assert (by_asset[None]["amount"], by_asset[None]["value_usd"], by_asset[None]["reason"]) == (
        None,
        "100",
        "value_only",
    )
    assert by_asset[ETH]["reason"] is None


async def test_pages_together_are_the_whole_list(world: World) -> None:
    whole = await positions(world)
    for size in (1, 2, 3, 5):
        paged, cursor = [], None
        while True:
            params = {"limit": size} | ({"cursor": cursor} if cursor else {})
            page = (await world.get("/v1/portfolios/family/positions", **params)).json()
            assert 0 < len(page["items"]) <= size
            paged += page["items"]
            if (cursor := page["next_cursor"]) is None:
                break
        assert paged == whole


async def test_the_endpoint_equals_the_view(world: World) -> None:
    sql = """
        SELECT * EXCEPT (tenant, portfolio, fetched_at, snapshot_id) FROM latest_positions
        WHERE tenant = 'acme' AND portfolio = 'family' ORDER BY source, line
    """
    rows = await world.resources.warehouse.query(sql)
    items = [{name: value for name, value in item.items() if name in rows[0]} for item in await positions(world)]
    assert [_plain(row) for row in rows] == [_plain(item) for item in items]
    assert [item["value"] for item in await positions(world)] == [item["value_usd"] for item in items]


async def test_a_nested_portfolio_has_the_lines_of_its_accounts(world: World) -> None:
    assert await positions(world, "both") == await positions(world)


async def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    for cursor in ("!", "e30", "WzEsMl0", "é"):
        answer = await world.get("/v1/portfolios/family/positions", cursor=cursor)
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor"), cursor


async def test_a_line_whose_price_is_refused_for_asking_too_often_waits(world: World) -> None:
    """Two lines without a price, of which one feed asks too often for the first: until it has an answer."""
    await _write_waiting(world)
    assert await _reasons(world) == ["no_price", "stale", None]
    await _write_fetch(world, 1, error="RateLimited", target=f"other,{XYZ}")
    assert await _reasons(world) == ["rate_limited", "stale", None]
    await _write_fetch(world, 2, error="", target=f"other,{XYZ}")
    await _write_fetch(world, 3, error="RateLimited", target="*")  # a feed that never quoted anything may mean all
    assert await _reasons(world) == ["rate_limited", "rate_limited", None]
    await _write_fetch(world, 4, error="", target="*")
    assert await _reasons(world) == ["no_price", "stale", None]


async def _write_waiting(world: World) -> None:
    account = "eip155:1:0x" + "7" * 40
    source = f"acme/evm/{account}/wallet"
    await world.resources.store.add_account("acme", account, sources=[SourceChoice(provider="evm", scope="wallet")])
    await world.resources.store.put_portfolio("acme", "waiting", members=[Member(account=account)])
    await world.resources.settle()
    await write_membership(world.resources.warehouse, "waiting", [source], revision=99)
    lines = [
        line(XYZ, kind="wallet", amount="7", value=None, reason="no_price", priced_by=XYZ),
        line(ETH, kind="wallet", amount="1", value=None, reason="stale", priced_by=ETH),
        line(USDC, kind="wallet", amount="5", value="5", priced_by=USDC),
    ]
    await write_snapshot(world.resources.warehouse, source, at("12:00"), lines)


async def _write_fetch(world: World, minute: int, *, error: str, target: str) -> None:
    """Twice: a view asks by the engine's clock, the endpoint by the one that stands still."""
    for times, now in enumerate((world.clock.now(), datetime.now(UTC))):
        when = stored_time(now - timedelta(minutes=10 - minute))
        fetch = {
            "event_id": f"{minute} {times}",
            "tenant": "public",
            "provider": "defillama",
            "feed": "prices",
            "target": target,
            "started_at": when,
            "finished_at": when,
            "outcome": "failed" if error else "finished",
            "error": error,
        }
        await insert(world.resources.warehouse, "fetches", [fetch])


async def _reasons(world: World) -> list[str | None]:
    """Of the endpoint, once they are those of the view."""
    reasons = [item["reason"] for item in await positions(world, "waiting")]
    sql = "SELECT reason FROM latest_positions WHERE tenant = 'acme' AND portfolio = 'waiting' ORDER BY line"
    assert [row["reason"] or None for row in await world.resources.warehouse.query(sql)] == reasons
    return reasons


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """What both say, in one spelling: no empty text for nothing, numbers as Decimal, times as text."""
    plain = {}
    for name, value in row.items():
        if name in ("amount", "price_usd", "value_usd"):
            plain[name] = None if value is None else Decimal(value)
        elif name in ("reason", "price_source"):
            plain[name] = value or None
        elif hasattr(value, "isoformat"):
            plain[name] = value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        else:
            plain[name] = value
    if isinstance(plain["observed_at"], str):
        plain["observed_at"] = plain["observed_at"].replace(".000Z", "Z")
    return plain
