"""From a stored statement about a token's holders to OKX's words: percent as documented, periods in seconds."""

from collections.abc import Iterable
from decimal import Decimal

from holdfast.domain.money import EXACT, plain
from holdfast.providers.okx.wire import ClusterHolder, HolderCluster, HolderOverview, TopHolders
from services.api.dialects.okx.statements import AddressRow, ClusterRow, GroupRow, Statement

_TRENDS = {"transfer_in": "transferIn"}
"""Where OKX's word is not ours."""
_HUNDRED = Decimal(100)


def to_clusters(clusters: Iterable[ClusterRow], addresses: Iterable[AddressRow]) -> tuple[HolderCluster, ...]:
    members: dict[int, list[AddressRow]] = {}
    for address in addresses:
        members.setdefault(address.cluster, []).append(address)
    return tuple(_to_cluster(cluster, members.get(cluster.cluster, [])) for cluster in clusters)


def to_overview(statement: Statement) -> HolderOverview:
    return HolderOverview(
        cluster_concentration=statement.concentration or "",
        top_100_holdings_percent=_percent(statement.top_100_share),
        rug_pull_percent=_percent(statement.rug_pull_ratio),
        holder_new_address_percent=_percent(statement.new_holder_ratio),
        holder_same_fund_source_percent=_percent(statement.same_fund_source_ratio),
        holder_same_creation_time_percent=_percent(statement.same_creation_time_ratio),
    )


def to_top_holders(group: GroupRow) -> TopHolders:
    return TopHolders(
        holding_amount=_number(group.amount),
        holding_percent=_percent(group.share),
        cluster_trend_type=_trends(group.trends),
        average_holding_period=_number(group.average_holding_s),
        average_pnl_usd=_number(group.average_pnl_usd),
        average_buy_price_usd=_number(group.average_buy_price_usd),
        average_buy_price_percent=_percent(group.average_buy_distance),
        average_sell_price_usd=_number(group.average_sell_price_usd),
        average_sell_price_percent=_percent(group.average_sell_distance),
    )


def _to_cluster(cluster: ClusterRow, addresses: Iterable[AddressRow]) -> HolderCluster:
    """One trend: the list's shape has no room for more."""
    return HolderCluster(
        holding_amount=_number(cluster.amount),
        holding_value_usd=_number(cluster.value_usd),
        holding_percent=_percent(cluster.share),
        trend_type=_trends(cluster.trends)[:1],
        average_holding_period=_number(cluster.average_holding_s),
        pnl_usd=_number(cluster.pnl_usd),
        pnl_percent=_percent(cluster.pnl_ratio),
        buy_volume=_number(cluster.buy_volume_usd),
        average_buy_price_usd=_number(cluster.average_buy_price_usd),
        sell_volume=_number(cluster.sell_volume_usd),
        average_sell_price_usd=_number(cluster.average_sell_price_usd),
        last_active_timestamp=_text(cluster.last_active_ms),
        cluster_address_list=tuple(map(_to_holder, addresses)),
    )


def _to_holder(address: AddressRow) -> ClusterHolder:
    return ClusterHolder(
        address=address.address,
        holding_amount=_number(address.amount),
        holding_value_usd=_number(address.value_usd),
        holding_percent=_percent(address.share),
        average_holding_period=_number(address.average_holding_s),
        last_active_timestamp=_text(address.last_active_ms),
        is_contract=address.is_contract,
        is_exchange=address.is_exchange,
        is_kol=address.is_kol,
        address_rank=_text(address.holder_rank),
    )


def _number(text: str | None) -> str:
    return "" if text is None else plain(Decimal(text))


def _percent(fraction: str | None) -> str:
    return "" if fraction is None else plain(EXACT.multiply(Decimal(fraction), _HUNDRED))


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _trends(trends: Iterable[str]) -> tuple[str, ...]:
    return tuple(_TRENDS.get(trend, trend) for trend in trends)
