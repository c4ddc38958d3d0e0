"""Where a snapshot and a price come from: the fetches of them, and the bodies that they were read from."""

import hashlib
import zlib
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from holdfast.warehouse.client import Warehouse
from tests.api.world import AWETH, DEFI, ETH, WALLET_A, XYZ, A, at, insert, line

JOB, PRICE_JOB = "1" * 32, "2" * 32
BODY, PRICE_BODY = b'{"code":"0","data":[]}', b'{"ethereum":{"usd":2000}}'
_RECENTLY = datetime.now(UTC).strftime("%Y-%m-%d %H:00:00.000")
"""The engine throws bodies away, and forgets fetches, by its own clock."""


async def write_origins(warehouse: Warehouse) -> None:
    """Of the DeFi snapshot, and of the price that values the wallet's ETH."""
    await _write_origin_of_snapshot(warehouse)
    await _write_origin_of_price(warehouse)
    await insert(
        warehouse,
        "fetches",
        [
            _fetch("acme", JOB, A, "defi"),
            _fetch("acme", "4" * 32, A, "defi", outcome="retry", error="RateLimited"),
            _fetch("public", PRICE_JOB, "prices", ""),
            _asked_for_a_price("5" * 32, "11:00", error="RateLimited"),
            _asked_for_a_price("6" * 32, "11:05"),
        ],
    )
    await insert(
        warehouse,
        "raw_responses",
        [_raw("acme", JOB, BODY, "/balances"), _raw("public", PRICE_JOB, PRICE_BODY, "/price")],
    )


async def _write_origin_of_snapshot(warehouse: Warehouse) -> None:
    [row] = await warehouse.query(
        "SELECT * FROM snapshots FINAL WHERE source = {s:String} ORDER BY observed_at DESC LIMIT 1", {"s": DEFI}
    )
    key = {"source": DEFI, "observed_at": at("11:10"), "snapshot_id": row["snapshot_id"]}
    # It says the same without an origin, and would be the first that did.
    await warehouse.command("DELETE FROM snapshots WHERE snapshot_id = {id:String}", {"id": row["snapshot_id"]})
    await insert(
        warehouse,
        "snapshots",
        [
            key
            | {
                "raw": [_sha(BODY)],
                "job_id": JOB,
                "tenant": "acme",
                "provider": "okx",
                "account": A,
                "scope": "defi",
                "fetched_at": at("11:10"),
                "recorded_at": at("11:10"),
                "lines": 3,
                "stream_seq": 1,
                "covers": [AWETH],
                "block_number": 24560000,
                "block_time": at("11:10"),
                "chain": "eip155:1",
            }
        ],
    )


async def _write_origin_of_price(warehouse: Warehouse) -> None:
    wallet = (
        await warehouse.query(
            "SELECT snapshot_id FROM latest_snapshots FINAL WHERE source = {s:String}", {"s": WALLET_A}
        )
    )[0]["snapshot_id"]
    valued = line(
        ETH,
        kind="wallet",
        amount="1.5",
        value="3000",
        symbol="ETH",
        priced_by=ETH,
        price_usd="2000",
        price_source="coingecko",
        price_at=at("12:00"),
        version=1,
    )
    await insert(
        warehouse,
        "balances",
        [{"source": WALLET_A, "observed_at": at("12:05"), "snapshot_id": wallet, "line": 0} | valued],
    )
    await insert(
        warehouse,
        "prices",
        [
            {
                "asset": ETH,
                "quote": "iso4217:USD",
                "at": at("12:00"),
                "source": "coingecko",
                "price": "2000",
                "event_id": "3" * 32,
                "fetched_at": at("12:01"),
                "recorded_at": at("12:01"),
                "job_id": PRICE_JOB,
            }
        ],
    )


def _sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _fetch(tenant: str, job: str, target: str, scope: str, **more: Any) -> dict[str, Any]:
    row = {
        "event_id": job,
        "job_id": job,
        "tenant": tenant,
        "provider": "okx",
        "feed": "balances",
        "target": target,
        "scope": scope,
        "slot": _RECENTLY,
        "lane": "due",
        "started_at": _RECENTLY,
        "finished_at": _RECENTLY,
        "attempts": 1,
        "outcome": "finished",
        "error": "",
        "message": "",
        "requests": 2,
        "window_start": None,
        "window_end": None,
        "window_every_s": None,
    }
    return row | more


def _asked_for_a_price(job: str, clock: str, **more: Any) -> dict[str, Any]:
    times = {"started_at": at(clock), "finished_at": at(clock)}
    return _fetch("public", job, XYZ, "") | {"provider": "coingecko", "feed": "prices"} | times | more


def _raw(tenant: str, job: str, body: bytes, path: str) -> dict[str, Any]:
    return {
        "sha256": _sha(body),
        "part": 1,
        "parts": 1,
        "provider": "okx",
        "tenant": tenant,
        "job_id": job,
        "received_at": _RECENTLY,
        "method": "GET",
        "url": f"https://api.example{path}",
        "status": 200,
        "content_type": "application/json",
        "size_bytes": len(body),
        "body_base64": b64encode(zlib.compress(body)).decode(),
        "started_at": _RECENTLY,
        "place": 0,
        "sent_at": _RECENTLY,
        "request_sha256": _sha(path.encode()),
    }
