"""Standing statements and the sums over their lines, source by source, made into one value of a portfolio. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.exact import total
from holdfast.domain.money import plain
from holdfast.domain.time import floor_to
from services.api.currencies import RateMissing
from services.api.native.quality import Known, to_shares
from services.api.native.totals.valued import Valued
from services.api.vocabulary import Money

HOUR = timedelta(hours=1)


class Sum(Struct, frozen=True, kw_only=True):
    """Over lines of one source, in US dollars."""

    source: str
    assets: Money
    debt: Money
    lines: int
    """Those that count."""
    lines_unpriced: int
    lines_stale: int
    lines_excluded: int
    lines_truncated: int
    reasons: dict[str, int]
    unrated: list[str]
    """Currencies that lines are stated in and could not be brought to dollars from."""

    @property
    def gross(self) -> Decimal:
        return total((Decimal(self.assets), Decimal(self.debt)))


class Standing(Struct, frozen=True, kw_only=True):
    """Which statements a value is made of."""

    stated: Mapping[str, datetime]
    """When each source stated what stands; one that had stated nothing is not there."""
    stale: frozenset[str]
    """Of those, the sources whose next statements were overdue."""
    missing: int
    """Members that had stated nothing."""


def to_valued(at: datetime, standing: Standing, sums: Sequence[Sum]) -> Valued:
    """The value of an instant: a source may have any number of sums, or none.

    Statements and sums are read side by side: a source that was heard of in between has no part yet.
    """
    stated = standing.stated
    sums = [one for one in sums if one.source in stated]
    unrated = {(currency, stated[one.source]) for one in sums for currency in one.unrated}
    return Valued(
        at=at,
        bucket=None,
        assets=plain(total(Decimal(one.assets) for one in sums)),
        debt=plain(total(Decimal(one.debt) for one in sums)),
        known=_to_known(at, standing, sums),
        unrated=[RateMissing(base=currency, quote=USD, at=when) for currency, when in sorted(unrated)],
    )


def _to_known(at: datetime, standing: Standing, sums: Sequence[Sum]) -> Known:
    stated, stale = standing.stated, standing.stale
    start = floor_to(at, HOUR)
    seen = [one.gross for one in sums if stated[one.source] >= start]
    return Known(
        lines=sum(one.lines for one in sums),
        lines_unpriced=sum(one.lines_unpriced for one in sums),
        lines_stale=sum(one.lines if one.source in stale else one.lines_stale for one in sums),
        lines_excluded=sum(one.lines_excluded for one in sums),
        lines_truncated=sum(one.lines_truncated for one in sums),
        sources=len(stated),
        sources_missing=standing.missing,
        sources_stale=len(stale),
        shares=to_shares(seen, [one.gross for one in sums]),
        oldest_input=min(stated.values(), default=None),
        newest_input=max(stated.values(), default=None),
        reasons=sum((Counter(one.reasons) for one in sums), Counter()),
    )
