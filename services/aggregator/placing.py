"""Which statement of which source stands in a point: read as it is stored, decided here.

Each question to the engine is a small one with its keys written out: planning one statement with
nested questions costs it more than answering all of these. They are asked one after another, after
whatever was stored; each answer is at least as new as the one before. So a point that is computed
from them says what was stored when the first was asked, or more, and its version says how much.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from holdfast.warehouse.client import Warehouse
from services.aggregator import sql

HOUR = timedelta(hours=1)
EARLIEST = "1970-01-01 00:00:00.000"
FAR = "2200-01-01 00:00:00.000"
"""No instant that is stored is before the one, nor as late as the other."""

RowT = TypeVar("RowT")
PortfolioKey = tuple[str, str]
"""(tenant, portfolio)"""


class Member(Struct, frozen=True, array_like=True):
    """A source of a portfolio from `valid_from` (inclusive) to `valid_to` (exclusive)."""

    tenant: str
    portfolio: str
    source: str
    account: str
    provider: str
    valid_from: str
    valid_to: str


class Membership(Struct, frozen=True):
    """The sources of a portfolio at the newest revision there is."""

    revision: int
    members: list[Member]
    excluded: tuple[str, ...] = ()
    """Assets that count nowhere in it, by the tenant's rules."""

    def at(self, end: str) -> dict[str, Member]:
        """Those that count in the point that ends then, by source."""
        return {one.source: one for one in self.members if one.valid_from < end <= one.valid_to}


class Statement(Struct, frozen=True, array_like=True, order=True):
    """A whole snapshot, without its lines."""

    source: str
    observed_at: str
    fetched_at: str
    snapshot_id: str
    covers: tuple[str, ...]


class Placed(NamedTuple):
    """A statement in a point. As sql/sum_points.sql reads it, in this order."""

    point: int
    account: str
    provider: str
    source: str
    observed_at: str
    snapshot_id: str
    hidden: Sequence[str]
    """Assets that other sources of the account stand for: a wallet line of one would count twice."""


class _Revision(Struct, frozen=True, array_like=True):
    tenant: str
    portfolio: str
    revision: int


class _Newest(_Revision, frozen=True, array_like=True):
    excluded: tuple[str, ...]


_NEWEST = msgspec.json.Decoder(_Newest)
_MEMBERS = msgspec.json.Decoder(Member)
_STATEMENTS = msgspec.json.Decoder(Statement)
_ENCODER = msgspec.json.Encoder()


class Picture:
    """Memberships, and what their sources stated: the newest, and before that as far back as was asked for."""

    def __init__(self, memberships: Mapping[PortfolioKey, Membership], latest: Iterable[Statement]) -> None:
        self.memberships = memberships
        self.latest = {one.source: one for one in latest}
        self._history: dict[str, list[Statement]] = {}

    def later(self, instant: str) -> set[str]:
        """Sources that have stated something at or after an instant."""
        return {source for source, one in self.latest.items() if one.observed_at >= instant}

    def history(self, source: str) -> list[Statement]:
        """Oldest first; the newest alone if nothing else was asked for."""
        return self._history.get(source) or [self.latest[source]] if source in self.latest else []

    def before(self, source: str, end: str) -> Statement | None:
        """The newest statement before an instant."""
        newest = self.latest.get(source)
        if newest is None or newest.observed_at < end:
            return newest
        past = self._history.get(source, [])
        place = bisect_left(past, end, key=lambda one: one.observed_at)
        return past[place - 1] if place else None

    async def read_back(self, warehouse: Warehouse, sources: Collection[str], *, since: str, until: str = FAR) -> None:
        """Ask for what these sources stated from `since` to `until` (exclusive), and for the last before it."""
        if sources:
            asked = {"sources": to_json(sorted(sources)), "earliest": EARLIEST, "since": since, "until": until}
            found = defaultdict(list)
            for one in await _read(warehouse, "read_statements", asked, _STATEMENTS):
                found[one.source].append(one)
            self._history |= {source: sorted(some) for source, some in found.items()}


async def read_picture(
    warehouse: Warehouse, *, portfolios: Iterable[PortfolioKey] = (), sources: Iterable[str] = ()
) -> Picture:
    """Of these portfolios, and of all that any of these sources is in."""
    asked = {"portfolios": to_lines(sorted(set(portfolios))), "sources": to_json(sorted(set(sources)))}
    newest = await _read(warehouse, "read_memberships", asked, _NEWEST)
    memberships = {(one.tenant, one.portfolio): Membership(one.revision, [], one.excluded) for one in newest}
    if not memberships:
        return Picture({}, ())
    known = {"revisions": to_lines([_Revision(one.tenant, one.portfolio, one.revision) for one in newest])}
    for member in await _read(warehouse, "read_members", known, _MEMBERS):
        memberships[member.tenant, member.portfolio].members.append(member)
    return Picture(memberships, await _read(warehouse, "read_latest_statements", known, _STATEMENTS))


def place(picture: Picture, number: int, key: PortfolioKey, end: str) -> tuple[list[Placed], list[Statement], int]:
    """What stands in the point that ends then, the statements themselves, and how many members have none."""
    members = picture.memberships[key].at(end)
    current = {source: one for source in members if (one := picture.before(source, end)) is not None}
    covering: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for source, one in current.items():
        covering[members[source].account] += [(source, asset) for asset in one.covers]
    placed = [
        Placed(
            number,
            members[source].account,
            members[source].provider,
            source,
            one.observed_at,
            one.snapshot_id,
            sorted({asset for claimant, asset in covering.get(members[source].account, ()) if claimant != source}),
        )
        for source, one in current.items()
    ]
    return placed, list(current.values()), len(members) - len(current)


def hour_of(stored: str) -> str:
    """The start of its hour, as a bucket is stored."""
    return f"{stored[:13]}:00:00"


@lru_cache(4096)
def end_of(bucket: str) -> str:
    """The instant at which a bucket's hour ends."""
    return (datetime.fromisoformat(bucket) + HOUR).strftime("%Y-%m-%d %H:%M:%S.000")


def milliseconds(stored: str) -> int:
    at = datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000


def to_json(value: object) -> str:
    return _ENCODER.encode(value).decode()


def to_lines(rows: Sequence[object]) -> str:
    return _ENCODER.encode_lines(rows).decode()


async def _read(
    warehouse: Warehouse, question: str, asked: Mapping[str, object], decoder: "msgspec.json.Decoder[RowT]"
) -> list[RowT]:
    body = await warehouse.read_bytes(sql.load(question), asked, format="JSONCompactEachRow")
    return decoder.decode_lines(body)
