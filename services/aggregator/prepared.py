"""A batch turned into blocks of rows: all of the work that needs no warehouse."""

from collections.abc import Iterable

from msgspec import Struct

from holdfast.events import (
    BalancesObserved,
    ClustersObserved,
    PricesObserved,
    PricesWithdrawn,
    ReturnsReported,
    TotalsReported,
    TransfersObserved,
)
from holdfast.warehouse.rows import (
    ClusterOverviewRow,
    PriceRow,
    PriceWithdrawalRow,
    ReportedReturnsRow,
    ReportedTotalRow,
    Row,
    SnapshotPartRow,
    SnapshotRow,
    TransferRangeRow,
)
from holdfast.warehouse.writer import to_block
from services.aggregator.batch import Arrival
from services.aggregator.cluster_rows import to_cluster_overview_row, to_cluster_rows
from services.aggregator.event_rows import (
    to_balance_rows,
    to_price_rows,
    to_reported_returns_row,
    to_reported_total_row,
    to_snapshot_row,
    to_withdrawal_rows,
)
from services.aggregator.transfer_rows import to_transfer_range_rows
from services.aggregator.valuing import PricedSnapshot, SnapshotKey


class Prepared(Struct, kw_only=True):
    """What is to be stored. Filled by `add`, one event at a time."""

    lines: int = 0
    line_blocks: list[bytes] = []
    """JSONCompactEachRow, encoded: the rows themselves are not kept."""
    priced: set[PricedSnapshot] = set()
    """Snapshots with lines that are valued by a feed's price, and by which."""
    snapshots: list[SnapshotRow] = []
    parts: list[SnapshotPartRow] = []
    prices: list[PriceRow] = []
    withdrawals: list[PriceWithdrawalRow] = []
    reported: list[ReportedTotalRow] = []
    returns: list[ReportedReturnsRow] = []
    transfers: list[TransferRangeRow] = []
    cluster_parts: list[Row] = []
    """Of several tables: they count once their overview is stored."""
    cluster_overviews: list[ClusterOverviewRow] = []

    @property
    def market(self) -> list[PriceRow | PriceWithdrawalRow]:
        """Prices that are said, and those that are taken back."""
        return [*self.prices, *self.withdrawals]

    def add(self, arrival: Arrival) -> None:
        event = arrival.event
        if isinstance(event, BalancesObserved):
            self._add_balances(event, arrival)
        elif isinstance(event, PricesObserved):
            self.prices += to_price_rows(event, recorded_at=arrival.recorded_at)
        elif isinstance(event, PricesWithdrawn):
            self.withdrawals += to_withdrawal_rows(event, recorded_at=arrival.recorded_at)
        elif isinstance(event, TotalsReported):
            self.reported.append(to_reported_total_row(event, recorded_at=arrival.recorded_at))
        elif isinstance(event, ReturnsReported):
            self.returns.append(to_reported_returns_row(event, recorded_at=arrival.recorded_at))
        elif isinstance(event, TransfersObserved):
            self.transfers += to_transfer_range_rows(event, recorded_at=arrival.recorded_at)
        elif isinstance(event, ClustersObserved):
            self.cluster_parts += to_cluster_rows(event)
            self.cluster_overviews.append(to_cluster_overview_row(event, recorded_at=arrival.recorded_at))

    def _add_balances(self, event: BalancesObserved, arrival: Arrival) -> None:
        row = to_snapshot_row(event, recorded_at=arrival.recorded_at, sequence=arrival.sequence)
        if isinstance(row, SnapshotPartRow):
            self.parts.append(row)
        else:
            self.snapshots.append(row)
        lines = list(to_balance_rows(event))
        if lines:
            self.lines += len(lines)
            self.line_blocks.append(to_block(lines))
        key = SnapshotKey(row.source, row.observed_at, row.snapshot_id)
        self.priced.update(PricedSnapshot(key, line.priced_by) for line in lines if line.priced_by)


def prepare(arrivals: Iterable[Arrival]) -> Prepared:
    prepared = Prepared()
    for arrival in arrivals:
        prepared.add(arrival)
    return prepared
