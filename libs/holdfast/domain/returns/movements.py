"""What moved, asset by asset, over all sources: what each method needs before they differ. Runs under `@exactly`."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from holdfast.domain.exact import ZERO
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import CashFlow, Missing, Movement, Window

_AT = attrgetter("at")


class Movements(NamedTuple):
    """From the very beginning, each asset's in order of time; an asset that only was held has none."""

    of: dict[AssetSide, tuple[Movement, ...]]
    unvalued: frozenset[AssetSide]
    """Those of which a value may be unknown; of all others every one is known."""


def to_movements(entries: Iterable[Entry]) -> Movements:
    """Flows at one instant become one, so that a transfer between two of the sources leaves nothing."""
    moved: dict[AssetSide, list[Movement]] = {}
    netted, unvalued = set[AssetSide](), set[AssetSide]()
    for entry in entries:
        asset, side, delta, value = entry.asset, entry.side, entry.delta, entry.value
        of = moved.get((asset, side))
        if of is None:
            of = moved[asset, side] = []
        if delta or value:
            at = entry.at
            this = Movement(at, asset, side, delta, value, entry.reason)
            if of and of[-1].at == at:
                of[-1] = _netted(of[-1], this)
                netted.add((asset, side))
            else:
                of.append(this)
            if value is None:
                unvalued.add((asset, side))
    of_asset = {key: tuple(filter(_is_left, of) if key in netted else of) for key, of in moved.items()}
    return Movements(of_asset, frozenset(unvalued))


def _netted(a: Movement, b: Movement) -> Movement:
    delta = a.delta + b.delta
    if a.value is None or b.value is None:
        return replace(a, delta=delta, value=None if delta else ZERO, reason=a.reason or b.reason)
    return replace(a, delta=delta, value=a.value + b.value)


def _is_left(movement: Movement) -> bool:
    return bool(movement.delta or movement.value)


def missing_flows(movements: Movements, window: Window) -> tuple[Missing, ...]:
    """Those of the window without a value."""
    return tuple(
        Missing(movement.asset, movement.side, movement.at, movement.reason)
        for key, of in movements.of.items()
        if key in movements.unvalued
        for movement in _in_window(of, window)
        if movement.value is None
    )


def cash_flows(entries: Sequence[Entry], movements: Movements, window: Window) -> tuple[CashFlow, ...]:
    """Money that crossed the border of what is measured: a trade inside it at one price is none.

    The entries are in order of time already; but what is known of a transfer from one of them to another, of which
    the other end is not, only the movements tell.
    """
    moved: Sequence[Entry] | Sequence[Movement] = entries
    if movements.unvalued:
        moved = sorted(chain.from_iterable(movements.of.values()), key=_AT)
    return _summed(moved if window.start is None else moved[bisect_right(moved, window.start, key=_AT) :])


def _summed(moved: Iterable[Entry | Movement]) -> tuple[CashFlow, ...]:
    flows: list[CashFlow] = []
    now: datetime | None = None
    total = ZERO
    for one in moved:
        value = one.value
        if value:
            at = one.at
            if at == now:
                total += value
                continue
            if now and total:
                flows.append(CashFlow(now, total))
            now, total = at, value
    if now and total:
        flows.append(CashFlow(now, total))
    return tuple(flows)


class InWindow(NamedTuple):
    """What moved of one asset in the window."""

    flows: tuple[Movement, ...]
    invested: Decimal
    """Σ of their values, of which there is no use if one is unknown."""


def in_window(movements: Movements, window: Window) -> dict[AssetSide, InWindow]:
    """Asset by asset, in order; added up once for all methods."""
    found = {}
    for key in sorted(movements.of):
        flows = _in_window(movements.of[key], window)
        known = flows if key not in movements.unvalued else [flow for flow in flows if flow.value is not None]
        found[key] = InWindow(flows, sum(map(attrgetter("value"), known), ZERO))
    return found


def _in_window(movements: tuple[Movement, ...], window: Window) -> tuple[Movement, ...]:
    return movements if window.start is None else movements[bisect_right(movements, window.start, key=_AT) :]
