"""The three statistics: a series over a range or a preset, and the breakdown of now."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import get_args

from holdfast.providers.dalp.wire import (
    PRESETS,
    STEPS,
    Breakdown,
    Interval,
    Point,
    Series,
    StatsRange,
    TimestampError,
    TypeShare,
    parse_timestamp,
)
from services.simulator.upstreams.dalp.failures import NOT_FOUND, DalpError, invalid
from services.simulator.world.instants import GENESIS, iso
from services.simulator.world.numbers import EXACT, cut, total
from services.simulator.world.tokenised import Holdings, Participant, holdings_at, worth_at
from services.simulator.world.world import World

_MOMENT = timedelta(milliseconds=1)
_ZERO = Decimal("0.00")


def render_range(world: World, participant: Participant, query: Mapping[str, str], now: datetime) -> Series:
    """Raises DalpError: an unknown interval, a bad timestamp, or a range that ends before it begins."""
    interval = query.get("interval", "")
    if interval not in get_args(Interval):
        raise invalid("interval", "expected hour or day")
    start, end = (_instant(name, query) for name in ("from", "to"))
    if start > end:
        raise invalid("from", "`from` must be before or equal to `to`")
    end = min(end, now)
    return _series(world, participant, interval, (min(start, end), end), is_preset=False)  # type: ignore[arg-type]


def render_preset(world: World, participant: Participant, preset: str, now: datetime) -> Series:
    """Raises DalpError for one that there is not."""
    if preset not in PRESETS:
        raise DalpError(NOT_FOUND)
    interval, length = PRESETS[preset]
    return _series(world, participant, interval, (now - length, now), is_preset=True)


def _instant(name: str, query: Mapping[str, str]) -> datetime:
    try:
        return parse_timestamp(query.get(name, ""))
    except TimestampError as error:
        raise invalid(name, str(error)) from None


def _series(
    world: World, participant: Participant, interval: Interval, span: tuple[datetime, datetime], *, is_preset: bool
) -> Series:
    start, end = span
    return Series(
        range=StatsRange(interval=interval, start=iso(start), end=iso(end), is_preset=is_preset),
        data=tuple(_points(world, participant, interval, span)),
        conversion_reliable=True,
    )


def _points(
    world: World, participant: Participant, interval: Interval, span: tuple[datetime, datetime]
) -> Iterable[Point]:
    """The latest of each bucket, that of the last as of the end of the range."""
    step = STEPS[interval]
    bucket = _floor(span[0], interval)
    while bucket <= span[1]:
        latest = min(bucket + step - _MOMENT, span[1])
        worth = worth_at(world.seed, participant, latest) if latest >= GENESIS else _ZERO
        yield Point(timestamp=iso(bucket), total_value_in_base_currency=worth)
        bucket += step


def _floor(at: datetime, interval: Interval) -> datetime:
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if interval == "hour" else hour.replace(hour=0)


def render_breakdown(world: World, participant: Participant, now: datetime) -> Breakdown:
    held = holdings_at(world.seed, participant, now)
    worth = total([one.value for one in held])
    by_type, by_class = _grouped(held, "type"), _grouped(held, "asset_class")
    return Breakdown(
        total_value=_money(worth),
        total_asset_types=len(by_type),
        total_assets_held=len(held),
        type_breakdown=tuple(
            TypeShare(
                asset_type=key,
                total_value=_money(value),
                token_balances_count=count,
                percentage=cut(EXACT.divide(value * 100, worth), 2) if worth else Decimal(0),
            )
            for key, (value, count) in by_type.items()
        ),
        value_breakdown={key: _money(value) for key, (value, _) in by_type.items()},
        holdings_breakdown={key: count for key, (_, count) in by_type.items()},
        value_breakdown_by_class={key: _money(value) for key, (value, _) in by_class.items()},
        holdings_breakdown_by_class={key: count for key, (_, count) in by_class.items()},
        conversion_reliable=True,
    )


def _grouped(held: Iterable[Holdings], label: str) -> dict[str, tuple[Decimal, int]]:
    groups: dict[str, tuple[Decimal, int]] = {}
    for one in held:
        key = getattr(one.security, label)
        value, count = groups.get(key, (_ZERO, 0))
        groups[key] = (EXACT.add(value, one.value), count + 1)
    return groups


def _money(value: Decimal) -> str:
    return f"{value:.2f}"
