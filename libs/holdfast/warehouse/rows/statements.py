"""What sources stated: snapshots with their lines, totals and returns that they report."""

from decimal import Decimal

from msgspec import Struct

from holdfast.warehouse.rows.row import CopyRow, Row


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


class ReportedTotalRow(CopyRow, frozen=True, kw_only=True):
    source: str
    observed_at: str
    platform: str
    event_id: str
    tenant: str
    provider: str
    account: str
    scope: str
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


class ReportedReturnsRow(CopyRow, frozen=True, kw_only=True):
    source: str
    observed_at: str
    event_id: str
    tenant: str
    provider: str
    account: str
    scope: str
    job_id: str
    quote: str
    total_return: Decimal | None
    items: tuple[ReturnItemRow, ...]
    block_number: int | None
    raw: tuple[str, ...]
