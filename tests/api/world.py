"""A small world written straight into the tables, by hand, so that expected values need none of our code.

Tenant `acme`, portfolio `family`: two accounts, three sources. All hours are of 2026-03-01, UTC; now is 12:30.

    okx/defi   of 0xaaa…   11:10   deposit 2 ETH 4000, borrowed 500 USDC 500, a pool worth 100 (value only)
    evm/wallet of 0xaaa…   12:05   1.5 ETH 3000, 10 aWETH 20000 (a receipt of the deposit: not counted)
    evm/wallet of 0xbbb…   09:00   7 XYZ without a price

    assets 4000 + 100 + 3000 = 7100, debt 500, net 6600; 5 counted lines, 1 unpriced, 1 left out
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from holdfast.warehouse.client import Warehouse

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)  # noqa: UP017
A = "eip155:1:0x" + "a" * 40
B = "eip155:1:0x" + "b" * 40
ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0x" + "c" * 40
AWETH = "eip155:1/erc20:0x" + "d" * 40
XYZ = "eip155:1/erc20:0x" + "e" * 40

DEFI = f"acme/okx/{A}/defi"
WALLET_A = f"acme/evm/{A}/wallet"
WALLET_B = f"acme/evm/{B}/wallet"


def at(clock: str, day: str = "2026-03-01") -> str:
    return f"{day} {clock}:00.000"


def line(asset: str | None, *, kind: str, amount: str | None, value: str | None, **more: Any) -> dict[str, Any]:
    return {
        "asset": asset,
        "symbol": "",
        "asset_type": "crypto",
        "asset_class": "",
        "chain": "eip155:1",
        "platform": "",
        "position": "",
        "kind": kind,
        "side": "debt" if kind == "borrowed" else "asset",
        "amount": amount,
        "currency": "iso4217:USD",
        "stated_price": None,
        "stated_value": None,
        "priced_by": "",
        "price_usd": None,
        "value_usd": value,
        "price_source": "" if value is None else "test",
        "price_at": None,
        "reason": "",
        "truncated": False,
        "version": 0,
    } | more


async def write_snapshot(
    warehouse: Warehouse,
    source: str,
    observed_at: str,
    lines: Sequence[dict[str, Any]],
    *,
    covers: Sequence[str] = (),
    whole: bool = True,
    recorded_at: str = "",
    fetched_at: str = "",
) -> str:
    """Lines, then the snapshot itself; `whole=False` stops before the latter, as a crash would.

    Fetched and recorded when it was observed, if nothing else is said.
    """
    tenant, provider, account, scope = source.split("/")
    snapshot_id = hashlib.sha256(f"{source}{observed_at}{lines}".encode()).hexdigest()[:32]
    key = {"source": source, "observed_at": observed_at, "snapshot_id": snapshot_id}
    await insert(warehouse, "balances", [key | {"line": number} | one for number, one in enumerate(lines)])
    row = key | {
        "tenant": tenant,
        "provider": provider,
        "account": account,
        "scope": scope,
        "chain": "eip155:1",
        "fetched_at": fetched_at or observed_at,
        "recorded_at": recorded_at or observed_at,
        "job_id": "",
        "raw": [],
        "covers": list(covers),
        "lines": len(lines),
        "stream_seq": 1,
    }
    if whole:
        await insert(warehouse, "snapshots", [row])
    return snapshot_id


async def write_point(warehouse: Warehouse, bucket: str, *, version: int, **fields: Any) -> None:
    """A row of portfolio_totals; what is not said is that of an empty hour of acme's family."""
    row = {
        "tenant": "acme",
        "portfolio": "family",
        "bucket": bucket,
        "version": str(version),
        "as_of": f"{bucket}.000",
        "oldest_input": f"{bucket}.000",
        "assets": "0",
        "debt": "0",
        "net": "0",
        "lines": 0,
        "lines_unpriced": 0,
        "lines_excluded": 0,
        "lines_truncated": 0,
        "sources": 0,
        "sources_missing": 0,
        "sources_observed": 0,
        "reasons": {},
        "breakdown": [],
    } | fields
    await insert(warehouse, "portfolio_totals", [row])


async def write_membership(
    warehouse: Warehouse, portfolio: str, sources: Sequence[str], *, revision: int, tenant: str = "acme"
) -> None:
    rows = [
        {
            "tenant": tenant,
            "portfolio": portfolio,
            "revision": revision,
            "source": source,
            "account": source.split("/")[2],
            "provider": source.split("/")[1],
            "scope": source.split("/")[3],
            "valid_from": "1970-01-01 00:00:00.000",
            "valid_to": "2200-01-01 00:00:00.000",
        }
        for source in sources
    ]
    if rows:
        await insert(warehouse, "registry_portfolio_sources", rows)
    row = {"tenant": tenant, "portfolio": portfolio, "revision": revision, "name": portfolio, "deleted": False}
    await insert(warehouse, "registry_portfolios", [row | {"base_currency": "iso4217:USD", "digest": ""}])


