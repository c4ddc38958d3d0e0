"""Checks that crossed their tolerance: told once each, whichever replica stored them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from holdfast.events import CheckCrossed
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import SourceCheckRow
from services.aggregator import sql
from services.aggregator.placing import to_lines


class _Crossing(Struct, frozen=True, array_like=True):
    """One row of sql/read_crossings.sql."""

    tenant: str
    source: str
    kind: Literal["reported_total", "other_source"]
    against: str
    platform: str
    at: str
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


async def read_crossings(warehouse: Warehouse, made: Sequence[SourceCheckRow]) -> list[CheckCrossed]:
    """What to publish once these checks are stored. Repeating it gives the same events."""
    keys = [(one.tenant, one.source, one.kind, one.against, one.platform, one.at) for one in made]
    body = await warehouse.read_bytes(sql.load("read_crossings"), {"made": to_lines(keys)}, format="JSONCompactEachRow")
    return [_to_event(one) for one in _CROSSINGS.decode_lines(body)]


def _to_event(one: _Crossing) -> CheckCrossed:
    identity = (one.source, one.kind, one.against, one.platform, one.at, one.version, one.verdict)
    return CheckCrossed(
        id=hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32],
        tenant=one.tenant,
        check=one.kind,
        account=one.account,
        source=one.source,
        against=one.against,
        platform=one.platform,
        at=datetime.fromisoformat(one.at).replace(tzinfo=UTC),
        verdict=one.verdict,
        ours=one.ours,
        theirs=one.theirs,
        tolerance=one.tolerance,
        asset=one.asset or None,
        asset_difference=one.asset_difference,
        latest=one.latest,
    )
