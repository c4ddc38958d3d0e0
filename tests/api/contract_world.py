"""What the examples of docs/sql.md ask for beyond the small world, written by hand like it."""

import hashlib
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from holdfast.events import PricesObserved
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.closing.closer import Closer
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.settings import ClosingSettings
from tests.api.cluster_world import MINNOWS, WHALES, statement
from tests.api.worked_example import day, example, take_in
from tests.api.world import AWETH, DEFI, ETH, USDC, WALLET_A, XYZ, A, StoppedClock, at, insert, line, write_membership
from tests.support.transfers import stated, transfer

TOKEN = "eip155:1/erc20:0x4d5f47fa6a74757f35c14fd3a6ef8e3c9bc514e8"
JOB, PRICE_JOB = "1" * 32, "2" * 32
BODY, PRICE_BODY = b'{"code":"0","data":[]}', b'{"ethereum":{"usd":2000}}'
COMPARED = f"acme/credmark/{A}/wallet"
_RECENTLY = datetime.now(UTC).strftime("%Y-%m-%d %H:00:00.000")
"""The engine throws bodies away, and forgets fetches, by its own clock."""


async def write_what_examples_ask_for(warehouse: Warehouse) -> None:
    await _write_provenance(warehouse)
    await _write_reports(warehouse)
    await _write_notices(warehouse)
    await _write_clusters(warehouse)
    await _write_ruled_portfolio(warehouse)
    await _write_closed_days(warehouse)
    await _write_transfers(warehouse)


async def _write_transfers(warehouse: Warehouse) -> None:
    """Two statements of which the second replaces the last blocks of the first."""
    first = stated(100, 150, 1800, transfer(120, 3, "250.5"), transfer(149, 1, "7"))
    second = stated(140, 170, 2100, transfer(150, 0, "6.999999"), fork="b")
    arrivals = [
        Arrival(event=replace(event, account=A), sequence=1, recorded_at=event.fetched_at) for event in (first, second)
    ]
    await commit(warehouse, prepare(arrivals), ranking=())


async def _write_closed_days(warehouse: Warehouse) -> None:
    """The worked example of docs/returns.md, of a tenant of its own, some days later."""
    source = f"school/evm/{A}/wallet"
    await write_membership(warehouse, "worked", [source], revision=1, tenant="school")
    events = [one if isinstance(one, PricesObserved) else replace(one, tenant="school") for one in example(A)]
    await take_in(warehouse, events, recorded_at=day(4))
    settings = ClosingSettings(share=1, after_s=0)
    await Closer(warehouse, StoppedClock(day(3)), settings, ranking=()).close_due()


async def _write_provenance(warehouse: Warehouse) -> None:
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


async def _write_reports(warehouse: Warehouse) -> None:
    said = {
        "tenant": "acme",
        "provider": "okx",
        "account": A,
        "scope": "defi",
        "fetched_at": at("11:10"),
        "recorded_at": at("11:10"),
        "job_id": JOB,
        "raw": [],
    }
    await insert(
        warehouse,
        "reported_totals",
        [
            said
            | {
                "source": DEFI,
                "observed_at": at("11:10"),
                "platform": "",
                "event_id": "5" * 32,
                "currency": "iso4217:USD",
                "total": "3650",
            }
        ],
    )
    items = [
        {"asset": ETH, "amount": "2", "value": "4000", "total_return": "250.5", "reason": ""},
        {"asset": XYZ, "amount": "7", "value": None, "total_return": None, "reason": "no_price"},
    ]
    returns = {
        "source": COMPARED,
        "observed_at": at("11:00"),
        "event_id": "6" * 32,
        "provider": "credmark",
        "scope": "wallet",
        "quote": "iso4217:USD",
        "total_return": "250.5",
        "items": items,
        "block_number": None,
    }
    await insert(warehouse, "reported_returns", [said | returns])


async def _write_notices(warehouse: Warehouse) -> None:
    """The report is 50 above the lines; the compared source has 1000 less ETH; the total jumped at noon."""
    await _write_checks(warehouse)
    await _write_jump(warehouse)


async def _write_checks(warehouse: Warehouse) -> None:
    check = {
        "tenant": "acme",
        "source": DEFI,
        "kind": "reported_total",
        "against": DEFI,
        "platform": "",
        "at": at("11:10"),
        "version": "1",
        "account": A,
        "provider": "okx",
        "scope": "defi",
        "ours_at": at("11:10"),
        "ours": "3600",
        "theirs": "3650",
        "currency": "iso4217:USD",
        "stated": "3650",
        "rate_at": None,
        "difference": "-50",
        "ratio": "0.013698",
        "tolerance": "0.01",
        "verdict": "outside",
        "reason": "",
        "lines_unpriced": 0,
        "asset": "",
        "asset_difference": None,
    }
    earlier = check | {
        "at": at("10:10"),
        "ours": "18000",
        "theirs": "18000",
        "difference": "0",
        "ratio": "0",
        "verdict": "within",
    }
    other = check | {
        "source": WALLET_A,
        "kind": "other_source",
        "against": COMPARED,
        "at": at("12:05"),
        "ours": "3000",
        "theirs": "2000",
        "difference": "1000",
        "ratio": "0.333333",
        "asset": ETH,
        "asset_difference": "1000",
    }
    await insert(warehouse, "source_checks", [earlier, check, other])


async def _write_jump(warehouse: Warehouse) -> None:
    await insert(
        warehouse,
        "jumps",
        [
            {
                "tenant": "acme",
                "portfolio": "family",
                "bucket": "2026-03-01 12:00:00",
                "version": "40",
                "bucket_before": "2026-03-01 11:00:00",
                "version_before": "31",
                "net": "6600",
                "net_before": "3600",
                "ratio": "0.833333",
                "allowed": "0.2",
                "asset": ETH,
                "cause": "source_joined",
                "asset_value": "7000",
                "asset_value_before": "4000",
                "price_source": "okx",
                "price_source_before": "okx",
            }
        ],
    )


async def _write_clusters(warehouse: Warehouse) -> None:
    noon, day = datetime(2026, 3, 1, 12, tzinfo=UTC), timedelta(days=1)
    events = [
        statement("acme", TOKEN, noon, WHALES, MINNOWS, whole=True),
        statement("acme", TOKEN, noon + day, WHALES, whole=True),
    ]
    arrivals = [Arrival(event=one, sequence=place, recorded_at=one.fetched_at) for place, one in enumerate(events, 1)]
    await commit(warehouse, prepare(arrivals), ranking=())


async def _write_ruled_portfolio(warehouse: Warehouse) -> None:
    """Set 1 excludes USDC in `family` alone, and XYZ in all."""
    rules = [
        {"asset": USDC, "action": "exclude", "portfolio": "family", "why": "held for somebody else"},
        {"asset": XYZ, "action": "exclude", "portfolio": "", "why": "spam"},
    ]
    await insert(
        warehouse,
        "registry_rule_sets",
        [{"tenant": "acme", "number": 1, "note": "", "created_at": at("12:00"), "rules": rules}],
    )
