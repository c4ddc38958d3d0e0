"""Blocks are kept as anything is seen at them: by a node, by a portfolio service, beside returns that one reports."""

import json
from typing import Any

from holdfast.warehouse.client import Warehouse

ACCOUNT = "eip155:1:0x" + "a" * 40
BLOCKS = "SELECT number, toString(time), hash FROM blocks FINAL WHERE chain = 'eip155:1' ORDER BY number"


async def insert(warehouse: Warehouse, table: str, **row: Any) -> None:
    await warehouse.insert_json(table, json.dumps(row).encode(), columns=list(row))


async def write_snapshot(warehouse: Warehouse, provider: str, fetched_at: str, **block: Any) -> None:
    await insert(
        warehouse, "snapshots", source=f"acme/{provider}/{ACCOUNT}/wallet", tenant="acme", provider=provider,
        account=ACCOUNT, scope="wallet", observed_at=block["block_time"], snapshot_id=provider * 4, chain="eip155:1",
        fetched_at=fetched_at, recorded_at=fetched_at, job_id="", raw=[], covers=[], lines=0, stream_seq=1, **block,
    )  # fmt: skip


async def test_a_snapshot_at_a_block_brings_its_number_and_time(warehouse: Warehouse) -> None:
    block = {"block_number": 7, "block_time": "2026-03-01 10:00:00.000", "block_hash": "0xabc"}
    await write_snapshot(warehouse, "evm", "2026-03-01 10:00:05.000", **block)
    assert await warehouse.rows(BLOCKS) == [(7, "2026-03-01 10:00:00.000", "0xabc")]


async def test_what_a_node_said_wins_over_a_service_that_tells_no_hash_whoever_came_last(warehouse: Warehouse) -> None:
    node = {"block_number": 7, "block_time": "2026-03-01 10:00:00.000", "block_hash": "0xabc"}
    service = {"block_number": 7, "block_time": "2026-03-01 10:00:01.000", "block_hash": ""}
    await write_snapshot(warehouse, "evm", "2026-03-01 10:00:05.000", **node)
    await write_snapshot(warehouse, "credmark", "2026-03-01 10:05:00.000", **service)
    assert await warehouse.rows(BLOCKS) == [(7, "2026-03-01 10:00:00.000", "0xabc")]
    # A reorganisation gives the number another block: of nodes the one that was asked last is right.
    again = node | {"block_hash": "0xdef", "block_time": "2026-03-01 10:00:02.000"}
    await write_snapshot(warehouse, "evm", "2026-03-01 10:01:00.000", **again)
    assert await warehouse.rows(BLOCKS) == [(7, "2026-03-01 10:00:02.000", "0xdef")]


async def test_a_service_alone_is_believed(warehouse: Warehouse) -> None:
    block = {"block_number": 8, "block_time": "2026-03-01 10:00:12.000", "block_hash": ""}
    await write_snapshot(warehouse, "credmark", "2026-03-01 10:05:00.000", **block)
    assert await warehouse.rows(BLOCKS) == [(8, "2026-03-01 10:00:12.000", "")]


async def test_reported_returns_bring_the_block_that_they_are_of(warehouse: Warehouse) -> None:
    at = "2026-03-01 11:00:00.000"
    await insert(
        warehouse, "reported_returns", source=f"acme/credmark/{ACCOUNT}/wallet", observed_at=at, event_id="e",
        tenant="acme", provider="credmark", account=ACCOUNT, scope="wallet", fetched_at=at, recorded_at=at, job_id="",
        quote="iso4217:USD", total_return="1", items=[], block_number=9, raw=[],
    )  # fmt: skip
    assert await warehouse.rows(BLOCKS) == [(9, at, "")]
