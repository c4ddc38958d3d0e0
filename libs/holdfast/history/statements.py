"""What sources stated, as the ledger reads it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from holdfast.domain.ledger.statements import Line, Statement
from holdfast.history.snapshots import Span, StoredLine, StoredSnapshot, read_snapshots
from holdfast.warehouse.client import Warehouse


async def read_statements(
    warehouse: Warehouse,
    sources: Sequence[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> dict[str, tuple[Statement, ...]]:
    """The current statements of each source in order of time, lines valued in USD. Raises WarehouseError.

    From the last one at or before `since` (None: from the first) up to `until`, inclusive. `sources` are those that
    count together: a wallet line of a token that another of them in the same account covers at that instant has the
    reason `receipt_token`.

    With `known_at` only what was recorded by then counts. A line whose value the provider stated in dollars keeps it;
    every other is valued with the newest price at or before its observation among those recorded by then, of the
    source that `ranking` (the setting `prices.sources`) puts first.
    """
    snapshots = await read_snapshots(warehouse, sources, Span(since, until, known_at, ranking))
    return to_statements(snapshots)


def to_statements(snapshots: Mapping[str, Sequence[StoredSnapshot]]) -> dict[str, tuple[Statement, ...]]:
    """Each with the receipts that the others of its account cover at its own instant."""
    covering = [one for chain in snapshots.values() for one in chain if one.covers]
    if not covering:
        return {source: tuple(to_statement(one) for one in chain) for source, chain in snapshots.items()}
    return {
        source: tuple(to_statement(one, covered=_covered(one, snapshots)) for one in chain)
        for source, chain in snapshots.items()
    }


def to_statement(one: StoredSnapshot, *, covered: frozenset[str] = frozenset()) -> Statement:
    lines = tuple(_judged(stored, covered) for stored in one.lines)
    return Statement(source=one.source, at=one.at, fetched_at=one.fetched_at, snapshot_id=one.snapshot_id, lines=lines)


def _judged(stored: StoredLine, covered: frozenset[str]) -> Line:
    if stored.kind == "wallet" and stored.line.asset in covered:
        return stored.line._replace(reason="receipt_token")
    return stored.line


def _covered(this: StoredSnapshot, snapshots: Mapping[str, Sequence[StoredSnapshot]]) -> frozenset[str]:
    """By what the other sources of the account said last, up to the same instant."""
    others = (chain for source, chain in snapshots.items() if source != this.source)
    return frozenset(asset for chain in others for asset in _last_covers(chain, this))


def _last_covers(chain: Sequence[StoredSnapshot], this: StoredSnapshot) -> Iterable[str]:
    if not chain or chain[0].account != this.account or not _same_tenant(chain[0], this):
        return ()
    return next((one.covers for one in reversed(chain) if one.at <= this.at), ())


def _same_tenant(a: StoredSnapshot, b: StoredSnapshot) -> bool:
    return a.source.partition("/")[0] == b.source.partition("/")[0]
