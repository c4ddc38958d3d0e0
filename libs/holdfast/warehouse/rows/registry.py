"""What the registry says, repeated for SQL."""

from msgspec import Struct

from holdfast.warehouse.rows.row import Row


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


class SettledRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    revision: int
