"""What the registry holds. Each record is one KV entry; its revision is the KV bucket's own sequence."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Every = Annotated[int, Meta(ge=1, le=31 * 86400)]


class Tenant(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    created_at: datetime


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key of the API. Only its hash is stored; HMAC secrets are derived, never kept."""

    id: str
    tenant: str
    portfolio: str | None = None
    """The portfolio that a key for a dialect answers about; None for a key of the whole tenant."""
    label: str = ""
    secret_sha256: str
    created_at: datetime
    revoked_at: datetime | None = None


class Member(Struct, frozen=True, kw_only=True):
    """An account or a nested portfolio, from `valid_from` (inclusive) to `valid_to` (exclusive)."""

    account: str | None = None
    portfolio: str | None = None
    valid_from: datetime | None = None
    """None: from the beginning."""
    valid_to: datetime | None = None


class Portfolio(Struct, frozen=True, kw_only=True):
    tenant: str
    id: str
    name: str
    base_currency: str = "iso4217:USD"
    members: tuple[Member, ...] = ()
    jump_ratio: Decimal | None = None
    """A total that moves further between two points, as a share of what it was, is noticed; 0 notices none.
    None: as the setting `aggregator.guards.jump_ratio` says."""
    created_at: datetime


class SourceSetting(Struct, frozen=True, kw_only=True):
    """One provider that fetches one scope of the account."""

    provider: str
    feed: str = "balances"
    scope: str
    every_s: Every
    counted: bool = True
    """Exactly one source per account and scope is counted; the others are compared."""
    paused: str | None = None
    """Why it is not fetched, as `CredentialsRejected: …`; None while it is."""


class Account(Struct, frozen=True, kw_only=True):
    tenant: str
    id: str
    """Canonical: holdfast.domain.accounts."""
    spelling: str
    label: str = ""
    sources: tuple[SourceSetting, ...]
    created_at: datetime


class Watch(Struct, frozen=True, kw_only=True):
    """What is fetched without being an account: prices, tokens whose holders are clustered."""

    tenant: str
    provider: str
    feed: str
    target: str
    scope: str = ""
    every_s: Every
    paused: str | None = None
    created_at: datetime | None = None
    """None of one that is older than this field."""


class Rule(Struct, frozen=True, kw_only=True):
    """Whether an asset counts in totals: one that is spam does not, one that only looks like it does."""

    asset: str
    action: Literal["exclude", "keep"] = "exclude"
    portfolio: str | None = None
    """The only portfolio that it is said of; None: all of the tenant."""
    why: str = ""


class RuleSet(Struct, frozen=True, kw_only=True):
    """All the rules of a tenant from one change to the next. Never changed: holdfast.registry.rules."""

    tenant: str
    number: int
    """From 1; the greatest holds."""
    rules: tuple[Rule, ...] = ()
    note: str = ""
    created_at: datetime


Record = Tenant | ApiKey | Portfolio | Account | Watch | RuleSet
Kind = Literal["tenant", "key", "portfolio", "account", "watch", "rules"]
