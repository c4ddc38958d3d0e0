"""What differs between two states of knowledge about one instant, and which event made the difference. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from holdfast.domain.exact import ZERO, difference
from services.api.vocabulary import Money, Time

Cause = Literal["statement", "price", "membership", "coverage", "rules"]


class Line(Struct, frozen=True, kw_only=True):
    """A line as it was known, with the events that it rests on."""

    source: str
    account: str
    asset: str | None
    platform: str
    position: str
    kind: str
    side: str
    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    reason: str | None
    counted: bool
    excluded: bool
    """By the tenant's rules."""
    snapshot_id: str
    price_event_id: str | None
    price_recorded_at: Time | None

    @property
    def seen(self) -> tuple[object, ...]:
        """What anybody would notice."""
        return self.amount, self.price_usd, self.value_usd, self.reason, self.counted

    @property
    def worth(self) -> Decimal:
        """Its part in the total, debt below zero."""
        if self.value_usd is None or not self.counted:
            return ZERO
        value = Decimal(self.value_usd)
        return value if self.side != "debt" else value.copy_negate()  # a minus sign would round it to 28 digits


class Stated(Struct, frozen=True, kw_only=True):
    """A member's statement as it was known; nulls where it had stated nothing."""

    source: str
    snapshot_id: str | None
    recorded_at: Time | None
    job_id: str | None
    revision: int


class Event(Struct, frozen=True, kw_only=True):
    """What was recorded in between. `id` is None where something only ended, or no price serves before or after."""

    id: str | None
    recorded_at: datetime | None
    job_id: str | None = None


Place = tuple[str, str, str, str, str, str, int]
"""(source, asset, platform, position, kind, side, number): where a line stands, whatever else is known."""
_NONE = Event(id=None, recorded_at=None)
Claim = tuple[str, str]
"""(event id, asset) of a price; of a currency, which may stand behind any line, the asset is empty."""
_NOTHING: Mapping[Claim, Event] = MappingProxyType({})


class Known(Struct, frozen=True, kw_only=True):
    """One portfolio at one instant, as known at a time."""

    lines: Sequence[Line]
    """Of some of its sources."""
    statements: Mapping[str, Stated]
    """Of all."""
    rules: Event = _NONE
    """The set of rules that held."""
    withdrawn: Mapping[Claim, Event] = _NOTHING
    """What took prices back of late."""


class Difference(Struct, frozen=True, kw_only=True):
    place: Place
    line: Line
    """Whichever of the two there is: who and what it is about is the same in both."""
    before: Line | None
    after: Line | None
    cause: Cause
    event: Event

    @property
    def change(self) -> Decimal:
        """What it adds to the total."""
        return difference(self.after.worth if self.after else ZERO, self.before.worth if self.before else ZERO)


def differences(before: Known, after: Known) -> Iterator[Difference]:
    """In order of place. The changes of all sources add up to the difference of the totals."""
    earlier, later = _by_place(before.lines), _by_place(after.lines)
    for place in sorted(earlier.keys() | later.keys()):
        old, new = earlier.get(place), later.get(place)
        if old is None or new is None or old.seen != new.seen:
            line = later[place] if place in later else earlier[place]
            cause, event = _explained(line, (old, new), before, after)
            yield Difference(place=place, line=line, before=old, after=new, cause=cause, event=event)


def _explained(line: Line, change: tuple[Line | None, Line | None], before: Known, after: Known) -> tuple[Cause, Event]:
    old, new = change
    was, is_ = before.statements.get(line.source), after.statements.get(line.source)
    if was is None or is_ is None:
        revision = is_.revision if is_ else max((one.revision for one in after.statements.values()), default=None)
        return "membership", Event(id=None if revision is None else str(revision), recorded_at=None)
    if was.snapshot_id != is_.snapshot_id:
        return "statement", Event(id=is_.snapshot_id, recorded_at=is_.recorded_at, job_id=is_.job_id)
    if old and new and old.excluded != new.excluded:
        return "rules", after.rules
    if old and new and old.counted == new.counted:
        # The same line of the same statement: what it is worth, or why nothing, is up to prices.
        return "price", _repricing(old, new, after)
    return "coverage", _covering(line, before, after)


def _repricing(old: Line, new: Line, after: Known) -> Event:
    """That the old price was taken back explains the change, whatever serves now."""
    for asset in (old.asset or "", ""):
        if withdrawal := after.withdrawn.get((old.price_event_id or "", asset)):
            return withdrawal
    return Event(id=new.price_event_id, recorded_at=new.price_recorded_at)


def _covering(line: Line, before: Known, after: Known) -> Event:
    """The newest other statement that came in between: what a receipt stands for depends on the account's others."""
    came = [
        one
        for source, one in after.statements.items()
        if source != line.source and one.snapshot_id and one.snapshot_id != _snapshot(before, source)
    ]
    newest = max(came, key=lambda one: str(one.recorded_at), default=None)
    if newest is None:
        return _NONE
    return Event(id=newest.snapshot_id, recorded_at=newest.recorded_at, job_id=newest.job_id)


def _snapshot(known: Known, source: str) -> str | None:
    found = known.statements.get(source)
    return found.snapshot_id if found else None


def _by_place(lines: Iterable[Line]) -> dict[Place, Line]:
    """A statement may list the same thing twice: the second one is told by its number."""
    found: dict[Place, Line] = {}
    for line in lines:
        number = 0
        while (place := _place(line, number)) in found:
            number += 1
        found[place] = line
    return found


def _place(line: Line, number: int) -> Place:
    return line.source, line.asset or "", line.platform, line.position, line.kind, line.side, number
