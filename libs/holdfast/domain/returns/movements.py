"""What moved, asset by asset, over all sources: what each method needs before they differ. Runs under `@exactly`."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from holdfast.domain.exact import ZERO, share
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import CashFlow, Missing, Movement, Netted, Window

_AT = attrgetter("at")


class Depletion(NamedTuple):
    """When nothing was left of an asset, told by how many of its movements had been by then."""

    nothing_after: Sequence[int]
    """Nothing was held after so many of them; rising."""
    oversold: datetime | None
    """When more had left than there was, for the first time."""

    def lots_since(self, moved: int) -> int:
        """The first movement, of so many, that something can be left of: each lot that was opened before one after
        which nothing was held has gone, in whatever order they leave."""
        times = bisect_right(self.nothing_after, moved)
        return self.nothing_after[times - 1] if times else 0


class Movements(NamedTuple):
    """From the very beginning, each asset's in order of time; an asset that only was held has none."""

    of: dict[AssetSide, Sequence[Movement]]
    paid: dict[AssetSide, Decimal]
    """Σ of their values, as far as they are known."""
    depleted: dict[AssetSide, Depletion]
    unvalued: frozenset[AssetSide]
    """Those of which a value may be unknown; of all others every one is known."""
    knows_worths: bool
    """Whether no entry is of an unknown worth, before or after it; also of those that moved nothing."""
    repriced: dict[datetime, Decimal]
    """What units gained (+) or lost (−) by moving from one of the sources to another that has another price."""


@dataclass(slots=True)
class _Moved:
    """Of one asset so far. Added up on the way, in order of time, while the numbers are at hand: asset by asset each
    of a million would be waited for once more."""

    is_debt: bool
    movements: list[Movement] = field(default_factory=list)
    paid: Decimal = ZERO
    held: Decimal = ZERO
    nothing_after: list[int] = field(default_factory=list)
    oversold: datetime | None = None
    is_netted: bool = False
    """To be: several moved at one instant."""

    def add(self, one: Movement) -> None:
        self.movements.append(one)
        if one.value is not None:
            self.paid += one.value
        held = self.held = self.held + one.delta
        if not held:
            self.nothing_after.append(len(self.movements))
        elif (held > ZERO) is self.is_debt and self.oversold is None:
            self.oversold = one.at


def to_movements(entries: Iterable[Entry]) -> Movements:
    """Flows at one instant become one, so that a transfer between two of the sources leaves nothing."""
    moved: dict[AssetSide, _Moved] = {}
    unvalued, knows_worths = set[AssetSide](), True
    now: datetime | None = None
    for entry in entries:
        key = entry.asset, entry.side
        of = moved.get(key)
        if of is None:
            of = moved[key] = _Moved(entry.side == "debt")
        if entry.before is None or entry.worth is None:
            knows_worths = False
        if entry.delta or entry.value:
            # Most are alone at their instant: of these the last one of the asset need not be looked at.
            if entry.at != now:
                now = entry.at
            elif of.movements and of.movements[-1].at == now:
                of.is_netted = True
            if entry.value is None:
                unvalued.add(key)
            of.add(entry)
    repriced: dict[datetime, Decimal] = {}
    netted = {key: _net_of(of, repriced) if of.is_netted else of for key, of in moved.items()}
    return Movements(
        {key: of.movements for key, of in netted.items()},
        {key: of.paid for key, of in netted.items()},
        {key: Depletion(of.nothing_after, of.oversold) for key, of in netted.items()},
        frozenset(unvalued),
        knows_worths,
        repriced,
    )


def _net_of(moved: _Moved, repriced: dict[datetime, Decimal]) -> _Moved:
    net = _Moved(moved.is_debt)
    for one in _netted(moved.movements, repriced):
        net.add(one)
    return net


def _netted(moved: Iterable[Movement], repriced: dict[datetime, Decimal]) -> Iterator[Movement]:
    """One movement an instant; what it is worth less than they are together goes to `repriced`."""
    for at, at_once in groupby(moved, _AT):
        of = tuple(at_once)
        net = of[0] if len(of) == 1 else _net(of)
        if net.value is not None and all(one.value is not None for one in of):
            gained = sum((one.value or ZERO for one in of), ZERO) - net.value
            if gained:
                repriced[at] = repriced.get(at, ZERO) + gained
        if net.delta or net.value:
            yield net


def _net(of: Sequence[Movement]) -> Movement:
    """What came and what left cancel out, unit by unit; of what is left over, each is worth what those on its side are
    on average. So a transfer has no value, whatever the two ends are quoted at, nor has one that a fee was taken of."""
    delta = sum((one.delta for one in of), ZERO)
    over = [one for one in of if (one.delta > ZERO) == (delta > ZERO)] if delta else []
    if any(one.value is None for one in over):
        value = None
    else:
        value = sum((one.value or ZERO for one in over), ZERO)
        if len(over) < len(of) and delta:
            value = share(value, delta, sum((one.delta for one in over), ZERO))
    reason = next((one.reason for one in over if one.reason), "")
    return Netted(of[0].at, of[0].asset, of[0].side, delta, value, reason)


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
    the other end is not known or has another price, only the movements tell.
    """
    moved: Sequence[Movement] = entries
    if movements.unvalued or movements.repriced:
        moved = sorted(chain.from_iterable(movements.of.values()), key=_AT)
    return _summed(moved if window.start is None else moved[bisect_right(moved, window.start, key=_AT) :])


def _summed(moved: Iterable[Movement]) -> tuple[CashFlow, ...]:
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

    flows: Sequence[Movement]
    invested: Decimal
    """Σ of their values, of which there is no use if one is unknown."""


def _paid(movements: Iterable[Movement]) -> Decimal:
    return sum((movement.value for movement in movements if movement.value is not None), ZERO)


def in_window(movements: Movements, window: Window) -> dict[AssetSide, InWindow]:
    """Asset by asset, in order; added up once for all methods."""
    found = {}
    for key in sorted(movements.of):
        flows = _in_window(movements.of[key], window)
        found[key] = InWindow(flows, movements.paid[key] if window.start is None else _paid(flows))
    return found


def _in_window(movements: Sequence[Movement], window: Window) -> Sequence[Movement]:
    return movements if window.start is None else movements[bisect_right(movements, window.start, key=_AT) :]
