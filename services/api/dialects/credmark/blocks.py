"""Which block an answer is of: the newest stored one at or before the number or the time that was asked for.

Blocks are stored as snapshots are read at them, so not every block is there. An answer names the one that it is really
of; the one asked for would be a claim about a block that nobody looked at.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Time

_LAST_NUMBER = 2**63 - 1
_LAST_SECOND = 4_102_444_800
"""Of the year 2100."""
_REACH_BLOCKS = 100_000
_REACH_S = 7 * 86_400
"""So far back a block is looked for at first: what is followed is read more often, and years need not be searched."""


class Block(Struct, frozen=True, kw_only=True):
    place: int
    """What was asked for: a number, or seconds since the epoch."""
    number: int
    time: Time

    @property
    def second(self) -> int:
        return int(self.time.timestamp())


async def read_blocks(api: Resources, chain: str, places: Sequence[int], *, by_time: bool) -> dict[int, Block]:
    """By what was asked for; what lies before the first block has none."""
    wanted = sorted(set(places))
    if not wanted:
        return {}
    first = max(0, wanted[0] - (_REACH_S if by_time else _REACH_BLOCKS))
    found = await _read(api, chain, wanted, first, by_time=by_time)
    missing = [place for place in wanted if place not in found]
    return found | await _read(api, chain, missing, 0, by_time=by_time) if missing and first else found


async def read_newest(api: Resources, chain: str, now: datetime) -> Block | None:
    """None where nothing is stored of the chain."""
    second = int(now.timestamp())
    return (await read_blocks(api, chain, [second], by_time=True)).get(second)


async def read_first(api: Resources, chain: str) -> Block | None:
    rows = await read(api.warehouse, load_sql(__file__, "first_block"), {"chain": chain}, Block)
    return rows[0] if rows else None


async def _read(api: Resources, chain: str, places: Sequence[int], first: int, *, by_time: bool) -> dict[int, Block]:
    params = {
        "chain": chain,
        "places": list(places),
        "by_time": by_time,
        "first_number": 0 if by_time else first,
        "last_number": _LAST_NUMBER if by_time else places[-1],
        "first_second": first if by_time else 0,
        "last_second": min(places[-1], _LAST_SECOND) if by_time else _LAST_SECOND,
    }
    rows = await read(api.warehouse, load_sql(__file__, "blocks"), params, Block)
    return {row.place: row for row in rows}
