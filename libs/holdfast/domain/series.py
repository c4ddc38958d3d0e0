"""Series: one point for each bucket, each saying how it is known. Gross assets, debt and net are three series.

For each source a point takes what it last stated at or before the end of the bucket:

    observed   it stated it inside the bucket
    carried    in an earlier one
    missing    it had stated nothing yet: unknown, not 0

A point over several sources has the worst of their fills, and `complete` says whether none was missing. A source that
has left the portfolio is zero from then on, and so is a line that has left its snapshot; a source that stops answering
is carried. Marked to market, amounts are carried and prices move.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import MissingRate, Rate, RateBook
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.grids import Bucket
from holdfast.domain.ledger.membership import ALWAYS
from holdfast.domain.ledger.membership import Interval as Membership

Fill = Literal["observed", "carried", "missing"]
_BADNESS: dict[Fill, int] = {"observed": 0, "carried": 1, "missing": 2}


class State(NamedTuple):
    """A source's totals in USD. Both are gross: debt is positive."""

    observed_at: datetime
    assets: Decimal
    debt: Decimal
    unpriced: int = 0
    """Lines left out for want of a value."""
    lines: int = 0
    """Those that count."""
    excluded: int = 0
    """Those that do not, on purpose."""
    stale: int = 0
    """Lines whose price is too old; all of them where the source has stopped answering."""
    overdue: bool = False
    """Whether it has stopped answering."""
    reasons: Mapping[str, int] = MappingProxyType({})
    """Lines by why they have no value, no amount or no part in the total."""
    waits: Mapping[str, int] = MappingProxyType({})
    """Of them, those that a price would value: `refusals.Waits`."""

    @property
    def gross(self) -> Decimal:
        return self.assets + self.debt


class History(Protocol):
    """What a source is known to have held."""

    def at(self, instant: datetime) -> State | None:
        """The last at or before the instant; None before the first."""
        ...


class SourceHistory(NamedTuple):
    history: History
    during: Sequence[Membership] = (ALWAYS,)
    """When the source belongs to the portfolio: `ledger.membership.union`."""


class Point(Struct, frozen=True, kw_only=True):
    """`assets`, `debt` and `net` are None where no source is known yet, and where a rate is missing."""

    bucket: Bucket
    currency: str
    assets: Decimal | None
    debt: Decimal | None
    net: Decimal | None
    fill: Fill
    complete: bool
    sources: int
    """Members with a statement by then."""
    sources_missing: int
    unpriced: int
    oldest: datetime | None
    """The oldest statement in the point."""
    newest: datetime | None
    states: Sequence[State]
    """What is known of each member: what the point is the sum of."""
    rate: Rate | None = None
    """From USD at the end of the bucket; None in USD itself."""
    missing_rate: MissingRate | None = None


def series(
    grid: Iterable[Bucket],
    sources: Mapping[str, SourceHistory],
    *,
    currency: str = USD,
    rates: RateBook | None = None,
) -> Iterator[Point]:
    """A point for each bucket, in the grid's order; none is ever left out."""
    found = rates or RateBook()
    return (point(bucket, sources, currency=currency, rates=found) for bucket in grid)


@exactly
def point(bucket: Bucket, sources: Mapping[str, SourceHistory], *, currency: str, rates: RateBook) -> Point:
    """What all members were worth at the end of the bucket."""
    at = bucket.valued_at
    members = [source for source in sources.values() if _belongs(source.during, at)]
    states = [source.history.at(at) for source in members]
    known = [state for state in states if state is not None]
    joined_before = any(during.start <= at for source in sources.values() for during in source.during)
    nothing_known = not known and (bool(members) or not joined_before)
    fills = [_fill(state, bucket) for state in states] or ["missing" if nothing_known else _exit(sources, bucket)]
    rate = None if currency == USD else rates.find(USD, currency, at)
    unknown = nothing_known or isinstance(rate, MissingRate)
    assets = None if unknown else _in_currency(sum((state.assets for state in known), ZERO), rate)
    debt = None if unknown else _in_currency(sum((state.debt for state in known), ZERO), rate)
    return Point(
        bucket=bucket,
        currency=currency,
        assets=assets,
        debt=debt,
        net=None if assets is None or debt is None else assets - debt,
        fill=_worst(fills),
        complete=not nothing_known and len(known) == len(states),
        sources=len(known),
        sources_missing=len(states) - len(known),
        unpriced=sum(state.unpriced for state in known),
        oldest=min((state.observed_at for state in known), default=None),
        newest=max((state.observed_at for state in known), default=None),
        states=known,
        rate=rate if isinstance(rate, Rate) else None,
        missing_rate=rate if isinstance(rate, MissingRate) else None,
    )


def _belongs(during: Iterable[Membership], at: datetime) -> bool:
    return any(interval.start <= at < interval.end for interval in during)


def _fill(state: State | None, bucket: Bucket) -> Fill:
    if state is None:
        return "missing"
    return "observed" if state.observed_at >= bucket.start else "carried"


def _exit(sources: Mapping[str, SourceHistory], bucket: Bucket) -> Fill:
    """Of a portfolio that everybody has left: it is seen in the bucket in which the last of them did."""
    left = max(end for source in sources.values() for _, end in source.during if end <= bucket.valued_at)
    return "observed" if left >= bucket.start else "carried"


def _worst(fills: Sequence[Fill]) -> Fill:
    return max(fills, key=_BADNESS.__getitem__)


def _in_currency(usd: Decimal, rate: Rate | MissingRate | None) -> Decimal:
    return rate.of(usd) if isinstance(rate, Rate) else usd
