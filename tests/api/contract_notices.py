"""What providers report of themselves, and what was noticed: checks against it and against another source, a jump."""

from holdfast.warehouse.client import Warehouse
from tests.api.contract_origins import JOB
from tests.api.world import DEFI, ETH, WALLET_A, XYZ, A, at, insert

COMPARED = f"acme/credmark/{A}/wallet"


async def write_reports(warehouse: Warehouse) -> None:
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


async def write_notices(warehouse: Warehouse) -> None:
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
