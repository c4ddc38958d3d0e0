"""Which table each row is written to."""

from holdfast.warehouse.rows.closed_days import ClosedDayRow
from holdfast.warehouse.rows.fetching import DeadLetterRow, FetchRow, RawResponseRow
from holdfast.warehouse.rows.market import (
    ClusterAddressRow,
    ClusterOverviewRow,
    PriceRetellingRow,
    PriceRow,
    PriceWithdrawalRow,
    TokenClusterRow,
    TopHoldersRow,
    WithdrawnPriceRow,
)
from holdfast.warehouse.rows.registry import AccountRow, PortfolioRow, PortfolioSourceRow, RuleSetRow, SettledRow
from holdfast.warehouse.rows.row import Row
from holdfast.warehouse.rows.statements import (
    BalanceRow,
    CompactBalanceRow,
    ReportedReturnsRow,
    ReportedTotalRow,
    SnapshotPartRow,
    SnapshotRow,
)
from holdfast.warehouse.rows.totals import JumpRow, PortfolioTotalRow, SourceCheckRow
from holdfast.warehouse.rows.transfers import TransferRangeRow

TABLES: dict[type[Row], str] = {
    BalanceRow: "balances",
    CompactBalanceRow: "balances",
    SnapshotRow: "snapshots",
    SnapshotPartRow: "snapshot_parts",
    PriceRow: "prices",
    PriceRetellingRow: "price_retellings",
    PriceWithdrawalRow: "price_withdrawals",
    WithdrawnPriceRow: "withdrawn_prices",
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
