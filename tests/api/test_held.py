"""What dialects show as held now, beside a source whose clock is a little ahead of ours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.state import counted_sources
from services.api.held import Held, read_held
from tests.api.conftest import World
from tests.api.world import ETH, NOW, USDC, at, line, write_snapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNT = "eip155:1:0x" + "8" * 40
SOURCE = f"acme/evm/{ACCOUNT}/wallet"


async def test_a_statement_of_a_clock_that_is_ahead_is_the_newest_and_no_part_of_the_past(world: World) -> None:
    """1 ETH and 5 USDC at 12:00, no USDC any more at 12:30:02; it is 12:30."""
    store, warehouse = world.resources.store, world.resources.warehouse
    await store.add_account("acme", ACCOUNT, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "ahead", members=[Member(account=ACCOUNT)])
    await world.resources.watcher.wait_until(store.revision)
    ether = line(ETH, kind="wallet", amount="1", value="2000")
    await write_snapshot(warehouse, SOURCE, at("12:00"), [ether, line(USDC, kind="wallet", amount="5", value="5")])
    await write_snapshot(warehouse, SOURCE, "2026-03-01 12:30:02.000", [ether])
    members = counted_sources(world.resources.registry, "acme", "ahead")
    before = NOW - timedelta(minutes=1)
    for instants in ([NOW], [before, NOW]):
        held = await read_held(world.resources, members, instants, Held, excluded=(), now=NOW)
        assert [(one.asset, one.dollars) for one in held[NOW]] == [(ETH, Decimal(2000))]
        assert held[NOW][0].observed_at == datetime(2026, 3, 1, 12, 30, 2, tzinfo=UTC)
    assert {one.asset: one.dollars for one in held[before]} == {ETH: Decimal(2000), USDC: Decimal(5)}
    answer = (await world.get("/v1/portfolios/ahead/positions", currency="USD")).json()
    assert [(one["asset"], one["value"]) for one in answer["items"]] == [(ETH, "2000")], "as natively"
