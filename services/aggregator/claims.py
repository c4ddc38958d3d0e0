"""Keeps what price sources say: each turn of it once.

A source says A of an instant, then B, then A again: three turns. What it says again unchanged begins none, and takes
no room. Decided by when each was fetched and not by when it comes, so any order makes the same of it. Stored first and
looked at afterwards, as all that two replicas may do at once: where B comes late, whoever is last finds that A was said
again after it.

What was taken back is a turn too, in which a source says nothing: what was fetched until then is left out from then on,
and what is said again after it begins another.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import (
    PriceRetellingRow,
    PriceRow,
    PriceWithdrawalRow,
    TellingRow,
    WithdrawnPriceRow,
    stored_time,
)
from holdfast.warehouse.writer import write
from services.aggregator import sql

_CHUNK = 500
_LEAST_RANK = 2**64 - 1
_MS = 1000
_ISO = {"date_time_output_format": "iso"}
Said = PriceRow | PriceWithdrawalRow


class Place(NamedTuple):
    """What a source makes one claim about at a time."""

    asset: str
    quote: str
    at: str
    source: str


class _Turn(NamedTuple):
    """In the order in which claims outdo each other: the greatest is current."""

    fetched_at: str
    event_id: str
    """Of what was taken back one that is behind all others."""
    price: Decimal | None
    """None: nothing, what was said before is taken back."""
    recorded_at: str


class _Stored(Struct, frozen=True, array_like=True):
    asset: str
    quote: str
    at: datetime
    source: str
    price: Decimal | None
    event_id: str
    fetched_at: datetime
    recorded_at: datetime


class _Overlooked(_Stored, frozen=True, array_like=True):
    price: Decimal
    job_id: str
    withdrawn_at: datetime | None


_STORED = msgspec.json.Decoder(_Stored)
_OVERLOOKED = msgspec.json.Decoder(_Overlooked)


async def store_prices(
    warehouse: Warehouse, prices: Sequence[PriceRow], withdrawals: Sequence[PriceWithdrawalRow] = ()
) -> None:
    """Repeating it changes nothing. Raises as `write` does."""
    await write(warehouse, withdrawals)
    for some in _chunks([*prices, *withdrawals]):
        said = [row for row in some if isinstance(row, PriceRow)]
        begun, retold = to_turns(await _read_turns(warehouse, some), said)
        await write(warehouse, begun)
        await write(warehouse, retold)
        await warehouse.command(sql.load("begin_turns"), _named(some))
        if await is_any_withdrawn(warehouse):
            while await _store_overlooked(warehouse, some):
                pass


async def is_any_withdrawn(warehouse: Warehouse) -> bool:
    """Asked after storing: who takes a price back later looks at what is stored by then. Raises WarehouseError."""
    return bool(await warehouse.value(sql.load("read_any_withdrawn")))


async def _store_overlooked(warehouse: Warehouse, places: Iterable[Said]) -> bool:
    """What has to be known of them only now; whether claims are among it, which may have been taken back since."""
    body = await warehouse.read_bytes(
        sql.load("read_overlooked"), _named(places), format="JSONCompactEachRow", settings=_ISO
    )
    found = _OVERLOOKED.decode_lines(body) if body else []
    begun = [_to_claim(one) for one in found if one.withdrawn_at is None]
    await write(warehouse, begun)
    await write(warehouse, [_to_withdrawn(one, one.withdrawn_at) for one in found if one.withdrawn_at is not None])
    return bool(begun)


def to_turns(
    stored: Iterable[tuple[Place, _Turn]], prices: Iterable[PriceRow]
) -> tuple[list[PriceRow], list[PriceRetellingRow]]:
    """Of some prices those that begin a turn, and of which turn the others are told again."""
    turns: dict[Place, list[_Turn]] = defaultdict(list)
    for place, turn in sorted(stored):
        turns[place].append(turn)
    begun, retold = [], []
    for row in sorted(prices, key=_turn_of):
        found, turn = turns[_place_of(row)], _turn_of(row)
        before = _told_again(found, turn)
        if before is None:
            insort(found, turn)
            begun.append(row)
        else:
            retold.append(_to_retelling(row, before))
    return begun, retold


def _told_again(turns: Sequence[_Turn], turn: _Turn) -> _Turn | None:
    """The turn that this only repeats. What was recorded before that turn is known for longer, and is one itself."""
    before = bisect_right(turns, turn[:3], key=lambda one: one[:3])
    last = turns[before - 1] if before else None
    if last is None or last.price != turn.price or turn.recorded_at < last.recorded_at:
        return None
    return None if last[:3] == turn[:3] else last


def _to_retelling(row: PriceRow, turn: _Turn) -> PriceRetellingRow:
    recorded_at = datetime.fromisoformat(row.recorded_at).replace(tzinfo=UTC)
    return PriceRetellingRow(
        asset=row.asset,
        quote=row.quote,
        at=row.at,
        source=row.source,
        price=row.price,
        fetched_at=turn.fetched_at,
        event_id=turn.event_id,
        told=TellingRow(
            fetched_at=row.fetched_at,
            event_id=row.event_id,
            rank=_LEAST_RANK - round(recorded_at.timestamp() * _MS),
            job_id=row.job_id,
        ),
    )


def _to_claim(one: _Overlooked) -> PriceRow:
    fetched_at = stored_time(one.fetched_at)
    return PriceRow(
        asset=one.asset,
        quote=one.quote,
        at=stored_time(one.at),
        source=one.source,
        price=one.price,
        event_id=one.event_id,
        fetched_at=fetched_at,
        recorded_at=stored_time(one.recorded_at),
        job_id=one.job_id,
        turn=fetched_at,
    )


def _to_withdrawn(one: _Overlooked, withdrawn_at: datetime) -> WithdrawnPriceRow:
    return WithdrawnPriceRow(
        asset=one.asset,
        quote=one.quote,
        at=stored_time(one.at),
        source=one.source,
        fetched_at=stored_time(one.fetched_at),
        recorded_at=stored_time(withdrawn_at),
    )


async def _read_turns(warehouse: Warehouse, places: Iterable[Said]) -> Iterator[tuple[Place, _Turn]]:
    statement, asked = sql.load("read_claims"), _named(places)
    body = await warehouse.read_bytes(statement, asked, format="JSONCompactEachRow", settings=_ISO)
    return (
        (
            Place(one.asset, one.quote, stored_time(one.at), one.source),
            _Turn(stored_time(one.fetched_at), one.event_id, one.price, stored_time(one.recorded_at)),
        )
        for one in _STORED.decode_lines(body)
    )


def _place_of(row: Said) -> Place:
    return Place(row.asset, row.quote, row.at, row.source)


def _turn_of(row: PriceRow) -> _Turn:
    return _Turn(row.fetched_at, row.event_id, row.price, row.recorded_at)


def _named(rows: Iterable[Said]) -> dict[str, list[str]]:
    """The places, as four columns."""
    places = sorted({_place_of(row) for row in rows})
    return {
        "assets": [place.asset for place in places],
        "quotes": [place.quote for place in places],
        "times": [place.at for place in places],
        "sources": [place.source for place in places],
    }


def _chunks(rows: Sequence[Said]) -> Iterator[Sequence[Said]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