async def write_world(warehouse: Warehouse) -> None:
    await write_membership(warehouse, "family", [DEFI, WALLET_A, WALLET_B], revision=7)
    await write_snapshot(warehouse, DEFI, at("10:10"), [line(ETH, kind="deposit", amount="9", value="18000")])
    await write_snapshot(
        warehouse,
        DEFI,
        at("11:10"),
        [
            line(ETH, kind="deposit", amount="2", value="4000", platform="Aave V3", position="pool-1", symbol="ETH"),
            line(USDC, kind="borrowed", amount="500", value="500", platform="Aave V3", symbol="USDC"),
            line(None, kind="liquidity", amount=None, value="100", platform="Curve", reason="value_only"),
        ],
        covers=[AWETH],
    )
    await write_snapshot(
        warehouse,
        WALLET_A,
        at("12:05"),
        [
            line(ETH, kind="wallet", amount="1.5", value="3000", symbol="ETH"),
            line(AWETH, kind="wallet", amount="10", value="20000", symbol="aWETH"),
        ],
    )
    await write_snapshot(
        warehouse, WALLET_B, at("09:00"), [line(XYZ, kind="wallet", amount="7", value=None, reason="no_price")]
    )
    # Lines of a snapshot whose row never came: nobody may see them.
    await write_snapshot(
        warehouse, WALLET_B, at("12:20"), [line(XYZ, kind="wallet", amount="8", value="8")], whole=False
    )
    await write_totals(warehouse)


async def write_totals(warehouse: Warehouse) -> None:
    """As the aggregator would: 09:00 and 10:00 poorer, 11:00 twice (the poorer version later), 12:00 the newest."""
    await write_point(
        warehouse, "2026-03-01 09:00:00", version=10, lines=1, lines_unpriced=1, sources=1, sources_observed=1,
        sources_missing=2, reasons={"no_price": 1},
    )  # fmt: skip
    await write_point(
        warehouse, "2026-03-01 10:00:00", version=20, assets="18000", net="18000", lines=2, lines_unpriced=1,
        sources=2, sources_observed=1, sources_missing=1,
    )  # fmt: skip
    for version, assets in ((31, "4100"), (30, "1")):
        await write_point(
            warehouse, "2026-03-01 11:00:00", version=version, assets=assets, debt="500", net=str(int(assets) - 500),
            lines=4, lines_unpriced=1, sources=2, sources_observed=1, sources_missing=1,
        )  # fmt: skip
    await write_point(
        warehouse, "2026-03-01 12:00:00", version=40, assets="7100", debt="500", net="6600",
        lines=5, lines_unpriced=1, lines_excluded=1, sources=3, sources_observed=1, sources_missing=0,
        reasons={"no_price": 1, "receipt_token": 1, "value_only": 1},
        as_of="2026-03-01 12:05:00.000", oldest_input="2026-03-01 09:00:00.000", breakdown=BREAKDOWN,
    )  # fmt: skip


_BREAKDOWN = [
    ["asset", "", "100", "0", 1, 0],
    ["asset", ETH, "7000", "0", 2, 0],
    ["asset", USDC, "0", "500", 1, 0],
    ["asset", XYZ, "0", "0", 1, 1],
    ["type", "crypto", "7100", "500", 5, 1],
    ["class", "", "7100", "500", 5, 1],
    ["chain", "eip155:1", "7100", "500", 5, 1],
    ["platform", "", "3000", "0", 2, 1],
    ["platform", "Aave V3", "4000", "500", 2, 0],
    ["platform", "Curve", "100", "0", 1, 0],
    ["account", A, "7100", "500", 4, 0],
    ["account", B, "0", "0", 1, 1],
    ["provider", "evm", "3000", "0", 2, 1],
    ["provider", "okx", "4100", "500", 3, 0],
    ["kind", "borrowed", "0", "500", 1, 0],
    ["kind", "deposit", "4000", "0", 1, 0],
    ["kind", "liquidity", "100", "0", 1, 0],
    ["kind", "wallet", "3000", "0", 2, 1],
    ["side", "asset", "7100", "0", 4, 1],
    ["side", "debt", "0", "500", 1, 0],
]


BREAKDOWN = [
    dict(zip(("axis", "key", "assets", "debt", "lines", "lines_unpriced"), part, strict=True)) for part in _BREAKDOWN
]


async def insert(warehouse: Warehouse, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = list(rows[0])
    await warehouse.insert_json(table, "\n".join(json.dumps(row) for row in rows).encode(), columns=columns)


class StoppedClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def stand_at(self, now: datetime) -> None:
        self._now = now
