"""Balances and snapshots: what a source states about an account at one instant.

A snapshot is complete: what it does not list is zero from then on. If a part is missing there is
no snapshot at all.
"""

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.money import plain
from holdfast.domain.sources import Source
from holdfast.domain.time import to_ms

Side = Literal["asset", "debt"]

KINDS = (
    "wallet",
    "deposit",
    "borrowed",
    "staked",
    "locked",
    "liquidity",
    "reward",
    "vesting",
    "margin",
    "other",
)
"""How a holding is held. A closed set: a provider maps what it does not know to `other`."""

Kind = Literal["wallet", "deposit", "borrowed", "staked", "locked", "liquidity", "reward", "vesting", "margin", "other"]

Reason = Literal[
    "value_only",  # the provider states a value without an amount
    "negative_amount",  # upstream sent an amount below zero; kept out, never flipped
    "unreadable",  # upstream answered, but not with a number that can be trusted
    "out_of_range",  # a number that Decimal(76, 36) cannot hold
    "receipt_token",  # another source of the account lists what this token stands for
    "no_price",
    "rate_limited",
    "stale",
    "low_liquidity",
    "excluded",
]
"""Why a line has no amount, no value, or no part in the total."""


TotalReason = Literal["unreliable_conversion"]
"""What is to be known of a total: the provider lacked a rate for it, and says that it used something else instead."""


class Block(Struct, frozen=True, kw_only=True):
    """The block that a snapshot of a chain was read at."""

    chain: str
    number: int
    hash: str
    time: datetime


class Balance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a snapshot. Unknown is None, never 0; debt is told by `side`, amounts are non-negative."""

    asset: str | None
    kind: Kind
    amount: Decimal | None
    side: Side = "asset"
    symbol: str = ""
    name: str = ""
    asset_type: str = "crypto"
    """`crypto`, `bond`, `equity`, `fiat` …: an open set."""
    asset_class: str = ""
    chain: str | None = None
    """CAIP-2; None where there is no chain."""
    platform: str = ""
    """The protocol or venue; empty for the plain wallet."""
    position: str = ""
    """The provider's own id of the pool, vault or market that this line belongs to."""
    price: Decimal | None = None
    """Per unit, in `currency`, as the provider stated it."""
    value: Decimal | None = None
    """In `currency`, as the provider stated it."""
    currency: str = USD
    reason: Reason | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """What a provider hands over: the complete statement of one account and scope."""

    account: str
    scope: str
    observed_at: datetime
    """The provider's own as-of, else the moment the request was sent. One that is later than the worker heard it, as of
    a clock that is ahead, is stored as of when it was heard."""
    fetched_at: datetime
    balances: tuple[Balance, ...]
    covers: tuple[str, ...] = ()
    """Receipt and LP tokens (asset ids) that these positions stand for: wallet lines of them do not count again."""
    block: Block | None = None
    raw: tuple[str, ...] = ()
    """SHA-256 of each response body that this was read from."""


class ReportedTotal(Struct, frozen=True, kw_only=True):
    """A total that a provider computed itself. Stored beside ours and compared, never added."""

    account: str
    scope: str
    observed_at: datetime
    currency: str
    total: Decimal | None
    platform: str = ""
    """Empty for the whole account; else the platform this is the total of."""
    reason: TotalReason | None = None
    raw: tuple[str, ...] = ()


def snapshot_id(source: Source, snapshot: Snapshot) -> str:
    """32 hex digits from (source, observed_at, content).

    The same statement fetched twice is one snapshot, a correction is another; how a number was
    spelled ("1.50" or "1.5") and when it was fetched make no difference.
    """
    content = (
        source.id,
        to_ms(snapshot.observed_at).isoformat(),
        [_content(balance) for balance in snapshot.balances],
        sorted(snapshot.covers),
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]


def _content(balance: Balance) -> list[object]:
    fields = (getattr(balance, name) for name in balance.__struct_fields__)
    return [plain(field) if isinstance(field, Decimal) else field for field in fields]
