"""Checks that crossed their tolerance: told once each, whichever replica stored them.

A check is judged again when something of it comes late, and its row then replaces the one before. Was that outside and
this one is not, whoever was told so has to hear it: the row says which version said it, so telling may be repeated.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.events import CheckCrossed, ReturnCrossed
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import SourceCheckRow
from services.aggregator import sql
from services.aggregator.placing import to_lines


class _Crossing(Struct, frozen=True, array_like=True):
    """One row of sql/read_crossings.sql."""

    tenant: str
    source: str
    kind: Literal["reported_total", "other_source", "reported_return"]
    against: str
    platform: str
    at: str
    since: str | None
    version: str
    account: str
    verdict: Literal["within", "outside"]
    ours: Decimal
    theirs: Decimal
    tolerance: Decimal
    asset: str
    asset_difference: Decimal | None
    latest: bool
    took_back: str


class _Judged(Struct, frozen=True, array_like=True):
    """One row of sql/read_judged.sql."""

    tenant: str
    source: str
    kind: str
    against: str
    platform: str
    at: str
    verdict: str
    version: str
    outside_version: str

    @property
    def key(self) -> tuple[str, ...]:
        return self.tenant, self.source, self.kind, self.against, self.platform, self.at


_JUDGED = msgspec.json.Decoder(_Judged)
_CROSSINGS = msgspec.json.Decoder(_Crossing, strict=False)


async def read_crossings(warehouse: Warehouse, made: Sequence[SourceCheckRow]) -> list[CheckCrossed | ReturnCrossed]:
    """What to publish once these checks are stored. Repeating it gives the same events."""
    body = await warehouse.read_bytes(sql.load("read_crossings"), _named(made), format="JSONCompactEachRow")
    return [_to_event(one) for one in _CROSSINGS.decode_lines(body)]


async def with_outsides(warehouse: Warehouse, made: Sequence[SourceCheckRow]) -> list[SourceCheckRow]:
    """The checks as they are to be stored: each with the version that judged it outside before, if one did."""
    body = await warehouse.read_bytes(sql.load("read_judged"), _named(made), format="JSONCompactEachRow")
    judged = {one.key: one for one in _JUDGED.decode_lines(body)}
    return [_with_outside(one, judged.get(_key(one))) for one in made]


def _with_outside(row: SourceCheckRow, before: _Judged | None) -> SourceCheckRow:
    if before is None:
        return row
    is_another = before.verdict == "outside" and before.version != row.version
    return replace(row, outside_version=before.version if is_another else before.outside_version)


def _named(made: Sequence[SourceCheckRow]) -> dict[str, str]:
    return {"made": to_lines([_key(one) for one in made])}


def _key(one: SourceCheckRow) -> tuple[str, ...]:
    return one.tenant, one.source, one.kind, one.against, one.platform, one.at


def _to_event(one: _Crossing) -> CheckCrossed | ReturnCrossed:
    if one.kind == "reported_return":
        return _to_return(one)
    return CheckCrossed(
        id=_identity(one),
        tenant=one.tenant,
        check=one.kind,
        account=one.account,
        source=one.source,
        against=one.against,
        platform=one.platform,
        at=_parsed(one.at),
        verdict=one.verdict,
        ours=one.ours,
        theirs=one.theirs,
        tolerance=one.tolerance,
        asset=one.asset or None,
        asset_difference=one.asset_difference,
        latest=one.latest,
    )


def _to_return(one: _Crossing) -> ReturnCrossed:
    return ReturnCrossed(
        id=_identity(one),
        tenant=one.tenant,
        account=one.account,
        source=one.source,
        since=_parsed(one.since or one.at),
        at=_parsed(one.at),
        verdict=one.verdict,
        ours=one.ours,
        theirs=one.theirs,
        tolerance=one.tolerance,
        asset=one.asset or None,
        asset_difference=one.asset_difference,
        latest=one.latest,
    )


def _identity(one: _Crossing) -> str:
    of = (one.source, one.kind, one.against, one.platform, one.at, one.took_back or one.version, one.verdict)
    return hashlib.sha256("\n".join(of).encode()).hexdigest()[:32]


def _parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
