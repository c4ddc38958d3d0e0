"""What is worked out as statements come: totals, breakdowns, and what looks wrong about them."""

from decimal import Decimal

from msgspec import Struct

from holdfast.warehouse.rows.row import Row


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
    waits: dict[str, int]
    """Of them, lines that a price would value, by `holdfast.domain.refusals.to_wait`."""
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
    outside_version: str = "0"
    """Of the row that this one replaces, if that was outside, or that it replaced itself; 0: none."""


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
