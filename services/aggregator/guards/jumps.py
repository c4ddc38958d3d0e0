"""Totals that moved further between two points than they may unseen, and what moved them.

The stored points say that it moved; the lines that stand in both say which asset did it, and whose price it was.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from holdfast.domain.agreement import has_jumped, moved, moved_further
from holdfast.domain.exact import difference, ratio, total
from holdfast.domain.money import OutOfRangeError
from holdfast.events import PortfolioJumped
from holdfast.registry.records import Portfolio
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import JumpRow
from services.aggregator import sql
from services.aggregator.placing import to_lines
from services.aggregator.points import Point, Setting, read_settings

CHUNK = 50
"""Jumps explained in one go: bounds the lines read at once."""
Cause = Literal["price", "amount", "source_joined", "source_left", "valued", "unvalued", "excluded", "counted"]


class Allowed(NamedTuple):
    """How far a total may move unseen."""

    portfolios: Mapping[tuple[str, str], Portfolio]
    otherwise: Decimal
    """Of portfolios that say nothing of their own."""

    def of(self, tenant: str, portfolio: str) -> Decimal:
        """As a share of what it was; 0: however far."""
        found = self.portfolios.get((tenant, portfolio))
        return self.otherwise if found is None or found.jump_ratio is None else found.jump_ratio


class Step(Struct, frozen=True, array_like=True):
    """One row of sql/read_steps.sql: a point and the one before."""

    tenant: str
    portfolio: str
    bucket: str
    version: str
    net: Decimal
    bucket_before: str
    version_before: str
    net_before: Decimal
    latest: bool

    @property
    def owner(self) -> tuple[str, str]:
        return self.tenant, self.portfolio

    @property
    def ends(self) -> tuple[Point, Point]:
        """The point before, and this one."""
        return (
            Point(self.tenant, self.portfolio, self.bucket_before),
            Point(self.tenant, self.portfolio, self.bucket),
        )


class Held(Struct, frozen=True, array_like=True):
    """One row of sql/read_line_values.sql: an asset in one source."""

    point: int
    source: str
    asset: str
    net: Decimal
    amount: Decimal
    lines: int
    lines_priced: int
    price_source: str


class Picture(NamedTuple):
    """One point by asset, and the sources that it is made of."""

    held: Mapping[str, Sequence[Held]]
    sources: frozenset[str]

    def net(self, asset: str) -> Decimal:
        return total(one.net for one in self.held.get(asset, ()))

    def amount(self, asset: str) -> Decimal:
        return total(one.amount for one in self.held.get(asset, ()))

    def value(self, asset: str) -> Decimal | None:
        """None where it is not held, does not count or has no value."""
        return self.net(asset) if any(one.lines_priced for one in self.held.get(asset, ())) else None

    def price(self, asset: str) -> Decimal | None:
        """What one of it is worth; None where it has no value, there is none of it, or that is out of range."""
        value, amount = self.value(asset), self.amount(asset)
        try:
            return None if value is None or amount == 0 else ratio(value, amount)
        except OutOfRangeError:
            return None

    def price_source(self, asset: str) -> str:
        priced = [one for one in self.held.get(asset, ()) if one.lines_priced]
        return max(priced, key=lambda one: (abs(one.net), one.source)).price_source if priced else ""

    def lines(self, asset: str) -> int:
        return sum(one.lines for one in self.held.get(asset, ()))


_STEPS = msgspec.json.Decoder(Step, strict=False)
_HELD = msgspec.json.Decoder(Held)


async def find_jumps(
    warehouse: Warehouse, points: Collection[Point], allowed: Allowed
) -> tuple[list[JumpRow], list[PortfolioJumped]]:
    """What to store and then to publish of points just stored. Repeating it gives the same."""
    looked_at = sorted(point for point in points if allowed.of(*point.key))
    if not looked_at:
        return [], []
    body = await warehouse.read_bytes(
        sql.load("read_steps"), {"points": to_lines(looked_at)}, format="JSONCompactEachRow"
    )
    found = _STEPS.decode_lines(body)
    steps = [one for one in found if has_jumped(one.net_before, one.net, allowed=allowed.of(*one.owner))]
    rows: list[JumpRow] = []
    jumped: list[Step] = []
    for start in range(0, len(steps), CHUNK):
        some = steps[start : start + CHUNK]
        pictures = await _read_pictures(warehouse, {point for step in some for point in step.ends})
        for step in some:
            if pictures.keys() >= set(step.ends):  # a portfolio that was removed just now has none
                rows.append(_to_row(step, *(pictures[end] for end in step.ends), allowed=allowed.of(*step.owner)))
                jumped.append(step)
    return rows, [_to_event(row, step) for row, step in zip(rows, jumped, strict=True)]


async def _read_pictures(warehouse: Warehouse, points: Collection[Point]) -> Mapping[Point, Picture]:
    if not points:
        return {}
    settings = await read_settings(warehouse, sorted(points))
    asked = {
        "placed": to_lines([placed for one in settings for placed in one.placed]),
        "excluded": to_lines([(one.number, asset) for one in settings for asset in one.excluded]),
    }
    body = await warehouse.read_bytes(sql.load("read_line_values"), asked, format="JSONCompactEachRow")
    held: dict[int, dict[str, list[Held]]] = defaultdict(lambda: defaultdict(list))
    for one in _HELD.decode_lines(body):
        held[one.point][one.asset].append(one)
    return {one.point: Picture(held[one.number], _sources(one)) for one in settings}


def _sources(setting: Setting) -> frozenset[str]:
    return frozenset(one.source for one in setting.statements)


def _to_row(step: Step, before: Picture, now: Picture, *, allowed: Decimal) -> JumpRow:
    assets = sorted({*before.held, *now.held})
    asset = max(assets, key=lambda one: abs(difference(now.net(one), before.net(one))), default="")
    return JumpRow(
        tenant=step.tenant,
        portfolio=step.portfolio,
        bucket=step.bucket,
        version=step.version,
        bucket_before=step.bucket_before,
        version_before=step.version_before,
        net=step.net,
        net_before=step.net_before,
        ratio=moved(step.net_before, step.net),
        allowed=allowed,
        asset=asset,
        cause=to_cause(asset, before, now),
        asset_value=now.value(asset),
        asset_value_before=before.value(asset),
        price_source=now.price_source(asset),
        price_source_before=before.price_source(asset),
    )


def to_cause(asset: str, before: Picture, now: Picture) -> Cause:
    """What moved an asset most. Of price and amount, the one that moved further as a share."""
    theirs_before = {one.source for one in before.held.get(asset, ())}
    theirs_now = {one.source for one in now.held.get(asset, ())}
    if theirs_now - before.sources:
        return "source_joined"
    if theirs_before - now.sources:
        return "source_left"
    if not theirs_before or not theirs_now:
        return "amount"
    if before.amount(asset) == now.amount(asset):
        return _at_same_amount(asset, before, now)
    return "price" if _more_by_price(asset, before, now) else "amount"


def _more_by_price(asset: str, before: Picture, now: Picture) -> bool:
    was, is_now, amounts = before.price(asset), now.price(asset), (before.amount(asset), now.amount(asset))
    if was is None or is_now is None or 0 in amounts:
        return False
    return moved_further((was, is_now), amounts)


def _at_same_amount(asset: str, before: Picture, now: Picture) -> Cause:
    if before.lines(asset) and not now.lines(asset):
        return "excluded"
    if now.lines(asset) and not before.lines(asset):
        return "counted"
    if before.value(asset) is None:
        return "valued"
    return "unvalued" if now.value(asset) is None else "price"


def _to_event(row: JumpRow, step: Step) -> PortfolioJumped:
    identity = (row.tenant, row.portfolio, row.bucket, row.version, row.bucket_before, row.version_before)
    return PortfolioJumped(
        id=hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32],
        tenant=row.tenant,
        portfolio=row.portfolio,
        bucket=_parsed(row.bucket),
        since=_parsed(row.bucket_before),
        version=row.version,
        net=row.net,
        net_before=row.net_before,
        ratio=row.ratio,
        asset=row.asset or None,
        cause=row.cause,  # type: ignore[arg-type]
        asset_value=row.asset_value,
        asset_value_before=row.asset_value_before,
        price_source=row.price_source or None,
        price_source_before=row.price_source_before or None,
        latest=step.latest,
    )


def _parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
