"""The `data` of the three statistics answers: two series and a breakdown, in the organisation's base currency."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

Interval = Literal["hour", "day"]


class StatsRange(Struct, frozen=True, kw_only=True, rename="camel"):
    """The range as DALP resolved it; timestamps as `2026-03-24T13:00:00.000Z`."""

    interval: Interval
    start: str = field(name="from")
    end: str = field(name="to")
    is_preset: bool


class Point(Struct, frozen=True, kw_only=True, rename="camel"):
    timestamp: str
    """The start of the bucket; the value is its latest."""
    total_value_in_base_currency: Decimal
    """A JSON number, rounded by DALP."""


class Series(Struct, frozen=True, kw_only=True, rename="camel"):
    range: StatsRange
    data: tuple[Point, ...]
    """Oldest first."""
    conversion_reliable: bool
    """False: a rate was missing and DALP used its fallback. Never convert again."""


class TypeShare(Struct, frozen=True, kw_only=True, rename="camel"):
    asset_type: str
    """An open set: a system type, or the slug of a template of the organisation's own."""
    total_value: str
    token_balances_count: int
    percentage: Decimal
    """0 to 100 of the total; 0 where the total is 0."""


class Breakdown(Struct, frozen=True, kw_only=True, rename="camel"):
    """Money is decimal text; the maps say what the list says, and the same by class."""

    total_value: str
    total_asset_types: int
    total_assets_held: int
    type_breakdown: tuple[TypeShare, ...]
    value_breakdown: dict[str, str]
    holdings_breakdown: dict[str, int]
    value_breakdown_by_class: dict[str, str]
    holdings_breakdown_by_class: dict[str, int]
    conversion_reliable: bool
