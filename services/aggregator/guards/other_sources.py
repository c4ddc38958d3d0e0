"""An account's compared sources against its counted one: two providers' word on the same wallet and scope."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from holdfast.domain.agreement import judge
from holdfast.domain.assets import USD
from holdfast.domain.exact import ZERO, difference
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import SourceCheckRow
from services.aggregator import sql
from services.aggregator.guards.statements import Statements, Worth, read_statements, read_worth, shifted, weight
from services.aggregator.placing import Statement, to_json

KIND = "other_source"
Instant = tuple[str, str]
"""(source, when), as stored."""
Pair = tuple[str, Statement, Statement | None]
"""The counted source, the other's statement, and the counted one's that it is held against."""


async def check_other_sources(
    warehouse: Warehouse, touched: Collection[Instant], *, tolerance: Decimal, reach: timedelta
) -> list[SourceCheckRow]:
    """`touched`: statements just stored. `reach`: how much older than the other's the counted statement may be."""
    asked = {"sources": to_json(sorted({source for source, _ in touched}))}
    compared = [(str(a), str(b)) for a, b in await warehouse.rows(sql.load("read_compared_sources"), asked)]
    if not compared:
        return []
    times = [at for _, at in touched]
    statements = await read_statements(
        warehouse,
        {source for pair in compared for source in pair},
        since=shifted(min(times), -reach),
        until=shifted(max(times), reach),
    )
    pairs = [
        (counted, one, statements.in_reach(counted, one.observed_at, reach))
        for counted, other in compared
        for one in _others(statements, counted, other, touched, reach)
    ]
    worth = await read_worth(warehouse, [one for _, *both in pairs for one in both if one is not None])
    return [_check(pair, worth, tolerance=tolerance) for pair in pairs]


def _others(
    statements: Statements, counted: str, other: str, touched: Collection[Instant], reach: timedelta
) -> Iterator[Statement]:
    """The other's statements that are to be judged: those touched, and those that a touched counted one reaches."""
    spans = [(at, shifted(at, reach)) for source, at in touched if source == counted]
    for one in statements.of(other):
        if (other, one.observed_at) in touched or any(start <= one.observed_at <= end for start, end in spans):
            yield one


def _check(pair: Pair, worth: Mapping[str, Worth], *, tolerance: Decimal) -> SourceCheckRow:
    counted, other, one = pair
    theirs = worth[other.snapshot_id]
    ours = worth[one.snapshot_id] if one is not None else None
    unpriced = theirs.lines_unpriced + (ours.lines_unpriced if ours else 0)
    doubt = "not_seen" if ours is None else "unpriced" if unpriced else ""
    judgement = judge(ours.net if ours else None, theirs.net, tolerance=tolerance, doubt=doubt)
    asset, apart = _widest(ours, theirs) if ours else ("", None)
    tenant, provider, account, scope = counted.split("/")
    seen = theirs.seen + (ours.seen if ours else 0)
    return SourceCheckRow(
        tenant=tenant,
        source=counted,
        kind=KIND,
        against=other.source,
        platform="",
        at=other.observed_at,
        version=str(((weight(one) + weight(other)) << 80) + seen),
        account=account,
        provider=provider,
        scope=scope,
        ours_at=one.observed_at if one else None,
        ours=ours.net if ours else None,
        theirs=theirs.net,
        currency=USD,
        stated=theirs.net,
        rate_at=None,
        difference=judgement.difference,
        ratio=judgement.ratio,
        tolerance=tolerance,
        verdict=judgement.verdict,
        reason=judgement.reason,
        lines_unpriced=unpriced,
        asset=asset,
        asset_difference=apart,
    )


def _widest(ours: Worth, theirs: Worth) -> tuple[str, Decimal | None]:
    """The asset that they differ most in, and by how much; none if they differ in none."""
    apart = {
        asset: difference(ours.by_asset.get(asset, ZERO), theirs.by_asset.get(asset, ZERO))
        for asset in sorted({*ours.by_asset, *theirs.by_asset})
    }
    widest = max(apart, key=lambda asset: abs(apart[asset]), default="")
    return (widest, apart[widest]) if apart.get(widest) else ("", None)
