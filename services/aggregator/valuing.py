"""Gives stored lines the best price there is.

Always after something was stored, never before: a replica that stores lines then looks for prices,
one that stores prices then looks for lines, so of two that do both at once the second sees the
other's. Whoever writes, the row of the greater version stays.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from holdfast.domain.valuation import SEARCHED_AGE, UNPRICED, FeedPrice, Stated, Worth, worth_with
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import BalanceRow, PriceRow, PriceWithdrawalRow, stored_time
from holdfast.warehouse.writer import write
from services.aggregator import sql
from services.aggregator.claims import is_any_withdrawn

CHUNK = 500
"""Snapshots looked at in one statement: bounds its parameters and the rows in memory."""
_AGE_S = int(SEARCHED_AGE / timedelta(seconds=1))


ItemT = TypeVar("ItemT")


class SnapshotKey(NamedTuple):
    source: str
    observed_at: str
    """As stored: holdfast.warehouse.rows.stored_time."""
    snapshot_id: str


class PricedSnapshot(NamedTuple):
    key: SnapshotKey
    asset: str
    """One that some of its lines are valued by."""
    is_past: bool = False
    """Found to be of a day that was over."""


class _Candidate(BalanceRow, frozen=True, kw_only=True):
    """A stored line with a better price than it has, or without any where it had one."""

    feed_price: Decimal | None
    """None: the price it had was taken back, and there is no other."""
    feed_source: str
    feed_at: str
    feed_version: Annotated[int, Meta(ge=0)]


_CANDIDATES = msgspec.json.Decoder(_Candidate)


async def find_snapshots(warehouse: Warehouse, prices: Sequence[PriceRow | PriceWithdrawalRow]) -> set[PricedSnapshot]:
    """Snapshots that prices, just stored or taken back, may change: also those they have changed before a crash."""
    found: set[PricedSnapshot] = set()
    any_withdrawn = bool(prices) and await is_any_withdrawn(warehouse)
    for some in _chunks(prices, CHUNK):
        asked = {
            "assets": [price.asset for price in some],
            "times": [price.at for price in some],
            "events": sorted({price.event_id for price in some}),
            "any_withdrawn": any_withdrawn,
            "taken_back": sorted({row.asset for row in some if isinstance(row, PriceWithdrawalRow)}),
            "age_s": _AGE_S,
        }
        rows = await warehouse.rows(sql.load("read_snapshots_to_value"), asked)
        found |= {
            PricedSnapshot(SnapshotKey(source, stored_time(at), snapshot), asset, bool(is_past))
            for source, at, snapshot, asset, is_past in rows
        }
    return found


async def value_lines(warehouse: Warehouse, snapshots: Iterable[PricedSnapshot], *, ranking: Sequence[str]) -> None:
    """Store those lines of these snapshots again that have a better price now."""
    wanted = sorted(set(snapshots))
    anew = bool(wanted) and await is_any_withdrawn(warehouse)
    for some in _chunks(wanted, CHUNK):
        candidates = await _read_candidates(warehouse, some, ranking, anew=anew)
        await write(warehouse, [_valued(candidate) for candidate in candidates])


async def note_revalued(warehouse: Warehouse, late: Iterable[PricedSnapshot]) -> None:
    """Of snapshots found, once their lines are stored: closed days are worked out again where these are others now."""
    for some in _chunks(sorted({snapshot.key for snapshot in late if snapshot.is_past}), CHUNK):
        await warehouse.command(sql.load("note_revalued"), _named(some))


async def _read_candidates(
    warehouse: Warehouse, snapshots: Sequence[PricedSnapshot], ranking: Sequence[str], *, anew: bool
) -> list[_Candidate]:
    """`anew`: some price was taken back, maybe one that these are valued with."""
    keys = sorted({snapshot.key for snapshot in snapshots})
    times = [key.observed_at for key in keys]
    body = await warehouse.read_bytes(
        sql.load("read_lines_to_value_anew" if anew else "read_lines_to_value"),
        {
            **_named(keys),
            "assets": sorted({snapshot.asset for snapshot in snapshots}),
            "first": min(times),
            "last": max(times),
            "age_s": _AGE_S,
            "age_ms": _AGE_S * 1000,
            "ranking": list(ranking),
        },
        format="JSONEachRow",
    )
    return _CANDIDATES.decode_lines(body)


def _named(keys: Sequence[SnapshotKey]) -> dict[str, list[str]]:
    """Three columns, as the statements take them."""
    return {
        "sources": [key.source for key in keys],
        "times": [key.observed_at for key in keys],
        "snapshots": [key.snapshot_id for key in keys],
    }


def _valued(line: _Candidate) -> BalanceRow:
    stated = Stated(
        asset=line.asset,
        amount=line.amount,
        currency=line.currency,
        price=line.stated_price,
        value=line.stated_value,
    )
    worth = _worth(line, stated)
    fields = {name: getattr(line, name) for name in BalanceRow.__struct_fields__}
    fields |= {
        "price_usd": worth.price_usd,
        "value_usd": worth.value_usd,
        "price_source": worth.price_source,
        "price_at": None if worth.price_at is None else line.feed_at,
        "reason": worth.reason,
        "version": worth.version,
    }
    return BalanceRow(**fields)


def _worth(line: _Candidate, stated: Stated) -> Worth:
    if line.feed_price is None:
        return replace(UNPRICED, version=line.feed_version)
    price = FeedPrice(
        price=line.feed_price, source=line.feed_source, at=_parsed(line.feed_at), version=line.feed_version
    )
    return worth_with(stated, price, observed_at=_parsed(line.observed_at))


def _parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _chunks(items: Sequence[ItemT], size: int) -> Iterator[Sequence[ItemT]]:
    return (items[start : start + size] for start in range(0, len(items), size))
