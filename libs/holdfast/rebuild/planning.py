"""Cuts the work into units, each one statement: small enough to bound memory, large enough to be fast.

Lines are cut by month (as they are stored) and then by source; points by portfolio and then by month. A unit names
itself by what it is of, so that a run that is taken up again finds the same ones, and has another one to do where a
source came in meanwhile.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from msgspec import Struct

from holdfast.rebuild.statements import load_sql
from holdfast.warehouse.client import Warehouse

Kind = Literal["latest", "lines", "totals"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LINES_AT_ONCE = 1_000_000
PortfolioKey = tuple[str, str]
"""(tenant, portfolio)"""


class UnknownPortfolioError(LookupError):
    """A portfolio that there is not, or not any more: the points of one that was removed stay as they were."""


class Scope(Struct, frozen=True, kw_only=True):
    """What is derived again: these portfolios and all that they are made of, or everything there is."""

    portfolios: tuple[PortfolioKey, ...] = ()

    @property
    def everything(self) -> bool:
        return not self.portfolios


class Unit(Struct, frozen=True, kw_only=True):
    """A piece of the work. From `first` to `last` (exclusive)."""

    kind: Kind
    first: datetime
    last: datetime
    lines: int
    """About how many it has to read."""
    sources: tuple[str, ...] = ()
    """Of lines: all between the first and the last of these, if the scope is everything. Of latest: none is all."""
    portfolios: tuple[PortfolioKey, ...] = ()
    digest: str
    """Of every portfolio and source that it is of."""

    @property
    def name(self) -> str:
        return f"{self._what} ({self.digest})"

    @property
    def _what(self) -> str:
        if self.kind == "latest":
            return "latest snapshots"
        if self.kind == "lines":
            of = f"{self.sources[0]} … {self.sources[-1]}"
        else:
            of = ", ".join(f"{tenant}/{portfolio}" for tenant, portfolio in self.portfolios)
        return f"{self.kind} {self.first:%Y-%m} to {self.last:%Y-%m} of {of}"


class _Stated(Struct, frozen=True):
    source: str
    month: datetime
    lines: int


async def plan(warehouse: Warehouse, scope: Scope) -> list[Unit]:
    """Every unit, lines before the points that are summed from them. Raises UnknownPortfolioError."""
    asked = {"everything": scope.everything, "portfolios": list(scope.portfolios)}
    members = {
        (tenant, portfolio): tuple(sources)
        for tenant, portfolio, sources in await warehouse.rows(load_sql("plan_members"), asked)
    }
    if unknown := [key for key in scope.portfolios if key not in members]:
        raise UnknownPortfolioError(f"there is no portfolio {'/'.join(unknown[0])[:120]!r}")
    mine = sorted({source for sources in members.values() for source in sources})
    of_sources = {"everything": scope.everything, "sources": mine}
    stated = [
        _Stated(source, _to_instant(month), int(lines))
        for source, month, lines in await warehouse.rows(load_sql("plan_lines"), of_sources)
    ]
    stored = {
        (tenant, portfolio): (first, last)
        for tenant, portfolio, first, last in await warehouse.rows(load_sql("plan_totals"), asked)
    }
    latest = Unit(
        kind="latest",
        first=_BEGINNING,
        last=_END,
        lines=0,
        sources=() if scope.everything else tuple(mine),
        digest=_digest(one.source for one in stated),
    )
    return [latest, *_line_units(stated), *_total_units(members, stated, stored)]


def _line_units(stated: Iterable[_Stated]) -> Iterator[Unit]:
    by_month: dict[datetime, list[_Stated]] = defaultdict(list)
    for one in stated:
        by_month[one.month].append(one)
    for month, of_month in sorted(by_month.items()):
        for some in _heaps(of_month, [one.lines for one in of_month]):
            yield Unit(
                kind="lines",
                first=month,
                last=_next_month(month),
                lines=sum(one.lines for one in some),
                sources=tuple(one.source for one in some),
                digest=_digest(one.source for one in some),
            )


def _total_units(
    members: dict[PortfolioKey, tuple[str, ...]],
    stated: Sequence[_Stated],
    stored: dict[PortfolioKey, tuple[datetime, datetime]],
) -> Iterator[Unit]:
    """Portfolios with little history together; one with much, month after month."""
    months: dict[str, dict[datetime, int]] = defaultdict(dict)
    for one in stated:
        months[one.source][one.month] = one.lines
    small: list[tuple[PortfolioKey, int]] = []
    for key, sources in members.items():
        of_month: dict[datetime, int] = defaultdict(int)
        for source in sources:
            for month, lines in months[source].items():
                of_month[month] += lines
        if sum(of_month.values()) > LINES_AT_ONCE:
            yield from _months_of(key, sources, of_month, stored.get(key))
        else:
            small.append((key, sum(of_month.values())))
    for some in _heaps(small, [lines for _, lines in small], most=200):
        yield Unit(
            kind="totals",
            first=_BEGINNING,
            last=_END,
            lines=sum(lines for _, lines in some),
            portfolios=tuple(key for key, _ in some),
            digest=_digest(source for key, _ in some for source in (*key, *members[key])),
        )


def _months_of(
    key: PortfolioKey,
    sources: Iterable[str],
    of_month: dict[datetime, int],
    stored: tuple[datetime, datetime] | None,
) -> Iterator[Unit]:
    """From the beginning to the end of time without a gap: membership may begin and end where nothing was stated."""
    months = sorted({*of_month, *(_month_of(at) for at in stored or ())})
    for some in _heaps(months, [of_month.get(month, 0) for month in months]):
        yield Unit(
            kind="totals",
            first=_BEGINNING if some[0] == months[0] else some[0],
            last=_END if some[-1] == months[-1] else months[months.index(some[-1]) + 1],
            lines=sum(of_month.get(month, 0) for month in some),
            portfolios=(key,),
            digest=_digest(sources),
        )


_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _heaps(items: Sequence, weights: Sequence[int], *, most: int = 10_000) -> Iterator[list]:  # type: ignore[type-arg]
    """Neighbours together, as many as weigh `LINES_AT_ONCE`."""
    heap: list = []  # type: ignore[type-arg]
    weight = 0
    for item, own in zip(items, weights, strict=True):
        if heap and (weight + own > LINES_AT_ONCE or len(heap) >= most):
            yield heap
            heap, weight = [], 0
        heap.append(item)
        weight += own
    if heap:
        yield heap


def _digest(names: Iterable[str]) -> str:
    """Of different ones, in any order."""
    return hashlib.sha256("\n".join(sorted(set(names))).encode()).hexdigest()[:12]


def _to_instant(day: date) -> datetime:
    return datetime(day.year, day.month, 1, tzinfo=UTC)


def _month_of(at: datetime) -> datetime:
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def _next_month(month: datetime) -> datetime:
    return _month_of(month + timedelta(days=32))
