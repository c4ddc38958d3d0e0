"""The rows that are written, field for field as the tables have them (the migrations that create them).

Times are text in UTC to the millisecond; decimals are already cut to scale (holdfast.domain.money).
"""

from holdfast.warehouse.rows.closed_days import (
    AttributionRow,
    ClosedDayRow,
    FlowRow,
    LineEffectsRow,
    MethodRow,
    PortionRow,
)
from holdfast.warehouse.rows.fetching import DeadLetterRow, FetchRow, RawResponseRow
from holdfast.warehouse.rows.market import (
    ClusterAddressRow,
    ClusterOverviewRow,
    PriceRetellingRow,
    PriceRow,
    PriceWithdrawalRow,
    TellingRow,
    TokenClusterRow,
    TopHoldersRow,
    WithdrawnPriceRow,
)
from holdfast.warehouse.rows.registry import (
    AccountRow,
    AccountSourceRow,
    PortfolioRow,
    PortfolioSourceRow,
    RuleRow,
    RuleSetRow,
    SettledRow,
)
from holdfast.warehouse.rows.row import CopyRow, Row, copy_times, stored_time
from holdfast.warehouse.rows.statements import (
    BalanceRow,
    CompactBalanceRow,
    ReportedReturnsRow,
    ReportedTotalRow,
    ReturnItemRow,
    SnapshotPartRow,
    SnapshotRow,
)
from holdfast.warehouse.rows.tables import TABLES
from holdfast.warehouse.rows.totals import BreakdownRow, JumpRow, PortfolioTotalRow, SourceCheckRow
from holdfast.warehouse.rows.transfers import TransferRangeRow, TransferRow

__all__ = [
    "TABLES",
    "AccountRow",
    "AccountSourceRow",
    "AttributionRow",
    "BalanceRow",
    "BreakdownRow",
    "ClosedDayRow",
    "ClusterAddressRow",
    "ClusterOverviewRow",
    "CompactBalanceRow",
    "CopyRow",
    "DeadLetterRow",
    "FetchRow",
    "FlowRow",
    "JumpRow",
    "LineEffectsRow",
    "MethodRow",
    "PortfolioRow",
    "PortfolioSourceRow",
    "PortfolioTotalRow",
    "PortionRow",
    "PriceRetellingRow",
    "PriceRow",
    "PriceWithdrawalRow",
    "RawResponseRow",
    "ReportedReturnsRow",
    "ReportedTotalRow",
    "ReturnItemRow",
    "Row",
    "RuleRow",
    "RuleSetRow",
    "SettledRow",
    "SnapshotPartRow",
    "SnapshotRow",
    "SourceCheckRow",
    "TellingRow",
    "TokenClusterRow",
    "TopHoldersRow",
    "TransferRangeRow",
    "TransferRow",
    "WithdrawnPriceRow",
    "copy_times",
    "stored_time",
]
