"""Who holds a token together: clusters of holders, as a provider sees them at an instant.

Shares are fractions of the supply (0.0652 is 6.52 %), periods are seconds, money is USD: a provider
translates its own scale and unit, and says None where it cannot be sure.
Source: OKX token cluster list, overview and top holders (shared field meanings).
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Trend = Literal["buy", "sell", "neutral", "transfer", "transfer_in"]


class ClusterAddress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address of a cluster."""

    address: str
    amount: Decimal | None
    value_usd: Decimal | None = None
    share: Decimal | None = None
    average_holding_s: Decimal | None = None
    last_active_at: datetime | None = None
    is_contract: bool | None = None
    is_exchange: bool | None = None
    is_kol: bool | None = None
    rank: int | None = None
    """Among all holders of the token, from 1."""


class Cluster(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Addresses that are taken to act together."""

    amount: Decimal | None
    value_usd: Decimal | None = None
    share: Decimal | None = None
    trends: tuple[Trend, ...] = ()
    average_holding_s: Decimal | None = None
    pnl_usd: Decimal | None = None
    pnl_ratio: Decimal | None = None
    buy_volume_usd: Decimal | None = None
    average_buy_price_usd: Decimal | None = None
    sell_volume_usd: Decimal | None = None
    average_sell_price_usd: Decimal | None = None
    last_active_at: datetime | None = None
    addresses: tuple[ClusterAddress, ...] = ()


class ClusterOverview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token's holders in figures. Ratios are fractions."""

    concentration: str | None = None
    """`Low`, `Medium` or `High`, as stated."""
    top_100_share: Decimal | None = None
    rug_pull_ratio: Decimal | None = None
    new_holder_ratio: Decimal | None = None
    same_fund_source_ratio: Decimal | None = None
    same_creation_time_ratio: Decimal | None = None


class HolderGroup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The greatest holders taken together."""

    holders: int
    """10, 50 or 100."""
    amount: Decimal | None
    share: Decimal | None = None
    trends: tuple[Trend, ...] = ()
    average_holding_s: Decimal | None = None
    average_pnl_usd: Decimal | None = None
    average_buy_price_usd: Decimal | None = None
    average_buy_distance: Decimal | None = None
    """From the current price, as a fraction."""
    average_sell_price_usd: Decimal | None = None
    average_sell_distance: Decimal | None = None


class TokenClusters(Struct, frozen=True, kw_only=True):
    """A complete statement about one token: clusters it does not list are gone."""

    token: str
    """CAIP-19."""
    observed_at: datetime
    clusters: tuple[Cluster, ...]
    overview: ClusterOverview | None = None
    top_holders: tuple[HolderGroup, ...] = ()
    raw: tuple[str, ...] = ()
