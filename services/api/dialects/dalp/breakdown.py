"""What a portfolio is worth now, by type and by class of its assets; total and parts share inputs and rates."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from functools import reduce

from msgspec import Struct

from holdfast.domain.money import EXACT
from holdfast.providers.dalp.wire import Breakdown, TypeShare
from services.api.dialects.dalp.currency import Converter, read_converter, rounded, rounded_parts, to_text
from services.api.dialects.dalp.doubts import in_doubt_now
from services.api.dialects.dalp.participants import Participant
from services.api.native.totals.current import read_current
from services.api.native.totals.newest_point import read_newest_point
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money

UNCLASSIFIED = "unclassified"
"""The key of what has no class: DALP's keys are slugs, never empty."""


class _Row(Struct, frozen=True, kw_only=True):
    axis: str
    key: str
    net: Money
    lines: int
    lines_unpriced: int


class _Share(Struct, frozen=True, kw_only=True):
    key: str
    value: Decimal
    """Rounded."""
    holdings: int


async def read_breakdown(api: Resources, participant: Participant) -> Breakdown:
    params = {"tenant": participant.tenant, "portfolio": participant.portfolio}
    rows = await read(api.warehouse, load_sql(__file__, "breakdown"), params, _Row)
    converter = await read_converter(api, participant, [participant.now])
    by_type, by_class = (
        _shares([row for row in rows if row.axis == axis], converter, participant.now) for axis in ("type", "class")
    )
    reliable = converter.reliable and not any(row.lines_unpriced for row in rows)
    seen = await _is_seen(api, participant)
    return to_breakdown(by_type, by_class, reliable=reliable and seen and not await in_doubt_now(api, participant))


async def _is_seen(api: Resources, participant: Participant) -> bool:
    """Whether every source was, and is in the newest point: a portfolio may be newer than what its accounts said."""
    if not participant.sources:
        return True
    point = await read_newest_point(api, participant.tenant, participant.portfolio)
    snapshots = await read_current(api, participant.sources)
    return len(snapshots) == len(participant.sources) and point is not None and point.sources > 0


def to_breakdown(by_type: list[_Share], by_class: list[_Share], *, reliable: bool) -> Breakdown:
    total = reduce(EXACT.add, (share.value for share in by_type), Decimal(0))
    return Breakdown(
        total_value=to_text(total),
        total_asset_types=len(by_type),
        total_assets_held=sum(share.holdings for share in by_type),
        type_breakdown=tuple(
            TypeShare(
                asset_type=share.key,
                total_value=to_text(share.value),
                token_balances_count=share.holdings,
                percentage=_percentage(share.value, total),
            )
            for share in by_type
        ),
        value_breakdown={share.key: to_text(share.value) for share in by_type},
        holdings_breakdown={share.key: share.holdings for share in by_type},
        value_breakdown_by_class={share.key: to_text(share.value) for share in by_class},
        holdings_breakdown_by_class={share.key: share.holdings for share in by_class},
        conversion_reliable=reliable,
    )


def _shares(rows: list[_Row], converter: Converter, at: datetime) -> list[_Share]:
    """The greatest first. What has no key and what is stated under the word for that are one."""
    values: dict[str, Decimal] = {}
    holdings: Counter[str] = Counter()
    for row in rows:
        key = row.key or UNCLASSIFIED
        values[key] = EXACT.add(values.get(key, Decimal(0)), converter.exact(Decimal(row.net), at))
        holdings[key] += row.lines
    keys = sorted(values, key=lambda key: (values[key].copy_negate(), key))
    parts = rounded_parts([values[key] for key in keys], converter.unit)
    return [_Share(key=key, value=part, holdings=holdings[key]) for key, part in zip(keys, parts, strict=True)]


def _percentage(value: Decimal, total: Decimal) -> Decimal:
    """Of the total, 0 when that is 0."""
    if total == 0:
        return Decimal(0)
    return rounded(EXACT.divide(EXACT.multiply(value, Decimal(100)), total))
