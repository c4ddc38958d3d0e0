"""What a provider computed itself besides totals: stored beside ours and compared, never added."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD


class ReportedReturn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one asset, in the quote currency of the whole. None is what the provider could not say."""

    asset: str
    amount: Decimal | None
    value: Decimal | None
    total_return: Decimal | None
    """Realised and unrealised together; may be negative."""
    reason: str | None = None
    """Why value or return is unknown, as `no_price`."""


class ReportedReturns(Struct, frozen=True, kw_only=True):
    """Returns of an account as a provider states them, from its beginning to `observed_at`."""

    account: str
    scope: str
    observed_at: datetime
    quote: str = USD
    total_return: Decimal | None
    items: tuple[ReportedReturn, ...]
    block_number: int | None = None
    raw: tuple[str, ...] = ()
