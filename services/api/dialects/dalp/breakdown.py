"""What a portfolio is worth now, by type and by class of its assets; total and parts share inputs and rates."""

from decimal import Decimal
from functools import reduce

from msgspec import Struct

from holdfast.domain.money import EXACT
from holdfast.providers.dalp.wire import Breakdown, TypeShare
from services.api.dialects.dalp.currency import CENT, read_converter, rounded, rounded_parts
from services.api.dialects.dalp.doubts import in_doubt_now
from services.api.dialects.dalp.participants import Participant
from services.api.native.totals.current import read_current
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
    now = participant.now
    converter = await read_converter(api, participant, [now])
    by_type, by_class = (
        _shares([row for row in rows if row.axis == axis], [
            converter.exact(Decimal(row.net), now) for row in rows if row.axis == axis
        ]) for axis in ("type", "class")
    )  # fmt: skip
    reliable = converter.reliable and not any(row.lines_unpriced for row in rows)
    seen = len(await read_current(api, participant.sources)) == len(participant.sources)
    return to_breakdown(by_type, by_class, reliable=reliable and seen and not await in_doubt_now(api, participant))


def to_breakdown(by_type: list[_Share], by_class: list[_Share], *, reliable: bool) -> Breakdown:
    total = reduce(EXACT.add, (share.value for share in by_type), Decimal(0))
    return Breakdown(
        total_value=_text(total),
        total_asset_types=len(by_type),
        total_assets_held=sum(share.holdings for share in by_type),
        type_breakdown=tuple(
            TypeShare(
                asset_type=share.key,
                total_value=_text(share.value),
                token_balances_count=share.holdings,
                percentage=_percentage(share.value, total),
            )
            for share in by_type
        ),
        value_breakdown={share.key: _text(share.value) for share in by_type},
        holdings_breakdown={share.key: share.holdings for share in by_type},
        value_breakdown_by_class={share.key: _text(share.value) for share in by_class},
        holdings_breakdown_by_class={share.key: share.holdings for share in by_class},
        conversion_reliable=reliable,
    )


def _shares(rows: list[_Row], values: list[Decimal]) -> list[_Share]:
    return [
        _Share(key=row.key or UNCLASSIFIED, value=value, holdings=row.lines)
        for row, value in zip(rows, rounded_parts(values), strict=True)
    ]


def _percentage(value: Decimal, total: Decimal) -> Decimal:
    """Of the total, 0 when that is 0."""
    if total == 0:
        return Decimal(0)
    return rounded(EXACT.divide(EXACT.multiply(value, Decimal(100)), total))


def _text(value: Decimal) -> str:
    return format(value.quantize(CENT, context=EXACT), "f")
