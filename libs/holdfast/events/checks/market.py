"""Prices, and who holds a token together."""

from collections.abc import Sequence

from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup
from holdfast.domain.prices import Price
from holdfast.events.checks.fields import (
    InvalidMessageError,
    check_asset,
    check_hashes,
    check_heard,
    check_number,
    check_numbers,
    check_text,
    check_time,
    check_times,
    check_within,
    numbers_of,
)
from holdfast.events.clusters import ClustersObserved
from holdfast.events.prices import PricesObserved, PricesWithdrawn

_MAY_BE_NEGATIVE = frozenset(
    {"pnl_usd", "pnl_ratio", "average_pnl_usd", "average_buy_distance", "average_sell_distance"}
)


def check_prices(message: PricesObserved) -> None:
    check_times(message, "fetched_at")
    _prices(message.prices)
    check_hashes(message.raw)


def check_withdrawn(message: PricesWithdrawn) -> None:
    check_times(message, "until", "withdrawn_at")
    if message.until > message.withdrawn_at:
        raise InvalidMessageError("until", "is after withdrawn_at: what is still to be said cannot be taken back")
    _prices(message.prices)


def _prices(prices: Sequence[Price]) -> None:
    for position, price in enumerate(prices):
        check_number(f"prices[{position}].price", price.price)
        check_asset(f"prices[{position}].asset", price.asset)
        check_asset(f"prices[{position}].quote", price.quote)
        check_time(f"prices[{position}].at", price.at)


def check_clusters(message: ClustersObserved) -> None:
    check_asset("token", message.token)
    check_times(message, "observed_at", "fetched_at")
    check_heard(message.observed_at, message.fetched_at)
    for position, cluster in enumerate(message.clusters):
        _cluster(f"clusters[{position}]", cluster)
    if message.overview is not None:
        check_numbers("overview", message.overview, *numbers_of(ClusterOverview))
    for position, group in enumerate(message.top_holders):
        check_within(f"top_holders[{position}].holders", group.holders, 1, 2**31 - 1)
        check_numbers(f"top_holders[{position}]", group, *numbers_of(HolderGroup), signed=_MAY_BE_NEGATIVE)
    check_hashes(message.raw)


def _cluster(at: str, cluster: Cluster) -> None:
    check_numbers(at, cluster, *numbers_of(Cluster), signed=_MAY_BE_NEGATIVE)
    if cluster.last_active_at is not None:
        check_time(f"{at}.last_active_at", cluster.last_active_at)
    for position, address in enumerate(cluster.addresses):
        place = f"{at}.addresses[{position}]"
        check_text(f"{place}.address", address.address)
        check_numbers(place, address, *numbers_of(ClusterAddress))
        if address.last_active_at is not None:
            check_time(f"{place}.last_active_at", address.last_active_at)
        if address.rank is not None:
            check_within(f"{place}.rank", address.rank, 1, 2**31 - 1)
