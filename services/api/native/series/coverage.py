"""From when on the history of sources is complete: the view history_coverage (docs/sql.md), for those of one portfolio.

The engine takes longer to plan the view's window functions than to read a portfolio's pieces, so their chain is
followed here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from services.api.queries import load_sql, read
from services.api.resources import Resources

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER_MS = 1 << 63
_MS = 1000


class Piece(NamedTuple):
    """A stretch of the past that was fetched whole; `every_s` is the step of its instants, 0 for the present.

    They are in the order of their ends.
    """

    end_ms: int
    start_ms: int
    every_s: int


class _Covered(Struct, frozen=True, kw_only=True):
    source: str
    pieces: list[Piece]


async def read_complete_from(api: Resources, tenant: str, sources: Sequence[str]) -> datetime | None:
    """The instant from which all of them are; None while one was never fetched, or there is none."""
    if not sources:
        return None
    params = {"tenant": tenant, "sources": list(sources)}
    covered = await read(api.warehouse, load_sql(__file__, "coverage"), params, _Covered)
    if len(covered) < len(sources):
        return None
    return _EPOCH + timedelta(milliseconds=max(complete_from_ms(one.pieces) for one in covered))


def complete_from_ms(pieces: Sequence[Piece]) -> int:
    """The start of the pieces that follow each other without a gap from the newest on. There is at least one.

    Two follow each other if no instant of the older one's grid lies between them; before the present, which began a
    moment after the newest piece was planned, one may.
    """
    fetched = present = _NEVER_MS
    for end_ms, start_ms, every_s in sorted(pieces, reverse=True):
        step_ms = every_s * _MS
        apart = end_ms + step_ms < fetched and end_ms + 2 * step_ms < present
        if apart and (fetched < _NEVER_MS or present < _NEVER_MS):
            break
        if every_s:
            fetched = min(fetched, start_ms)
        else:
            present = min(present, start_ms)
    return min(fetched, present)
