"""Statements about the holders of two tokens, put into the tables by the aggregator's own hands.

USDC, as everybody's okx (tenant `public`) says at 10:00 and 12:00, and acme's own at 11:00; BONK on Solana, as
rival's own okx says. Now is 12:30 of 2026-03-01.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup
from holdfast.events import ClustersObserved
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare

USDC_ADDRESS = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
USDC = f"eip155:1/erc20:{USDC_ADDRESS}"
BONK_MINT = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
BONK = f"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:{BONK_MINT}"
TEN, ELEVEN, NOON = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (10, 11, 12))
ACTIVE = datetime(2026, 3, 1, 9, 59, 59, 123000, tzinfo=UTC)

WHALES = Cluster(
    amount=Decimal(320000000),
    value_usd=Decimal(320145600),
    share=Decimal("0.0652"),
    trends=("buy",),
    average_holding_s=Decimal(5_356_800),
    pnl_usd=Decimal("-45230.12"),
    pnl_ratio=Decimal("0.1415"),
    buy_volume_usd=Decimal(980_000),
    average_buy_price_usd=Decimal("0.9982"),
    sell_volume_usd=Decimal(210_000),
    average_sell_price_usd=Decimal("1.0015"),
    last_active_at=ACTIVE,
    addresses=(
        ClusterAddress(
            address="0x28c6c06298d514db089934071355e5743bf21d60",
            amount=Decimal(180000000),
            value_usd=Decimal(180082800),
            share=Decimal("0.0367"),
            average_holding_s=Decimal(6_480_000),
            last_active_at=ACTIVE,
            is_contract=False,
            is_exchange=True,
            is_kol=False,
            rank=1,
        ),
        ClusterAddress(address="0x" + "2" * 40, amount=Decimal(140000000), share=Decimal("0.0285"), rank=2),
    ),
)
MINNOWS = Cluster(
    amount=Decimal(49),
    share=Decimal("0.00000001"),
    trends=("transfer_in",),
    addresses=(ClusterAddress(address="0x" + "3" * 40, amount=None),),
)
OVERVIEW = ClusterOverview(concentration="Low", top_100_share=Decimal("0.42"), rug_pull_ratio=Decimal("0.125"))
GROUPS = (
    HolderGroup(holders=10, amount=Decimal(980000000), share=Decimal("0.2"), trends=("buy", "transfer_in")),
    HolderGroup(
        holders=100,
        amount=Decimal(2058000000),
        share=Decimal("0.42"),
        average_holding_s=Decimal(3600),
        average_pnl_usd=Decimal("-7.5"),
        average_buy_price_usd=Decimal("0.5"),
        average_buy_distance=Decimal("-0.5"),
        average_sell_price_usd=Decimal("1.5"),
        average_sell_distance=Decimal("0.5"),
    ),
)


def statement(tenant: str, token: str, at: datetime, *clusters: Cluster, whole: bool = False) -> ClustersObserved:
    """With the overview and the greatest holders when it is `whole`."""
    return ClustersObserved(
        id=hashlib.sha256(f"{tenant}{token}{at}".encode()).hexdigest()[:32],
        tenant=tenant,
        provider="okx",
        token=token,
        observed_at=at,
        fetched_at=at + timedelta(seconds=5),
        job_id="1" * 32,
        clusters=clusters,
        overview=OVERVIEW if whole else None,
        top_holders=GROUPS if whole else (),
    )


STATEMENTS = (
    statement("public", USDC, TEN, MINNOWS),
    statement("acme", USDC, ELEVEN),
    statement("public", USDC, NOON, WHALES, MINNOWS, whole=True),
    statement("rival", BONK, NOON, MINNOWS),
)


async def write_statements(warehouse: Warehouse) -> None:
    arrivals = [
        Arrival(event=event, sequence=number, recorded_at=event.fetched_at)
        for number, event in enumerate(STATEMENTS, start=1)
    ]
    await commit(warehouse, prepare(arrivals), ranking=())
