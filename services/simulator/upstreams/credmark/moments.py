"""At which blocks a request is answered. Every block of the world is known, from the first on."""

from datetime import UTC, datetime

from msgspec import Struct

from holdfast.providers.credmark.wire import DAY_S, MOST_POINTS, Query
from services.simulator.upstreams.credmark.errors import CredmarkError
from services.simulator.world.chains import ETHEREUM
from services.simulator.world.instants import GENESIS
from services.simulator.world.world import Block, block_at, block_numbered


class Span(Struct, frozen=True, kw_only=True):
    start: Block
    end: Block
    points: tuple[Block, ...]
    """Oldest first, anchored at the end, both ends included."""


def to_block(number: int | None, second: int | None, now: datetime) -> Block:
    """The latest where neither is given; of a time the block at or before it. Raises CredmarkError."""
    newest = block_at(ETHEREUM, now)
    if number is not None:
        if not ETHEREUM.first_block <= number <= newest.number:
            raise CredmarkError(400, (f"Block {number} does not exist",))
        return block_numbered(ETHEREUM, number)
    if second is None:
        return newest
    return block_at(ETHEREUM, min(_instant(second), now))


def to_span(query: Query, now: datetime) -> Span:
    """Raises CredmarkError."""
    start = to_block(query.start_block_number, query.start_timestamp, now)
    end = to_block(query.end_block_number, query.end_timestamp, now)
    if query.block_interval is None:
        last = min(_said(query.end_timestamp, end.time), int(now.timestamp()))
        seconds = _steps(_said(query.start_timestamp, start.time), last, query.time_interval or DAY_S)
        points = tuple(block_at(ETHEREUM, _instant(second)) for second in seconds)
    else:
        points = tuple(
            block_numbered(ETHEREUM, number) for number in _steps(start.number, end.number, query.block_interval)
        )
    return Span(start=start, end=end, points=points)


def _steps(first: int, last: int, step: int) -> list[int]:
    if first > last:
        raise CredmarkError(400, ("the range ends before it begins",))
    if (last - first) // step >= MOST_POINTS:
        raise CredmarkError(400, (f"the range has more than {MOST_POINTS} points",))
    return sorted(range(last, first - 1, -step))


def _said(second: int | None, at: datetime) -> int:
    return int(at.timestamp()) if second is None else second


def _instant(second: int) -> datetime:
    at = datetime.fromtimestamp(second, UTC)
    if at < GENESIS:
        raise CredmarkError(400, ("there is no block at or before that time",))
    return at
