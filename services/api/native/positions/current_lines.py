"""The current lines of a portfolio, each with the verdict of the view latest_positions: whether it counts, and why not.

The lines are asked for by primary key, with nothing to plan beside that. The verdicts need only what is known here, and
which prices are refused at the moment; that is asked where a line waits for one.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from holdfast.domain.refusals import MAY_BE_REFUSED, Refusals
from holdfast.history.refusals import read_refusals
from services.api.native.positions.stated import StatedLine
from services.api.native.totals.current import CurrentSnapshot, excluded_now, read_current, receipts, sources_now
from services.api.queries import load_sql, read
from services.api.resources import Resources


class _CurrentLine(StatedLine, frozen=True, kw_only=True):
    """As it is stored, before the verdict."""

    counted: bool = True
    priced_by: str
    """The asset whose price values it; empty for a line that was stated with its value."""

    @property
    def waits(self) -> bool:
        return self.reason in MAY_BE_REFUSED and self.priced_by != ""


class _Judge(NamedTuple):
    receipts: Collection[tuple[str, str]]
    excluded: Collection[str]
    refusals: Refusals
    now: datetime

    def judged(self, line: _CurrentLine) -> StatedLine:
        asset = line.asset or ""
        if line.kind == "wallet" and (line.source, asset) in self.receipts:
            return replace(line, reason="receipt_token", counted=False)
        if asset in self.excluded:
            return replace(line, reason="excluded", counted=False)
        if line.waits and self.refusals.holds(line.priced_by, self.now):
            return replace(line, reason="rate_limited")
        return line


async def read_current_lines(
    api: Resources, tenant: str, portfolio: str, *, after: tuple[str, int], limit: int
) -> Sequence[StatedLine]:
    """The first lines behind a place in their order: by source, and as the source listed them."""
    now = api.clock.now()
    snapshots = await read_current(api, sources_now(api.registry, tenant, portfolio, now=now))
    wanted = _enough(snapshots, after=after, limit=limit)
    if not wanted:
        return []
    asked = {
        "snapshots": [snapshot.key for snapshot in wanted],
        "after_source": after[0],
        "after_line": after[1],
        "limit": limit,
    }
    lines = await read(api.warehouse, load_sql(__file__, "current_lines"), asked, _CurrentLine)
    awaited = {line.priced_by for line in lines if line.waits}
    judge = _Judge(
        receipts=frozenset(receipts(snapshots)),
        excluded=frozenset(excluded_now(api.registry, tenant, portfolio)),
        refusals=await read_refusals(api.warehouse, awaited, since=now, until=now),
        now=now,
    )
    return [judge.judged(line) for line in lines]


def _enough(snapshots: Sequence[CurrentSnapshot], *, after: tuple[str, int], limit: int) -> list[CurrentSnapshot]:
    """The first snapshots from `after` on that together hold `limit` lines."""
    wanted: list[CurrentSnapshot] = []
    lines = 0
    for snapshot in snapshots:
        if snapshot.source < after[0] or snapshot.lines == 0:
            continue
        if lines >= limit:
            break
        wanted.append(snapshot)
        lines += snapshot.lines - (after[1] + 1 if snapshot.source == after[0] else 0)
    return wanted
