"""What is nobody's own: prices, and who holds a token together."""

from decimal import Decimal

from holdfast.warehouse.rows.row import CopyRow, Row


class PriceRow(Row, frozen=True, kw_only=True):
    asset: str
    quote: str
    at: str
    source: str
    price: Decimal
    event_id: str
    fetched_at: str
    recorded_at: str
    job_id: str
    turn: str
    """`fetched_at`, as part of the key."""


class TellingRow(Row, frozen=True, kw_only=True):
    fetched_at: str
    event_id: str
    rank: int
    job_id: str


class PriceRetellingRow(Row, frozen=True, kw_only=True):
    """A claim that was said again unchanged, and how late."""

    asset: str
    quote: str
    at: str
    source: str
    price: Decimal
    fetched_at: str
    event_id: str
    told: TellingRow


class PriceWithdrawalRow(Row, frozen=True, kw_only=True):
    """That a source had not said what it was taken to say of an instant, until then."""

    asset: str
    quote: str
    at: str
    source: str
    until: str
    price: Decimal
    event_id: str
    recorded_at: str
    job_id: str


class WithdrawnPriceRow(Row, frozen=True, kw_only=True):
    """A claim that was taken back, by when it was fetched."""

    asset: str
    quote: str
    at: str
    source: str
    fetched_at: str
    recorded_at: str
    """When its withdrawal was."""


class TokenClusterRow(Row, frozen=True, kw_only=True):
    tenant: str
    token: str
    provider: str
    observed_at: str
    event_id: str
    cluster: int
    amount: Decimal | None
    value_usd: Decimal | None
    share: Decimal | None
    trends: tuple[str, ...]
    average_holding_s: Decimal | None
    pnl_usd: Decimal | None
    pnl_ratio: Decimal | None
    buy_volume_usd: Decimal | None
    average_buy_price_usd: Decimal | None
    sell_volume_usd: Decimal | None
    average_sell_price_usd: Decimal | None
    last_active_at: str | None
    addresses: int


class ClusterAddressRow(Row, frozen=True, kw_only=True):
    tenant: str
    token: str
    provider: str
    observed_at: str
    event_id: str
    cluster: int
    position: int
    address: str
    amount: Decimal | None
    value_usd: Decimal | None
    share: Decimal | None
    average_holding_s: Decimal | None
    last_active_at: str | None
    is_contract: bool | None
    is_exchange: bool | None
    is_kol: bool | None
    holder_rank: int | None


class TopHoldersRow(Row, frozen=True, kw_only=True):
    tenant: str
    token: str
    provider: str
    observed_at: str
    event_id: str
    holders: int
    amount: Decimal | None
    share: Decimal | None
    trends: tuple[str, ...]
    average_holding_s: Decimal | None
    average_pnl_usd: Decimal | None
    average_buy_price_usd: Decimal | None
    average_buy_distance: Decimal | None
    average_sell_price_usd: Decimal | None
    average_sell_distance: Decimal | None


class ClusterOverviewRow(CopyRow, frozen=True, kw_only=True):
    tenant: str
    token: str
    provider: str
    observed_at: str
    event_id: str
    job_id: str
    clusters: int
    has_overview: bool
    concentration: str | None
    top_100_share: Decimal | None
    rug_pull_ratio: Decimal | None
    new_holder_ratio: Decimal | None
    same_fund_source_ratio: Decimal | None
    same_creation_time_ratio: Decimal | None
    raw: tuple[str, ...]
