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
    params = {"chain": chain, "places": sorted(set(places)), "by_time": by_time}
    rows = await read(api.warehouse, load_sql(__file__, "blocks"), params, Block)
    return {row.place: row for row in rows}


async def read_newest(api: Resources, chain: str, now: datetime) -> Block | None:
    """None where nothing is stored of the chain."""
    second = int(now.timestamp())
    return (await read_blocks(api, chain, [second], by_time=True)).get(second)


async def read_first(api: Resources, chain: str) -> Block | None:
    rows = await read(api.warehouse, load_sql(__file__, "first_block"), {"chain": chain}, Block)
    return rows[0] if rows else None
