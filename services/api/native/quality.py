"""How far a number can be trusted: one block for every total, breakdown and point (docs/quality.md)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from msgspec import Struct

from holdfast.domain.exact import total
from holdfast.domain.money import EXACT, plain
from services.api.currencies import Conversion, RateMissing, RateUsed
from services.api.vocabulary import Money, Time

_STEP = Decimal("0.000001")


class Quality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the number can be trusted. Shares are of the known value, assets and debt alike, cut to 6 decimals."""

    complete: bool
    """Whether every source has been seen and every line has a value."""
    lines_priced: int
    lines_unpriced: int
    """Counted lines whose value is unknown: they are not in the total."""
    lines_stale: int | None
    """Counted lines of stale sources, or with no price that is young enough; null where it is not kept."""
    lines_excluded: int
    """Left out on purpose, as receipt tokens whose position is listed."""
    lines_truncated: int | None
    sources: int
    sources_missing: int
    """Never seen yet."""
    sources_stale: int | None
    share_observed: Money | None
    """Seen in the bucket of this number; null where no value is known, or where it is not kept."""
    share_carried: Money | None
    share_missing: Money | None
    """0, or null where something is missing: how much that would be is unknown."""
    oldest_input: Time | None
    newest_input: Time | None
    reasons: dict[str, int]
    """Lines by why they have no value, no amount or no part in the total."""
    conversion_reliable: bool
    """Whether every rate that was needed is there: false exactly when `missing_rates` names one."""
    missing_rates: list[RateMissing]
    rates: list[RateUsed]


class Known(Struct, frozen=True, kw_only=True):
    """What is known of the inputs, before anything is converted. None: not kept."""

    available: bool = True
    """False where nothing was observed yet."""
    lines: int = 0
    lines_unpriced: int = 0
    lines_stale: int | None = 0
    lines_excluded: int = 0
    lines_truncated: int | None = 0
    sources: int = 0
    sources_missing: int = 0
    sources_stale: int | None = 0
    shares: tuple[str | None, str | None] = (None, None)
    """Observed and carried."""
    oldest_input: datetime | None = None
    newest_input: datetime | None = None
    reasons: Mapping[str, int] = {}


def to_quality(known: Known, conversion: Conversion, unrated: Sequence[RateMissing] = ()) -> Quality:
    """`unrated`: rates into US dollars that lines of the number lack."""
    missing_nothing = known.sources_missing == 0 and known.lines_unpriced == 0
    missing_rates = [*unrated, *conversion.missing]
    return Quality(
        complete=missing_nothing and known.available,
        lines_priced=known.lines - known.lines_unpriced,
        lines_unpriced=known.lines_unpriced,
        lines_stale=known.lines_stale,
        lines_excluded=known.lines_excluded,
        lines_truncated=known.lines_truncated,
        sources=known.sources,
        sources_missing=known.sources_missing,
        sources_stale=known.sources_stale,
        share_observed=known.shares[0],
        share_carried=known.shares[1],
        share_missing="0" if missing_nothing and known.available else None,
        oldest_input=known.oldest_input if known.sources else None,
        newest_input=known.newest_input if known.sources else None,
        reasons=dict(known.reasons),
        conversion_reliable=not missing_rates,
        missing_rates=missing_rates,
        rates=conversion.used,
    )


def to_shares(seen: Iterable[Decimal], gross: Iterable[Decimal]) -> tuple[str | None, str | None]:
    """Of all gross values, how much was observed and how much carried. Nothing of nothing is unknown."""
    of_all = total(gross)
    if of_all == 0:
        return None, None
    observed = EXACT.divide(total(seen), of_all).quantize(_STEP, rounding=ROUND_DOWN)
    return plain(observed), plain(1 - observed)
