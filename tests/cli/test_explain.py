"""`holdfast explain`: a total, its lines, and where each is from."""

from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import connect
from tests.api.world import AWETH, write_point, write_world
from tests.cli.test_commands import system
from tests.support.commands import holdfast, said

AT = ("--at", "2026-03-01T12:30:00Z")
__all__ = ["system"]


@pytest.fixture
async def world(
    system: dict[str, str],
    nats_settings: NatsSettings,
    clickhouse_settings: ClickHouseSettings,
) -> dict[str, str]:
    """Tenant acme and its portfolio `family`, as tests/api/world.py has it."""
    warehouse = await connect(clickhouse_settings)
    await write_world(warehouse)
    await warehouse.close()
    variables = system | {
        "HOLDFAST_CLICKHOUSE__URL": clickhouse_settings.url,
        "HOLDFAST_CLICKHOUSE__DATABASE": clickhouse_settings.database,
        "HOLDFAST_CLICKHOUSE__USER": clickhouse_settings.user,
        "HOLDFAST_CLICKHOUSE__PASSWORD": clickhouse_settings.password.reveal(),
    }
    assert holdfast("tenant", "create", "acme", settings=variables).returncode == 0
    return variables


async def test_a_total_is_explained_in_a_tree_and_in_json(world: dict[str, str], tmp_path: Path) -> None:
    shown = holdfast("explain", "family", *AT, settings=world, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "family net 6600 USD at 2026-03-01T13:00:00.000Z" in shown.stdout
    assert "the lines below sum up to it exactly" in shown.stdout
    assert "(20000)" in shown.stdout  # not counted
    found = said(holdfast("explain", "family", *AT, "--json", settings=world, folder=tmp_path))
    assert Decimal(found["point"]["net"]) == 6600
    assert len(found["lines"]) == 6
    [left_out] = [line for line in found["lines"] if not line["counted"]]
    assert (left_out["asset"], left_out["reason"]) == (AWETH, "receipt_token")


async def test_a_total_that_its_lines_do_not_make_is_told(
    world: dict[str, str], clickhouse_settings: ClickHouseSettings, tmp_path: Path
) -> None:
    warehouse = await connect(clickhouse_settings)
    await write_point(warehouse, "2026-03-01 12:00:00", version=99, assets="1", net="1")
    await warehouse.close()
    shown = holdfast("explain", "family", *AT, settings=world, folder=tmp_path)
    assert "the lines do not sum up to it" in shown.stdout


async def test_a_portfolio_without_a_point_is_refused_with_what_to_do(world: dict[str, str], tmp_path: Path) -> None:
    refused = holdfast("explain", "nobody", settings=world, folder=tmp_path)
    assert refused.returncode == 1
    assert "holdfast totals" in refused.stderr
