"""Exact transfers between two snapshots: what a chain itself says instead of what a difference would.

They stand in only where they are known for every block from the one snapshot to the other: of tokens by their logs, of
the chain's coin by the balances of those blocks. Either may be known without the other. What logs do not explain (a
token that rebases) remains a difference at the later snapshot, so the flows always add up to what the amounts changed
by. Of the coin nothing is left to explain: where what moved is not what its amount changed by, the one is of a block
that was replaced, or the other is not all, and the difference stands alone.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import NamedTuple, TypeVar

from msgspec import Struct

from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.entries import Transfer
from holdfast.domain.valuation import NEVER_VALUED
from holdfast.history.reading import FAR, MOST_SNAPSHOTS, portions, read_rows
from holdfast.history.snapshots import Key, StoredSnapshot
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import stored_time

_MS = timedelta(milliseconds=1)


class LoggedTransfer(Struct, frozen=True, array_like=True, gc=False):
    """One transfer of a token or of the coin, in the order of the chain."""

    source: str
    of_coin: bool
    block: int
    at: datetime
    """Of its block."""
    asset: str
    delta: Decimal
    """What came in (+) or went out (−)."""
    hash: str
    """Of the transaction; of the block where none tells it."""


class Stretch(Struct, frozen=True, array_like=True):
    """Blocks behind `after`, up to `until`: all that moved of tokens, or of the coin, is known."""

    source: str
    of_coin: bool
    after: int
    until: int

    def covers(self, after: int, until: int) -> bool:
        return self.after <= after and until <= self.until


RowT = TypeVar("RowT", LoggedTransfer, Stretch)


class _BlockOf(Struct, frozen=True, array_like=True):
    source: str
    at: datetime
    snapshot_id: str
    number: int


class Logged(Struct, frozen=True, kw_only=True):
    """What is known of the transfers of some sources, by source; one without a feed of them is in neither."""

    transfers: Mapping[str, Sequence[LoggedTransfer]]
    stretches: Mapping[str, Sequence[Stretch]]


async def read_stretches(
    warehouse: Warehouse, sources: Sequence[str], *, known_at: datetime | None = None
) -> dict[str, list[Stretch]]:
    """By source, of those alone that have a feed of transfers. Raises WarehouseError."""
    asked = {"sources": list(sources), "known_at": known_at or FAR}
    return _by_source(await read_rows(warehouse, "read_transfer_stretches", asked, Stretch) if sources else [])


async def read_transfers(
    warehouse: Warehouse,
    stretches: Mapping[str, Sequence[Stretch]],
    *,
    until: datetime | None = None,
    known_at: datetime | None = None,
) -> Logged:
    """Each transfer once, of the chain as it was last stated. Raises WarehouseError."""
    asked = {"sources": list(stretches), "until": until or FAR, "known_at": known_at or FAR}
    transfers = await read_rows(warehouse, "read_transfers", asked, LoggedTransfer) if stretches else []
    return Logged(transfers=_by_source(transfers), stretches=stretches)


async def read_feeds(
    warehouse: Warehouse,
    logged: Logged,
    chains: Mapping[str, Sequence[StoredSnapshot]],
    *,
    excluded: frozenset[str] = frozenset(),
) -> dict[str, list[Transfer]]:
    """By source, what the ledger takes in place of differences. `chains` as the ledger is made of them."""
    known = {source: chain for source, chain in chains.items() if source in logged.stretches}
    return to_feeds(known, await _read_blocks(warehouse, known), logged, excluded=excluded)


async def _read_blocks(warehouse: Warehouse, chains: Mapping[str, Sequence[StoredSnapshot]]) -> dict[Key, int]:
    keys = [(one.source, stored_time(one.at), one.snapshot_id) for chain in chains.values() for one in chain]
    found: dict[Key, int] = {}
    for some in portions(keys, MOST_SNAPSHOTS):
        for row in await read_rows(warehouse, "read_blocks_of", {"snapshots": list(some)}, _BlockOf):
            found[row.source, row.at, row.snapshot_id] = row.number
    return found


@exactly
def to_feeds(
    chains: Mapping[str, Sequence[StoredSnapshot]],
    blocks: Mapping[Key, int],
    logged: Logged,
    *,
    excluded: frozenset[str] = frozenset(),
) -> dict[str, list[Transfer]]:
    """By source: the transfers of every pair of neighbours between which those of each block are known."""
    pairs: dict[str, list[_Pair]] = {}
    for source, chain in chains.items():
        moved = [transfer for transfer in logged.transfers.get(source, ()) if transfer.asset not in excluded]
        pairs[source] = [
            pair
            for of_coin in (False, True)
            for pair in _known_pairs(
                chain,
                blocks,
                [transfer for transfer in moved if transfer.of_coin is of_coin],
                [stretch for stretch in logged.stretches[source] if stretch.of_coin is of_coin],
            )
        ]
    late = _late_blocks(pair for of in pairs.values() for pair in of)
    return {source: [one for pair in of for one in _of_pair(pair, late)] for source, of in pairs.items()}


class _Pair(NamedTuple):
    """Neighbours, and what moved in the blocks behind the first, up to the second's."""

    before: StoredSnapshot
    this: StoredSnapshot
    moved: Sequence[LoggedTransfer]


