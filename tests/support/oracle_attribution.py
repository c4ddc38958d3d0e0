"""What a change of value must be owed to, line by line: quantities, prices and rates put into the definition.

    FX = Σ q · p · (r' − r)        price = Σ q · (p' − p) · r'        flows = Σ Δ · p' · r'

over the line's own flows, from the start to the end. Of units that one line loses and another gains at one instant
none is a flow: they are `moved` for what they were worth where they left, and the rest of their worth is a price effect
where they arrived. Nothing is cut, so the engine may differ by what its cuts leave.
"""

from fractions import Fraction
from typing import NamedTuple

from tests.support.oracle_ledger import Key, Row, World, holding, lines_of, rate

NOTHING = Fraction(0)
CUTS = Fraction(1, 10**24)
"""More than all cuts of a world leave: a unit of the 36th decimal for each flow, and for each unit that is held where a
price was divided out of a worth. Far less than any of its effects."""


class Split(NamedTuple):
    price: Fraction
    flows: Fraction
    moved: Fraction
    fx: Fraction


class Passed(NamedTuple):
    """Of one row: what came from outside, what from other lines, and what the latter is worth more here."""

    flows: Fraction
    moved: Fraction
    requoted: Fraction


def splits(world: World, seen: list[Row], start: int | None) -> dict[tuple[str, Key], Split | None]:
    """Of every line ever held; None where a worth at one of its flows, or at an end, is unknown."""
    return {line: _of_line(world, seen, line, start) for line in lines_of(seen)}


def _of_line(world: World, seen: list[Row], line: tuple[str, Key], start: int | None) -> Split | None:
    opening = holding(world, seen, *line, start) if start is not None else None
    own = [r for r in seen if (r.source, r.key) == line and r.delta and (start is None or r.at > start)]
    closing = holding(world, seen, *line, world.end)
    assert closing is not None
    steps = [*([opening] if opening else []), *own, closing]
    if any(None in (r.before, r.value, r.worth) for r in steps):
        return None
    price = flows = moved = fx = NOTHING
    was = opening
    for now in [*own, closing]:
        if was is not None and was.held:
            fx += was.held * _price(was) * (_rate(world, now) - _rate(world, was))
            price += was.held * (_price(now) - _price(was)) * _rate(world, now)
        if now.delta:
            own = passed(world, seen, now)
            flows, moved, price = flows + own.flows, moved + own.moved, price + own.requoted
        was = now
    return Split(price, flows, moved, fx)


def passed(world: World, seen: list[Row], row: Row) -> Passed:
    """Of a row that has a value."""
    at_once = [r for r in seen if r.at == row.at and r.key == row.key and r.delta]
    grow = [r for r in at_once if r.delta > 0]
    shrink = [r for r in at_once if r.delta < 0]
    units = [sum((abs(r.delta) for r in side), NOTHING) for side in (grow, shrink)]
    stayed = min(units) / units[0 if row.delta > 0 else 1]
    own = row.delta * _price(row) * _rate(world, row)
    here = own * stayed
    left = grow if row.key[1] == "debt" else shrink
    if row in left or not min(units) or any(r.price is None for r in left):
        return Passed(own - here, here, NOTHING)
    taken = sum((abs(r.delta) * _price(r) for r in left), NOTHING) / sum((abs(r.delta) for r in left), NOTHING)
    moved = row.delta * stayed * taken * _rate(world, row)
    return Passed(own - here, moved, here - moved)


def _price(of: Row) -> Fraction:
    assert of.price is not None
    return of.price


def _rate(world: World, of: Row) -> Fraction:
    found = rate(world, of.at)
    assert found is not None
    return found
