"""What of the prices that fetches told differs from what stands, and what takes its place: pure.

A price is a fact of its own: what a source said of one instant. Of several fetches that told one the last counts, and
only that one can correct it or take it back. What it does not say any more stands as an earlier fetch of the run still
says it, and is withdrawn where none does.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.money import cut
from holdfast.domain.prices import Price
from holdfast.domain.time import to_ms
from holdfast.events import PricesObserved
from services.worker.reparsing.keeping import KeptFetch
from services.worker.reparsing.replaying import Replayed

REMEMBERED = 100_000
"""Instants that later fetches told again, and corrections of this run: more than that, and a second run is needed."""

PriceVerdict = Literal["same", "corrected", "new", "kept", "withdrawn"]


class PricePlace(NamedTuple):
    """What a source makes one claim about."""

    asset: str
    quote: str
    at: datetime
    source: str


class Standing(Struct, frozen=True, kw_only=True):
    """What a source is taken to have said, and which fetch told it last."""

    price: Decimal
    told_at: datetime
    job_id: str


class PriceChange(Struct, frozen=True, kw_only=True):
    """What became of one price."""

    place: PricePlace
    verdict: PriceVerdict
    before: Standing | None
    after: Decimal | None
    """None: nothing was stated."""
    fetch: KeptFetch
    """In whose name: the one that says it, or that does not say it any more."""


class _Word(NamedTuple):
    price: Decimal
    fetch: KeptFetch


class PriceJudge:
    """Of one run: fetches in their order, a few at a time."""

    def __init__(self) -> None:
        self._earlier: dict[PricePlace, _Word] = {}
        """What is said today of instants that a later fetch told last."""
        self._changed: dict[PricePlace, Standing | None] = {}
        """What this run has said; the warehouse may not have heard it yet."""

    def judge(self, replayed: Collection[Replayed], stored: Mapping[PricePlace, Standing]) -> list[PriceChange]:
        """Each price of these fetches once, by place. `stored`: what stands of all they say now, and told last."""
        standing = {place: self._changed.get(place, stored.get(place)) for place in {*stored, *places_of(replayed)}}
        found: dict[PricePlace, PriceChange] = {}
        for one in replayed:
            if one.is_read:
                for change in self._of_fetch(one, standing):
                    self._note(change, standing, found)
        self._forget()
        return [found[place] for place in sorted(found)]

    def _of_fetch(self, one: Replayed, standing: Mapping[PricePlace, Standing | None]) -> Iterator[PriceChange]:
        says = prices_of(one)
        for place, price in says.items():
            yield self._said(place, _Word(price, one.fetch), standing.get(place))
        for place, before in list(standing.items()):
            if before is not None and before.job_id == one.fetch.job.id and place not in says:
                yield self._no_longer_said(place, one.fetch, before)

    def _said(self, place: PricePlace, word: _Word, before: Standing | None) -> PriceChange:
        price, fetch = word
        verdict: PriceVerdict = "corrected"
        later = before is not None and before.job_id != fetch.job.id and before.told_at >= fetch.finished_at
        if later:
            self._earlier[place] = word
        if before is None:
            verdict = "new"
        elif before.price == price:
            verdict = "same"
        elif later:
            verdict = "kept"
        return PriceChange(place=place, verdict=verdict, before=before, after=price, fetch=fetch)

    def _no_longer_said(self, place: PricePlace, fetch: KeptFetch, before: Standing) -> PriceChange:
        word = self._earlier.pop(place, None)
        if word is None:
            return PriceChange(place=place, verdict="withdrawn", before=before, after=None, fetch=fetch)
        verdict: PriceVerdict = "same" if word.price == before.price else "corrected"
        return PriceChange(place=place, verdict=verdict, before=before, after=word.price, fetch=word.fetch)

    def _note(
        self,
        change: PriceChange,
        standing: dict[PricePlace, Standing | None],
        found: dict[PricePlace, PriceChange],
    ) -> None:
        """A later word of the same batch takes the place of an earlier one that was to change something."""
        place, first = change.place, found.get(change.place)
        if change.verdict in ("same", "kept"):
            found.setdefault(place, change)
            return
        if first is not None:
            change = replace(change, before=first.before, verdict=_verdict(first.before, change.after))
        now = None if change.after is None else _standing(change.after, change.fetch)
        found[place], standing[place] = change, now
        self._changed.pop(place, None)
        self._changed[place] = now

    def _forget(self) -> None:
        remembered: dict[PricePlace, Any]
        for remembered in (self._earlier, self._changed):
            while len(remembered) > REMEMBERED:
                remembered.pop(next(iter(remembered)))


def prices_of(one: Replayed) -> dict[PricePlace, Decimal]:
    """What a fetch says today, as it is stored."""
    said: dict[PricePlace, tuple[str, Decimal]] = {}
    for event in one.said:
        if isinstance(event, PricesObserved):
            for price in event.prices:
                place = PricePlace(price.asset, price.quote, to_ms(price.at), price.source or event.provider)
                claim = event.id, cut(price.price).value
                said[place] = max(said.get(place, claim), claim)
    return {place: price for place, (_, price) in said.items()}


def to_price(place: PricePlace, price: Decimal) -> Price:
    return Price(asset=place.asset, quote=place.quote, at=place.at, price=price, source=place.source)


def places_of(replayed: Collection[Replayed]) -> set[PricePlace]:
    return {place for one in replayed for place in prices_of(one)}


def _verdict(before: Standing | None, after: Decimal | None) -> PriceVerdict:
    if before is None:
        return "same" if after is None else "new"
    if after is None:
        return "withdrawn"
    return "same" if before.price == after else "corrected"


def _standing(price: Decimal, fetch: KeptFetch) -> Standing:
    return Standing(price=price, told_at=fetch.finished_at, job_id=fetch.job.id)