def _known_pairs(
    chain: Sequence[StoredSnapshot],
    blocks: Mapping[Key, int],
    transfers: Sequence[LoggedTransfer],
    stretches: Sequence[Stretch],
) -> Iterator[_Pair]:
    numbers = [transfer.block for transfer in transfers]
    for before, this in pairwise(chain):
        first, last = blocks.get(_key(before)), blocks.get(_key(this))
        if first is not None and last is not None and any(stretch.covers(first, last) for stretch in stretches):
            yield _Pair(before, this, transfers[bisect_right(numbers, first) : bisect_right(numbers, last)])


_Late = Mapping[tuple[str, datetime], tuple[int, datetime]]
"""By chain and second: from which of its blocks on transfers count at a later instant, and at which."""


def _late_blocks(pairs: Iterable[_Pair]) -> _Late:
    """A block may share the second of a snapshot of an earlier block: it comes after it all the same. So it does for
    every source, whatever that one said when: both ends of a transfer are at one instant, or it would be two flows."""
    late: dict[tuple[str, datetime], tuple[int, datetime]] = {}
    for before, _, moved in pairs:
        for one in moved:
            if one.at <= before.at:
                key, behind = (_chain_of(one), one.at), before.at + _MS
                block, at = late.get(key, (one.block, behind))
                late[key] = min(block, one.block), max(at, behind)
    return late


def _instant(transfer: LoggedTransfer, this: StoredSnapshot, late: _Late) -> datetime:
    """No later than the snapshot that holds it: where the chain's clock is ahead, that is of when it was heard."""
    block, at = late.get((_chain_of(transfer), transfer.at), (transfer.block, transfer.at))
    return min(at if transfer.block >= block else transfer.at, this.at)


def _chain_of(transfer: LoggedTransfer) -> str:
    return transfer.asset.partition("/")[0]


def _of_pair(pair: _Pair, late: _Late) -> Iterator[Transfer]:
    for asset in dict.fromkeys(transfer.asset for transfer in pair.moved):
        moved = [transfer for transfer in pair.moved if transfer.asset == asset]
        yield from _of_asset(pair.before, pair.this, asset, [(_instant(one, pair.this, late), one) for one in moved])


def _of_asset(
    before: StoredSnapshot, this: StoredSnapshot, asset: str, moved: Iterable[tuple[datetime, LoggedTransfer]]
) -> list[Transfer]:
    """None where the statements do not say how much there is. What moved at one instant is one."""
    was, now = _amount(before, asset), _amount(this, asset)
    if was is None or now is None:
        return []
    at_once: dict[datetime, list[LoggedTransfer]] = {}
    for at, transfer in moved:
        at_once.setdefault(at, []).append(transfer)
    netted = {at: sum((transfer.delta for transfer in of), ZERO) for at, of in at_once.items()}
    explained = sum(netted.values(), ZERO)
    if (explained and not _lists(before, asset) and not _lists(this, asset)) or _goes_below_zero(was, netted):
        return []  # the token was not looked at yet: that a statement is without it does not say that there was none
    if explained != now - was and any(transfer.of_coin for of in at_once.values() for transfer in of):
        return []
    if explained != now - was:
        netted.pop(this.at, None)  # the difference that remains is at this very instant: one flow, not two
    return [Transfer(at, this.source, asset, "asset", delta, _id(at_once[at])) for at, delta in netted.items() if delta]


def _lists(one: StoredSnapshot, asset: str) -> bool:
    return any(line.asset == asset and line.side == "asset" for _, line in one.lines)


def _goes_below_zero(was: Decimal, netted: Mapping[datetime, Decimal]) -> bool:
    return any(held < 0 for held in accumulate((netted[at] for at in sorted(netted)), initial=was))


def _amount(one: StoredSnapshot, asset: str) -> Decimal | None:
    lines = [line for _, line in one.lines if line.asset == asset and line.side == "asset"]
    if any(line.amount is None or line.reason in NEVER_VALUED for line in lines):
        return None
    return sum((line.amount for line in lines if line.amount is not None), ZERO)


def _id(transfers: Iterable[LoggedTransfer]) -> str:
    """The transaction; all of them, with commas, where a block had several."""
    return ",".join(dict.fromkeys(transfer.hash for transfer in transfers))


def _key(one: StoredSnapshot) -> Key:
    return one.source, one.at, one.snapshot_id


def _by_source(rows: Iterable[RowT]) -> dict[str, list[RowT]]:
    found: dict[str, list[RowT]] = defaultdict(list)
    for row in rows:
        found[row.source].append(row)
    return found
