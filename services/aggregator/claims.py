"""Keeps what price sources say: each turn of it once.

A source says A of an instant, then B, then A again: three turns. What it says again unchanged begins none, and takes
no room. Decided by when each was fetched and not by when it comes, so any order makes the same of it. Stored first and
looked at afterwards, as all that two replicas may do at once: where B comes late, whoever is last finds that A was said
again after it.
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
from holdfast.warehouse.rows import PriceRetellingRow, PriceRow, TellingRow, stored_time
from holdfast.warehouse.writer import write
from services.aggregator import sql

_CHUNK = 500
_LEAST_RANK = 2**64 - 1
_MS = 1000
_ISO = {"date_time_output_format": "iso"}


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
    price: Decimal
    recorded_at: str


class _Stored(Struct, frozen=True, array_like=True):
    asset: str
    quote: str
    at: datetime
    source: str
    price: Decimal
    event_id: str
    fetched_at: datetime
    recorded_at: datetime


_STORED = msgspec.json.Decoder(_Stored)


async def store_prices(warehouse: Warehouse, prices: Sequence[PriceRow]) -> None:
    """Repeating it changes nothing. Raises as `write` does."""
    for some in _chunks(prices):
        begun, retold = to_turns(await _read_turns(warehouse, some), some)
        await write(warehouse, begun)
        await write(warehouse, retold)
        await warehouse.command(sql.load("begin_turns"), _named(some))


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


async def _read_turns(warehouse: Warehouse, prices: Sequence[PriceRow]) -> Iterator[tuple[Place, _Turn]]:
    statement, asked = sql.load("read_claims"), _named(prices)
    body = await warehouse.read_bytes(statement, asked, format="JSONCompactEachRow", settings=_ISO)
    return (
        (
            Place(one.asset, one.quote, stored_time(one.at), one.source),
            _Turn(stored_time(one.fetched_at), one.event_id, one.price, stored_time(one.recorded_at)),
        )
        for one in _STORED.decode_lines(body)
    )


def _place_of(row: PriceRow) -> Place:
    return Place(row.asset, row.quote, row.at, row.source)


def _turn_of(row: PriceRow) -> _Turn:
    return _Turn(row.fetched_at, row.event_id, row.price, row.recorded_at)


def _named(prices: Iterable[PriceRow]) -> dict[str, list[str]]:
    """The places, as four columns."""
    places = sorted({_place_of(row) for row in prices})
    return {
        "assets": [place.asset for place in places],
        "quotes": [place.quote for place in places],
        "times": [place.at for place in places],
        "sources": [place.source for place in places],
    }


def _chunks(prices: Sequence[PriceRow]) -> Iterator[Sequence[PriceRow]]:
    return (prices[start : start + _CHUNK] for start in range(0, len(prices), _CHUNK))
