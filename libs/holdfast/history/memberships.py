"""Which sources count in a portfolio, and when: nested portfolios are resolved, each account once."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from holdfast.domain.ledger.membership import ALWAYS, Interval, union
from holdfast.history.reading import FAR, read_rows
from holdfast.warehouse.client import Warehouse

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class SourceMembership(Struct, frozen=True, kw_only=True):
    """A counted source and its times in the portfolio, in order and apart."""

    source: str
    account: str
    provider: str
    scope: str
    during: tuple[Interval, ...]

    def belongs_at(self, at: datetime) -> bool:
        """Whether it counts at that instant, as in a total: at the one at which it leaves it does not any more."""
        return any(start <= at < end for start, end in self.during)


class _Row(Struct, frozen=True, array_like=True):
    source: str
    account: str
    provider: str
    scope: str
    valid_from: datetime
    valid_to: datetime


async def read_memberships(
    warehouse: Warehouse, tenant: str, portfolio: str, *, known_at: datetime | None = None
) -> list[SourceMembership]:
    """By source; empty for a portfolio that is unknown or has no counted source. Raises WarehouseError.

    With `known_at`: as the warehouse had learned the membership by then, whatever times it is about.
    """
    asked = {"tenant": tenant, "portfolio": portfolio, "known_at": known_at or FAR}
    by_source: dict[str, list[_Row]] = {}
    for row in await read_rows(warehouse, "read_memberships", asked, _Row):
        by_source.setdefault(row.source, []).append(row)
    return [_to_membership(rows) for rows in by_source.values()]


def _to_membership(rows: list[_Row]) -> SourceMembership:
    first = rows[0]
    return SourceMembership(
        source=first.source,
        account=first.account,
        provider=first.provider,
        scope=first.scope,
        during=union([_interval(row) for row in rows]),
    )


def _interval(row: _Row) -> Interval:
    start = ALWAYS.start if row.valid_from == _BEGINNING else row.valid_from
    return Interval(start, ALWAYS.end if row.valid_to >= FAR else row.valid_to)


def sources_of(members: Iterable[SourceMembership]) -> list[str]:
    return [member.source for member in members]
