"""The lines that stand in a portfolio, by asset, so that they can be summed up under any rule set.

Valued as every total values them: each line as it is stored, or worked out anew from what was known at a time.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from services.api.native.moments import Moment
from services.api.native.totals.as_known import had_members, read_stated, to_params
from services.api.native.totals.current import CurrentSnapshot, read_current, receipts, sources_now
from services.api.native.totals.summed import Standing, Sum, to_valued
from services.api.native.totals.valued import Valued, stale_sources, unavailable
from services.api.queries import load_sql, read
from services.api.resources import Resources


class AssetSum(Sum, frozen=True, kw_only=True):
    """Over the lines of one asset in one source, as if no rule left it out."""

    of_asset: str
    """Empty for lines that name none."""

    def under(self, excluded: Collection[str]) -> Sum:
        """With its lines left out, if the asset is among `excluded`."""
        if self.of_asset not in excluded:
            return self
        reasons = {"excluded": self.lines, "receipt_token": self.lines_excluded}
        return replace(
            self,
            assets="0",
            debt="0",
            lines=0,
            lines_unpriced=0,
            lines_stale=0,
            lines_excluded=self.lines + self.lines_excluded,
            lines_truncated=0,
            reasons={why: lines for why, lines in reasons.items() if lines},
            unrated=[],
        )


class Unruled(Struct, frozen=True, kw_only=True):
    """A portfolio at an instant, before any rules."""

    moment: Moment
    standing: Standing
    known: bool
    """Whether anything had been observed."""
    sums: Sequence[AssetSum]

    def under(self, excluded: Collection[str]) -> Valued:
        if not self.known:
            return unavailable(self.moment.at, sources_missing=self.standing.missing)
        return to_valued(self.moment.at, self.standing, [one.under(excluded) for one in self.sums])


async def read_unruled(api: Resources, tenant: str, portfolio: str, at: Moment | None) -> Unruled:
    """At an instant, as known at a time or with all that is known now. None: what is current."""
    moment = at or Moment(at=api.clock.now(), known_at=None)
    if moment.known_at is not None:
        stated, missing, sums = await _read_as_known(api, tenant, portfolio, moment)
    else:
        stated, missing, sums = await _read_as_stored(api, tenant, portfolio, moment, current=at is None)
    return Unruled(
        moment=moment,
        standing=Standing(
            stated=stated, stale=stale_sources(api.registry, tenant, stated, at=moment.at), missing=missing
        ),
        known=bool(stated) or (not missing and await had_members(api, tenant, portfolio, moment)),
        sums=sums,
    )


_Read = tuple[Mapping[str, datetime], int, Sequence[AssetSum]]
"""When each member stated what stands, how many had stated nothing, and the sums."""


async def _read_as_known(api: Resources, tenant: str, portfolio: str, moment: Moment) -> _Read:
    params = to_params(api, tenant, portfolio, moment)
    (stated, missing), sums = await asyncio.gather(
        read_stated(api, params), read(api.warehouse, load_sql(__file__, "what_if_as_known"), params, AssetSum)
    )
    return stated, missing, sums


async def _read_as_stored(api: Resources, tenant: str, portfolio: str, moment: Moment, *, current: bool) -> _Read:
    if current:
        sources = sources_now(api.registry, tenant, portfolio, now=moment.at)
        snapshots, members = await read_current(api, sources), len(sources)
    else:
        snapshots, members = await _read_standing(api, tenant, portfolio, moment)
    stated = {one.source: one.at for one in snapshots}
    return stated, members - len(stated), await _read_sums(api, snapshots, moment)


async def _read_standing(
    api: Resources, tenant: str, portfolio: str, moment: Moment
) -> tuple[list[CurrentSnapshot], int]:
    """Of the members that had stated something; and how many members there were."""
    asked = {"tenant": tenant, "portfolio": portfolio, "at": moment.at, "known_at": moment.recorded_by}
    found = await read(api.warehouse, load_sql(__file__, "standing_snapshots"), asked, CurrentSnapshot)
    return [one for one in found if one.snapshot_id], len(found)


async def _read_sums(api: Resources, snapshots: Sequence[CurrentSnapshot], moment: Moment) -> list[AssetSum]:
    if not snapshots:
        return []
    named = {"snapshots": [one.key for one in snapshots], "receipts": receipts(snapshots), "at": moment.at}
    return await read(api.warehouse, load_sql(__file__, "what_if"), named, AssetSum)
