"""What of each flow crossed the border of what is measured, and what only moved from one of its lines to another.

Returns net what came and what went at one instant, asset by asset and unit by unit (`returns.movements`). This says
the same of each end:

    value = crossed + moved + requoted

A unit that moves leaves for what it is worth where it was, and arrives for as much: what moved adds up to 0. Being
quoted otherwise where it is now is no flow; it is a price effect there. Units that are left over crossed the border,
each end's at its own price, and are together what the netted movement of the returns is worth, to the last digit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from holdfast.domain.balances import Side
from holdfast.domain.exact import ZERO, exactly, share
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.money import OutOfRangeError


class Portion(NamedTuple):
    """Of one flow, in its currency; + is what came."""

    crossed: Decimal
    """From outside, or to it: what returns call a flow."""
    moved: Decimal
    """From another line, or to it, for what it was worth where it left."""
    requoted: Decimal
    """What it is worth more where it arrived."""


NO_FLOW = Portion(ZERO, ZERO, ZERO)


@exactly
def portions(flows: Sequence[Entry]) -> list[Portion | None]:
    """Of each flow, in the order given; None where its value is unknown, or its portions are 10^40 or more."""
    at_once: dict[tuple[datetime, str, Side], list[int]] = {}
    for place, flow in enumerate(flows):
        at_once.setdefault((flow.at, flow.asset, flow.side), []).append(place)
    found: list[Portion | None] = [None] * len(flows)
    for places in at_once.values():
        for place, portion in zip(places, _of_instant([flows[place] for place in places]), strict=True):
            found[place] = portion
    return found


def _of_instant(flows: Sequence[Entry]) -> Sequence[Portion | None]:
    """Of all flows of an asset at one instant."""
    if all(flow.delta >= ZERO for flow in flows) or all(flow.delta <= ZERO for flow in flows):
        return [None if flow.value is None else Portion(flow.value, ZERO, ZERO) for flow in flows]
    try:
        return _parted(flows)
    except OutOfRangeError:
        return [None] * len(flows)


def _parted(flows: Sequence[Entry]) -> list[Portion | None]:
    crossed = _crossed(flows)
    inside = [None if flow.value is None else flow.value - out for flow, out in zip(flows, crossed, strict=True)]
    return [
        None if value is None else Portion(out, moved, value - moved)
        for out, value, moved in zip(crossed, inside, _moved(flows, inside), strict=True)
    ]


def _crossed(flows: Sequence[Entry]) -> list[Decimal]:
    """Of what there was more of, came or went, the part that nothing on the other side answers to."""
    net = sum((flow.delta for flow in flows), ZERO)
    over = [flow if flow.delta and (flow.delta > ZERO) == (net > ZERO) else None for flow in flows]
    if not net:
        return [ZERO] * len(flows)
    values = ((flow and flow.value) or ZERO for flow in over)
    return _in_parts(values, net, sum((flow.delta for flow in over if flow), ZERO))


def _moved(flows: Sequence[Entry], inside: Sequence[Decimal | None]) -> list[Decimal]:
    """What leaves is worth what it is; what arrives has its units' share of that. Where that is unknown, each end is
    worth what it is: there is nothing to say otherwise."""
    arrives = [(flow.delta > ZERO) == (flow.side != "debt") for flow in flows]
    left = [value for value, here in zip(inside, arrives, strict=True) if not here]
    known = [value or ZERO for value in inside]
    if None in left:
        return known
    pool = -sum((value for value in left if value is not None), ZERO)
    units = [flow.delta if here else ZERO for flow, here in zip(flows, arrives, strict=True)]
    parts = _in_parts(units, pool, sum(units, ZERO))
    return [part if here else value for part, value, here in zip(parts, known, arrives, strict=True)]


def _in_parts(numbers: Iterable[Decimal], part: Decimal, whole: Decimal) -> list[Decimal]:
    """Each of the numbers times part / whole: what the running sum of that grows by, so that nothing is lost."""
    parts, running, told = [], ZERO, ZERO
    for number in numbers:
        running += number
        now = share(running, part, whole)
        parts.append(now - told)
        told = now
    return parts
