"""The value of a portfolio over time, bucket by bucket, oldest first.

Where hours are stored, the newest at or before a bucket's end is its value. Where none is, DALP would fall back to
later changes taken off the current total. Such a bucket is 0 here, and not relied on: before its first statement a
source is unknown. Only before anybody belonged to the portfolio is it nothing, as of a participant without a wallet.
Transfers are known of EVM wallets alone and only between two statements, and have no prices of their own: they say when
a holding changed, and not what all of it was worth.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.grids import Bucket
from holdfast.providers.dalp.wire import STEPS, Point, Series, to_timestamp
from holdfast.registry.state import counted_sources
from services.api.dialects.dalp.currency import Converter, read_converter, rounded
from services.api.dialects.dalp.doubts import in_doubt
from services.api.dialects.dalp.participants import Participant
from services.api.dialects.dalp.ranges import Range
from services.api.native.totals.current import had_joined
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time


class _Row(Struct, frozen=True, kw_only=True):
    bucket: Time
    net: Money | None
    seen: bool
    """Something is stored of then, or of before."""
    partial: bool
    """Some line had no value, or some source had not been seen."""


async def read_series(api: Resources, participant: Participant, asked: Range) -> Series:
    step_s = int(STEPS[asked.interval].total_seconds())
    params = {
        "tenant": participant.tenant,
        "portfolio": participant.portfolio,
        "start_s": int(asked.first.timestamp()),
        "length_s": asked.points * step_s,
        "step_s": step_s,
    }
    rows = await read(api.warehouse, load_sql(__file__, "series"), params, _Row)
    instants = [_valued_at(row, asked, now=participant.now) for row in rows]
    converter = await read_converter(api, participant, instants)
    doubt = await in_doubt(api, participant, asked.first, asked.end)
    points = tuple(_to_point(row, at, converter) for row, at in zip(rows, instants, strict=True))
    return Series(
        range=asked.to_wire(),
        data=points,
        conversion_reliable=converter.reliable and not doubt and not _is_unknown(api, participant, asked, rows),
    )


def _is_unknown(api: Resources, participant: Participant, asked: Range, rows: Sequence[_Row]) -> bool:
    """Whether a value is of a part alone, or the zero of a time when nobody who belonged to it had been seen."""
    unseen = [row.bucket for row in rows if not row.seen]
    members = counted_sources(api.registry, participant.tenant, participant.portfolio) if unseen else []
    silent = bool(unseen) and had_joined(members, end=min(max(unseen) + STEPS[asked.interval], participant.now))
    return silent or any(row.partial for row in rows)


def _to_point(row: _Row, valued_at: datetime, converter: Converter) -> Point:
    value = Decimal(0) if row.net is None else converter.exact(Decimal(row.net), valued_at)
    return Point(timestamp=to_timestamp(row.bucket), total_value_in_base_currency=rounded(value, converter.unit))


def _valued_at(row: _Row, asked: Range, *, now: datetime) -> datetime:
    """The last instant of the bucket, whole as its value is wherever the range ends; now while it is not over."""
    return min(Bucket(row.bucket, row.bucket + STEPS[asked.interval]).valued_at, now)
