"""The current snapshots of a portfolio: the way to its lines that does not grow with history.

Finding the snapshots first and naming them in the second query lets the engine go straight to their
lines by primary key; as one query with joins the same takes three times as long to plan.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from holdfast.domain.time import floor_to
from holdfast.registry.rules import excluded_assets, newest_rules
from holdfast.registry.state import PortfolioSource, RegistryState, counted_sources
from services.api.queries import load_sql, read
from services.api.resources import Resources

HOUR = timedelta(hours=1)

SnapshotKey = tuple[str, str, str]
"""(source, observed_at, snapshot_id): the head of the key of `balances`."""


class CurrentSnapshot(Struct, frozen=True, kw_only=True):
    source: str
    account: str
    scope: str
    observed_at: str
    snapshot_id: str
    lines: int
    covers: list[str]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.observed_at).replace(tzinfo=UTC)

    @property
    def key(self) -> SnapshotKey:
        return self.source, self.observed_at, self.snapshot_id


def sources_now(registry: RegistryState, tenant: str, portfolio: str, *, now: datetime) -> list[str]:
    """The ids of the counted sources that are members at the end of the current hour, as the newest point has them."""
    return present(counted_sources(registry, tenant, portfolio), now=now)


def present(members: Iterable[PortfolioSource], *, now: datetime) -> list[str]:
    """The ids of those that belong at the end of the current hour."""
    return sorted(belonging(members, end=floor_to(now, HOUR) + HOUR))


def belonging(members: Iterable[PortfolioSource], *, end: datetime) -> set[str]:
    """The ids of those that are members just before an instant."""
    return {
        member.source.id
        for member in members
        if (member.valid_from is None or member.valid_from < end)
        and (member.valid_to is None or end <= member.valid_to)
    }


def had_joined(members: Iterable[PortfolioSource], *, end: datetime) -> bool:
    """Whether anybody had been a member before an instant: who has left is worth 0, who never came is unknown."""
    return any(member.valid_from is None or member.valid_from < end for member in members)


def excluded_now(
    registry: RegistryState, tenant: str, portfolio: str | None, *, known_at: datetime | None = None
) -> tuple[str, ...]:
    """The assets that the tenant's rules leave out of a portfolio, or left out of it at a time; without one, of all."""
    return excluded_assets(newest_rules(registry, tenant, known_at=known_at), portfolio)


async def read_current(api: Resources, sources: Sequence[str]) -> list[CurrentSnapshot]:
    """By source. A source that was never seen has none."""
    if not sources:
        return []
    return await read(
        api.warehouse, load_sql(__file__, "current_snapshots"), {"sources": list(sources)}, CurrentSnapshot
    )


def receipts(snapshots: Iterable[CurrentSnapshot]) -> list[tuple[str, str]]:
    """(source, asset) pairs whose wallet lines another source of the same account lists positions for."""
    by_account: dict[str, list[CurrentSnapshot]] = {}
    for snapshot in snapshots:
        by_account.setdefault(snapshot.account, []).append(snapshot)
    return sorted(
        {
            (wallet.source, asset)
            for together in by_account.values()
            for covering in together
            for wallet in together
            if wallet.source != covering.source
            for asset in covering.covers
        }
    )
