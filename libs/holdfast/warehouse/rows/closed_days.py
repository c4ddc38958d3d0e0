"""What is worked out once a day is over: returns, flows and attribution."""

from decimal import Decimal

from msgspec import Struct

from holdfast.warehouse.rows.row import Row


class MethodRow(Struct, frozen=True, kw_only=True):
    method: str
    reason: str = ""
    detail: str = ""
    missing: int = 0
    covered: Decimal | None = None
    gain: Decimal | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    invested: Decimal | None = None
    realised: Decimal | None = None
    unrealised: Decimal | None = None
    unrealised_opening: Decimal | None = None
    cost: Decimal | None = None
    rate: Decimal | None = None
    annual: bool | None = None


class FlowRow(Struct, frozen=True, kw_only=True):
    at: str
    source: str
    account: str
    asset: str
    side: str
    delta: Decimal
    held: Decimal
    price: Decimal | None
    value: Decimal | None
    reason: str
    transfer: str


class PortionRow(Struct, frozen=True, kw_only=True):
    """Of the value of a flow; nothing where it is unknown."""

    crossed: Decimal | None = None
    moved: Decimal | None = None
    requoted: Decimal | None = None


class EffectsRow(Struct, frozen=True, kw_only=True):
    """Nothing where it is unknown."""

    opening: Decimal | None = None
    closing: Decimal | None = None
    price: Decimal | None = None
    flows: Decimal | None = None
    moved: Decimal | None = None
    fx: Decimal | None = None
    rounding: Decimal | None = None


class AttributionRow(EffectsRow, frozen=True, kw_only=True):
    """Of the lines that have effects; `unknown` are the others, by why."""

    reason: str
    complete: bool
    lines: int
    unknown: dict[str, int]


class LineEffectsRow(EffectsRow, frozen=True, kw_only=True):
    source: str
    account: str
    asset: str
    side: str
    missing: int
    reason: str


class ClosedDayRow(Row, frozen=True, kw_only=True):
    tenant: str
    portfolio: str
    day: str
    span: str
    computed_at: str
    revision: int
    ranking: tuple[str, ...]
    assets: tuple[str, ...]
    awaits: tuple[str, ...]
    lines: int
    lines_unpriced: int
    lines_stale: int
    lines_excluded: int
    sources: int
    sources_missing: int
    oldest_input: str | None
    newest_input: str | None
    reasons: dict[str, int]
    returns: tuple[MethodRow, ...]
    flows: tuple[FlowRow, ...]
    portions: tuple[PortionRow, ...]
    attribution: AttributionRow
    effects: tuple[LineEffectsRow, ...]
