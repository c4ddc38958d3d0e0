"""Which prices a feed was refused for asking too often, and when: a line without one then waits for it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

ANY_ASSET = "*"
"""Of a feed of everything that has never quoted anything: there is no telling what it would have."""

MAY_BE_REFUSED = frozenset({"no_price", "stale"})
"""Why a line has no value whose price may only be late."""


class Spell(NamedTuple):
    """From the refusal (inclusive) to the feed's next attempt (exclusive)."""

    since: datetime
    until: datetime


class Refusals:
    """By asset. What holds of ANY_ASSET holds of each of them."""

    __slots__ = ("_of",)

    def __init__(self, spells: Mapping[str, Iterable[Spell]] | None = None) -> None:
        self._of = {asset: _apart(of) for asset, of in (spells or {}).items()}

    def __bool__(self) -> bool:
        return any(self._of.values())

    def holds(self, asset: str, at: datetime) -> bool:
        """Whether a feed of it was refused, and had not tried again yet."""
        return _within(self._of.get(asset, ()), at) or _within(self._of.get(ANY_ASSET, ()), at)


def _apart(spells: Iterable[Spell]) -> Sequence[Spell]:
    """In order, and those of several feeds that overlap or touch made one."""
    merged: list[Spell] = []
    for since, until in sorted(spells):
        if merged and since <= merged[-1].until:
            merged[-1] = Spell(merged[-1].since, max(until, merged[-1].until))
        elif since < until:
            merged.append(Spell(since, until))
    return merged


def _within(spells: Sequence[Spell], at: datetime) -> bool:
    index = bisect_right(spells, at, key=lambda spell: spell.since)
    return index > 0 and at < spells[index - 1].until


NEVER_REFUSED = Refusals()

Waits = Mapping[str, int]
"""Lines without a value that a price of an asset would give them one, by `to_wait` of the reason and the asset."""


def to_wait(reason: str, asset: str) -> str:
    """`no_price eip155:1/slip44:60`: as stored points have it."""
    return f"{reason} {asset}"


def assets_waited_for(waits: Iterable[str]) -> set[str]:
    return {wait.partition(" ")[2] for wait in waits}


def told_apart(reasons: Mapping[str, int], waits: Waits, refusals: Refusals, at: datetime) -> dict[str, int]:
    """Lines by reason, of which those whose price is refused at the instant are `rate_limited`."""
    if not waits:
        return {reason: lines for reason, lines in reasons.items() if lines > 0}
    told = Counter(reasons)
    for wait, lines in waits.items():
        reason, _, asset = wait.partition(" ")
        if refusals.holds(asset, at):
            told[reason] -= lines
            told["rate_limited"] += lines
    return dict(+told)
