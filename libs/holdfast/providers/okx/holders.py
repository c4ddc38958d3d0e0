"""From OKX's words about a token's holders to ours: shares as fractions, periods in seconds, times as times.

Pure. What is stated in a scale or unit that the operator calls `unknown` is None, as what is not stated.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup, Trend
from holdfast.domain.money import EXACT, LIMIT
from holdfast.providers.kit.exact import to_decimal
from holdfast.providers.kit.labels import to_label
from holdfast.providers.okx.settings import ClusterSettings, Scale, Unit
from holdfast.providers.okx.wire import ClusterHolder, HolderCluster, HolderOverview, ShapeError, TopHolders

FRACTIONS: dict[Scale, Decimal | None] = {"fraction": Decimal(1), "percent": Decimal("0.01"), "unknown": None}
"""What one of a scale is as a fraction."""
SECONDS: dict[Unit, Decimal | None] = {
    "seconds": Decimal(1),
    "minutes": Decimal(60),
    "hours": Decimal(3_600),
    "days": Decimal(86_400),
    "unknown": None,
}
_TRENDS: dict[str, Trend] = {
    "buy": "buy",
    "sell": "sell",
    "neutral": "neutral",
    "transfer": "transfer",
    "transferin": "transfer_in",
}
_ONE = Decimal(1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS, _LATEST_MS = 1_230_768_000_000, 10_000_000_000_000  # 2009 to 2286: seconds or microseconds are neither
_LARGEST_RANK = 2**32 - 1
_LONGEST_ADDRESS = 128


def to_cluster(cluster: HolderCluster, scales: ClusterSettings) -> Cluster:
    """Raises UnreadableNumberError, ShapeError."""
    change = FRACTIONS[scales.change_scale]
    return Cluster(
        amount=_number(cluster.holding_amount),
        value_usd=_number(cluster.holding_value_usd),
        share=_number(cluster.holding_percent, FRACTIONS[scales.share_scale]),
        trends=_trends(cluster.trend_type),
        average_holding_s=_number(cluster.average_holding_period, SECONDS[scales.period_unit]),
        pnl_usd=_signed(cluster.pnl_usd),
        pnl_ratio=_signed(cluster.pnl_percent, change),
        buy_volume_usd=_number(cluster.buy_volume),
        average_buy_price_usd=_number(cluster.average_buy_price_usd),
        sell_volume_usd=_number(cluster.sell_volume),
        average_sell_price_usd=_number(cluster.average_sell_price_usd),
        last_active_at=_instant(cluster.last_active_timestamp),
        addresses=tuple(_address(holder, scales) for holder in cluster.cluster_address_list),
    )


def to_overview(overview: HolderOverview, scales: ClusterSettings) -> ClusterOverview:
    """Raises UnreadableNumberError."""
    scale = FRACTIONS[scales.overview_scale]
    return ClusterOverview(
        concentration=to_label(overview.cluster_concentration, longest=40).capitalize() or None,
        top_100_share=_number(overview.top_100_holdings_percent, scale),
        rug_pull_ratio=_number(overview.rug_pull_percent, scale),
        new_holder_ratio=_number(overview.holder_new_address_percent, scale),
        same_fund_source_ratio=_number(overview.holder_same_fund_source_percent, scale),
        same_creation_time_ratio=_number(overview.holder_same_creation_time_percent, scale),
    )


def to_group(group: TopHolders, holders: int, scales: ClusterSettings) -> HolderGroup:
    """Raises UnreadableNumberError."""
    change = FRACTIONS[scales.change_scale]
    return HolderGroup(
        holders=holders,
        amount=_number(group.holding_amount),
        share=_number(group.holding_percent, FRACTIONS[scales.share_scale]),
        trends=_trends(group.cluster_trend_type),
        average_holding_s=_number(group.average_holding_period, SECONDS[scales.period_unit]),
        average_pnl_usd=_signed(group.average_pnl_usd),
        average_buy_price_usd=_number(group.average_buy_price_usd),
        average_buy_distance=_signed(group.average_buy_price_percent, change),
        average_sell_price_usd=_number(group.average_sell_price_usd),
        average_sell_distance=_signed(group.average_sell_price_percent, change),
    )


def _address(holder: ClusterHolder, scales: ClusterSettings) -> ClusterAddress:
    if not holder.address.isprintable() or len(holder.address) > _LONGEST_ADDRESS:
        raise ShapeError("clusterAddressList: an address that is none")
    return ClusterAddress(
        address=holder.address.lower() if holder.address.startswith(("0x", "0X")) else holder.address,
        amount=_number(holder.holding_amount),
        value_usd=_number(holder.holding_value_usd),
        share=_number(holder.holding_percent, FRACTIONS[scales.share_scale]),
        average_holding_s=_number(holder.average_holding_period, SECONDS[scales.period_unit]),
        last_active_at=_instant(holder.last_active_timestamp),
        is_contract=holder.is_contract,
        is_exchange=holder.is_exchange,
        is_kol=holder.is_kol,
        rank=_rank(holder.address_rank),
    )


def _number(text: str, factor: Decimal | None = _ONE) -> Decimal | None:
    """None where it is not stated, below zero or beyond Decimal(76, 36)."""
    number = _signed(text, factor)
    return None if number is None or number < 0 else number


def _signed(text: str, factor: Decimal | None = _ONE) -> Decimal | None:
    if not text or factor is None:
        return None
    number = EXACT.multiply(to_decimal(text), factor)
    return number if abs(number) < LIMIT else None


def _trends(texts: Iterable[str]) -> tuple[Trend, ...]:
    """Those that we know; the set is OKX's to extend."""
    known = (_TRENDS.get(text.lower().replace("_", "")) for text in texts)
    return tuple(dict.fromkeys(trend for trend in known if trend is not None))


def _instant(text: str) -> datetime | None:
    if text in ("", "0"):
        return None
    if not (text.isascii() and text.isdecimal()) or not _EARLIEST_MS < int(text[:20]) < _LATEST_MS:
        raise ShapeError("lastActiveTimestamp is not a time in milliseconds")
    return _EPOCH + timedelta(milliseconds=int(text))


def _rank(text: str) -> int | None:
    if text in ("", "0"):
        return None
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > _LARGEST_RANK:
        raise ShapeError("addressRank is not a rank")
    return int(text)
