"""`holdfast explain`: a total, its lines, and where each is from."""

import hashlib
import zlib
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import connect
from tests.api.world import AWETH, ETH, WALLET_A, A, at, insert, line, write_point, write_world
from tests.cli.test_commands import system
from tests.support.commands import holdfast, said

AT = ("--at", "2026-03-01T12:30:00Z")
BODY = {"part": 1, "parts": 1, "size_bytes": 2, "body_base64": b64encode(zlib.compress(b"{}")).decode()}
FIRST_JOB, LATER_JOB = "1" * 32, "f" * 32
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


async def test_each_statement_is_told_with_the_fetch_that_brought_it_first(
    world: dict[str, str], clickhouse_settings: ClickHouseSettings, tmp_path: Path
) -> None:
    """Another job said the same later: its body is not shown as what the first one heard."""
    warehouse = await connect(clickhouse_settings)
    answers = [_answer(job) for job in (FIRST_JOB, LATER_JOB)]
    heard = {answer["job_id"]: answer["sha256"] for answer in answers}
    key = {"source": WALLET_A, "observed_at": at("12:20"), "snapshot_id": "e" * 32}
    statement = key | {"tenant": "acme", "provider": "evm", "account": A, "scope": "wallet", "covers": [], "lines": 1}
    first = {"job_id": FIRST_JOB, "fetched_at": at("12:21"), "recorded_at": at("12:22"), "stream_seq": 41}
    later = {"job_id": LATER_JOB, "fetched_at": at("12:26"), "recorded_at": at("12:27"), "stream_seq": 42}
    copies = [{**statement, **copy, "raw": [heard[copy["job_id"]]]} for copy in (later, first)]
    await insert(warehouse, "snapshots", copies)
    await insert(warehouse, "balances", [key | {"line": 0} | line(ETH, kind="wallet", amount="1", value="2000")])
    await insert(warehouse, "exchanges", answers)
    await insert(warehouse, "raw_responses", [answer | BODY for answer in answers])
    await warehouse.close()
    shown = holdfast("explain", "family", *AT, settings=world, folder=tmp_path).stdout
    told = shown[shown.index("e" * 32) :].split("snapshot ")[0]
    assert "event 41 of EVENTS, recorded 2026-03-01T12:22:00.000Z" in told
    assert f"job {FIRST_JOB}" in told
    assert heard[FIRST_JOB] in told
    assert "said again until 2026-03-01T12:26:00.000Z" in told
    assert LATER_JOB not in shown
    assert heard[LATER_JOB] not in shown


def _answer(job: str) -> dict[str, Any]:
    """Of the real now: the engine throws records away by its own clock."""
    return {
        "tenant": "acme", "provider": "evm", "job_id": job, "started_at": at("12:20"), "place": 0,
        "sent_at": at("12:20"), "received_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.000"), "method": "POST",
        "url": "https://node.example", "request_sha256": "0" * 64, "status": 200, "content_type": "application/json",
        "sha256": hashlib.sha256(job.encode()).hexdigest(),
    }  # fmt: skip


async def test_a_portfolio_without_a_point_is_refused_with_what_to_do(world: dict[str, str], tmp_path: Path) -> None:
    for command in ("explain", "totals", "checks"):
        unknown = holdfast(command, "nobody", settings=world, folder=tmp_path)
        assert unknown.returncode == 1, unknown.stdout
        assert "has no portfolio 'nobody'" in unknown.stderr
    assert holdfast("portfolio", "create", "empty", settings=world, folder=tmp_path).returncode == 0
    refused = holdfast("explain", "empty", "--at", "2020-01-01T00:00:00Z", settings=world, folder=tmp_path)
    assert refused.returncode == 1
    assert "holdfast totals" in refused.stderr
