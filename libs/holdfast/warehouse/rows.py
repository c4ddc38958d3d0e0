"""The rows that are written, field for field as the tables have them (the migrations that create them).

Times are text in UTC to the millisecond; decimals are already cut to scale (holdfast.domain.money).
"""

from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct


def stored_time(at: datetime) -> str:
    """`2026-01-02 03:04:05.678`, UTC: how a DateTime64(3) column reads a time fastest."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


class Row(Struct, frozen=True, kw_only=True):
    """One row of the table that its class names."""


class BalanceRow(Row, frozen=True, kw_only=True, gc=False):
    source: str
    observed_at: str
    snapshot_id: str
    line: int
    asset: str | None
    symbol: str
    asset_type: str
    asset_class: str
    chain: str | None
    platform: str
    position: str
    kind: str
    side: str
    amount: Decimal | None
    currency: str
    stated_price: Decimal | None
    stated_value: Decimal | None
    priced_by: str
    price_usd: Decimal | None
    value_usd: Decimal | None
    price_source: str
    price_at: str | None
    reason: str
    truncated: bool
    version: int


class CompactBalanceRow(BalanceRow, frozen=True, kw_only=True, gc=False, array_like=True):
    """The same, positional in JSON: half the bytes, for the one table whose rows are counted in millions."""


class SnapshotRow(Row, frozen=True, kw_only=True):
    source: str
    observed_at: str
    snapshot_id: str
    tenant: str
    provider: str
    account: str
    scope: str
    chain: str | None
    fetched_at: str
    recorded_at: str
    job_id: str
    block_number: int | None
    block_hash: str | None
    block_time: str | None
    raw: tuple[str, ...]
    covers: tuple[str, ...]
    lines: int
    holdings: str
    stream_seq: int


class SnapshotPartRow(SnapshotRow, frozen=True, kw_only=True):
    part: int
    parts: int


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


class ReportedTotalRow(Row, frozen=True, kw_only=True):
    source: str
    observed_at: str
    platform: str
    event_id: str
    tenant: str
    provider: str
    account: str
    scope: str
    fetched_at: str
    recorded_at: str
    job_id: str
    currency: str
    total: Decimal | None
    reason: str
    raw: tuple[str, ...]


class ReturnItemRow(Struct, frozen=True, kw_only=True):
    asset: str
    amount: Decimal | None
    value: Decimal | None
    total_return: Decimal | None
    reason: str


class ReportedReturnsRow(Row, frozen=True, kw_only=True):
    source: str
    observed_at: str
    event_id: str
    tenant: str
    provider: str
    account: str
    scope: str
    fetched_at: str
    recorded_at: str
    job_id: str
    quote: str
    total_return: Decimal | None
    items: tuple[ReturnItemRow, ...]
    block_number: int | None
    raw: tuple[str, ...]


class TransferRow(Struct, frozen=True, kw_only=True):
    asset: str
    direction: str
    amount: Decimal | None
    counterparty: str
    block_number: int
    block_hash: str
    block_time: str
    tx_hash: str
    log_index: int
    reason: str


class TransferRangeRow(Row, frozen=True, kw_only=True):
    source: str
    after_number: int
    after_hash: str
    after_time: str
    until_number: int
    until_hash: str
    until_time: str
    event_id: str
    tenant: str
    provider: str
    account: str
    scope: str
    chain: str
    fetched_at: str
    recorded_at: str
    job_id: str
    transfers: tuple[TransferRow, ...]
    raw: tuple[str, ...]


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


class ClusterOverviewRow(Row, frozen=True, kw_only=True):
    tenant: str
    token: str
    provider: str
    observed_at: str
    event_id: str
    fetched_at: str
    recorded_at: str
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


class RawResponseRow(Row, frozen=True, kw_only=True):
    sha256: str
    part: int
    parts: int
    provider: str
    tenant: str
    job_id: str
    received_at: str
    method: str
    url: str
    status: int
    content_type: str
    size_bytes: int
    started_at: str | None
    place: int
    sent_at: str | None
    request_sha256: str
    body_base64: bytes
    """zlib; base64 in JSON, decoded by the engine on its way in."""


class FetchRow(Row, frozen=True, kw_only=True):
    event_id: str
    job_id: str
    tenant: str
    provider: str
    feed: str
    target: str
    scope: str
    slot: str
    lane: str
    started_at: str
    finished_at: str
    attempts: int
    outcome: str
    error: str = ""
    message: str = ""
    requests: int = 0
    response_bytes: int = 0
    snapshots: int = 0
    lines: int = 0
    window_start: str | None = None
    window_end: str | None = None
    window_every_s: int | None = None


class DeadLetterRow(Row, frozen=True, kw_only=True):
    dead_seq: int
    died_at: str
    stream: str
    consumer: str
    origin_seq: int
    subject: str
    reason: str
    message: str
    payload: str


class PortfolioRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    revision: int
    name: str
    base_currency: str
    deleted: bool
    excluded: tuple[str, ...] = ()
    digest: str


class RuleRow(Struct, frozen=True, kw_only=True):
    asset: str
    action: str
    portfolio: str
    why: str


class RuleSetRow(Row, frozen=True, kw_only=True):
    tenant: str
    number: int
    note: str
    created_at: str
    rules: tuple[RuleRow, ...]


class PortfolioSourceRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    revision: int
    source: str
    account: str
    provider: str
    scope: str
    valid_from: str
    valid_to: str


class AccountSourceRow(Struct, frozen=True, kw_only=True):
    provider: str
    feed: str
    scope: str
    every_s: int
    counted: bool
    paused: str


class AccountRow(Row, frozen=True, kw_only=True):
    tenant: str
    account: str
    revision: int
    spelling: str
    label: str
    sources: tuple[AccountSourceRow, ...]
    deleted: bool


class BreakdownRow(Struct, frozen=True, kw_only=True):
    axis: str
    key: str
    assets: str
    debt: str
    lines: int
    lines_unpriced: int


class PortfolioTotalRow(Row, frozen=True, kw_only=True):
    """Decimals and the version as the engine wrote them: they only pass through."""

    tenant: str
    portfolio: str
    bucket: str
    version: str
    as_of: str
    oldest_input: str
    assets: str
    debt: str
    net: str
    lines: int
    lines_unpriced: int
    lines_excluded: int
    lines_truncated: int
    sources: int
    sources_missing: int
    sources_observed: int
    reasons: dict[str, int]
    breakdown: tuple[BreakdownRow, ...]


class SourceCheckRow(Row, frozen=True, kw_only=True):
    tenant: str
    source: str
    kind: str
    against: str
    platform: str
    at: str
    version: str
    account: str
    provider: str
    scope: str
    ours_at: str | None
    ours: Decimal | None
    theirs: Decimal | None
    currency: str
    stated: Decimal | None
    rate_at: str | None
    difference: Decimal | None
    ratio: Decimal | None
    tolerance: Decimal
    verdict: str
    reason: str
    lines_unpriced: int
    asset: str
    asset_difference: Decimal | None
    since: str | None = None


class JumpRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    bucket: str
    version: str
    bucket_before: str
    version_before: str
    net: Decimal
    net_before: Decimal
    ratio: Decimal | None
    allowed: Decimal
    asset: str
    cause: str
    asset_value: Decimal | None
    asset_value_before: Decimal | None
    price_source: str
    price_source_before: str


class MethodRow(Struct, frozen=True, kw_only=True):
    method: str
    reason: str = ""
    detail: str = ""
    missing: int = 0
    covered: Decimal | None = None
    gain: Decimal | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    invested: Decimal | None = None
    realised: Decimal | None = None
    unrealised: Decimal | None = None
    unrealised_opening: Decimal | None = None
    cost: Decimal | None = None
    rate: Decimal | None = None
    annual: bool | None = None


class FlowRow(Struct, frozen=True, kw_only=True):
    at: str
    source: str
    account: str
    asset: str
    side: str
    delta: Decimal
    held: Decimal
    price: Decimal | None
    value: Decimal | None
    reason: str
    transfer: str


class ClosedDayRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    day: str
    span: str
    computed_at: str
    revision: int
    ranking: tuple[str, ...]
    assets: tuple[str, ...]
    lines: int
    lines_unpriced: int
    lines_stale: int
    sources: int
    sources_missing: int
    oldest_input: str | None
    newest_input: str | None
    reasons: dict[str, int]
    returns: tuple[MethodRow, ...]
    flows: tuple[FlowRow, ...]


class SettledRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    revision: int


TABLES: dict[type[Row], str] = {
    BalanceRow: "balances",
    CompactBalanceRow: "balances",
    SnapshotRow: "snapshots",
    SnapshotPartRow: "snapshot_parts",
    PriceRow: "prices",
    ReportedTotalRow: "reported_totals",
    ReportedReturnsRow: "reported_returns",
    TransferRangeRow: "transfer_ranges",
    TokenClusterRow: "token_clusters",
    ClusterAddressRow: "cluster_addresses",
    TopHoldersRow: "top_holders",
    ClusterOverviewRow: "cluster_overviews",
    FetchRow: "fetches",
    DeadLetterRow: "dead_letters",
    PortfolioRow: "registry_portfolios",
    PortfolioSourceRow: "registry_portfolio_sources",
    RuleSetRow: "registry_rule_sets",
    AccountRow: "registry_accounts",
    PortfolioTotalRow: "portfolio_totals",
    SourceCheckRow: "source_checks",
    JumpRow: "jumps",
    ClosedDayRow: "closed_days",
    SettledRow: "settled_portfolios",
    RawResponseRow: "raw_responses",
}
