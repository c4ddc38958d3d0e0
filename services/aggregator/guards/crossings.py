"""Checks that crossed their tolerance: told once each, whichever replica stored them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

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


_CROSSINGS = msgspec.json.Decoder(_Crossing, strict=False)


async def read_crossings(warehouse: Warehouse, made: Sequence[SourceCheckRow]) -> list[CheckCrossed | ReturnCrossed]:
    """What to publish once these checks are stored. Repeating it gives the same events."""
    keys = [(one.tenant, one.source, one.kind, one.against, one.platform, one.at) for one in made]
    body = await warehouse.read_bytes(sql.load("read_crossings"), {"made": to_lines(keys)}, format="JSONCompactEachRow")
    return [_to_event(one) for one in _CROSSINGS.decode_lines(body)]


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
    of = (one.source, one.kind, one.against, one.platform, one.at, one.version, one.verdict)
    return hashlib.sha256("\n".join(of).encode()).hexdigest()[:32]


def _parsed(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
