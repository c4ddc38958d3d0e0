"""At which blocks a request is answered: one, or a grid that is anchored at its end."""

from datetime import datetime

from msgspec import Struct

from holdfast.domain.dialect_grids import GridError, credmark_grid
from holdfast.providers.credmark.wire import DAY_S, Query
from services.api.dialects.credmark.accounts import Asked
from services.api.dialects.credmark.blocks import Block, read_blocks, read_first, read_newest
from services.api.dialects.credmark.failures import bad_request, not_found
from services.api.resources import Resources


class Moment(Struct, frozen=True, kw_only=True):
    block: Block
    as_of: datetime
    """The block's time; now for the latest, which shows what came since as well."""
    is_latest: bool = False


class Range(Struct, frozen=True, kw_only=True):
    """The ends are echoed as they were asked for; what was not asked for is that of the block there."""

    start_block_number: int
    end_block_number: int
    start_timestamp: int
    end_timestamp: int
    moments: tuple[Moment, ...]
    """Oldest first, without those before the first block that is stored."""


async def find_moment(api: Resources, asked: Asked, query: Query) -> Moment:
    """Raises CredmarkError where nothing is stored of that time."""
    now = api.clock.now()
    if query.block_number is None and query.timestamp is None:
        return Moment(block=await _latest(api, asked, now), as_of=now, is_latest=True)
    block = await _at_or_before(api, asked, query.block_number, query.timestamp)
    if block is None:
        raise not_found(f"Nothing is stored of chain {asked.chain_id} at or before that block")
    return Moment(block=block, as_of=block.time)


async def find_range(api: Resources, asked: Asked, query: Query) -> Range:
    """Raises CredmarkError: a range that is reversed or has too many points, or a chain without blocks."""
    now = api.clock.now()
    latest = await _latest(api, asked, now)
    start = await _at_or_before(api, asked, query.start_block_number, query.start_timestamp)
    start = start or await read_first(api, asked.chain) or latest
    end = await _at_or_before(api, asked, query.end_block_number, query.end_timestamp) or latest
    first, last = _either(query.start_block_number, start.number), _either(query.end_block_number, end.number)
    begins, ends = _either(query.start_timestamp, start.second), _either(query.end_timestamp, end.second)
    if query.block_interval is None:
        until = min(ends, int(now.timestamp()))
        places = _grid(begins, until, _either(query.time_interval, DAY_S))
    else:
        until = last
        places = _grid(first, last, query.block_interval)
    blocks = await read_blocks(api, asked.chain, places, by_time=query.block_interval is None)
    is_open = query.end_block_number is None and query.end_timestamp is None
    return Range(
        start_block_number=first,
        end_block_number=last,
        start_timestamp=begins,
        end_timestamp=ends,
        moments=tuple(
            Moment(block=blocks[place], as_of=now if is_open and place == until else blocks[place].time)
            for place in places
            if place in blocks
        ),
    )


async def _at_or_before(api: Resources, asked: Asked, number: int | None, second: int | None) -> Block | None:
    place = number if second is None else second
    if place is None:
        return None
    return (await read_blocks(api, asked.chain, [place], by_time=second is not None)).get(place)


async def _latest(api: Resources, asked: Asked, now: datetime) -> Block:
    newest = await read_newest(api, asked.chain, now)
    if newest is None:
        raise not_found(f"No block of chain {asked.chain_id} is stored yet")
    return newest


def _grid(start: int, end: int, step: int) -> list[int]:
    try:
        return credmark_grid(start, end, step)
    except GridError as error:
        raise bad_request((str(error),)) from error


def _either(said: int | None, otherwise: int) -> int:
    return otherwise if said is None else said
