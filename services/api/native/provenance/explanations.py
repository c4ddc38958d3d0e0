"""`/v1/portfolios/{id}/explanation`: what a total is made of, line by line, down to the bodies it was read from.

As the view portfolio_explained has it, for now or for any instant of the past. The answer says what the point is
stored as and what its lines sum up to, so that whoever asks can see that nothing is left unexplained.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time, parse_instant

At = Annotated[
    str | None,
    QueryParameter(
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone: the point of that hour, or the newest before it. Now if it is left out.",
    ),
]


class Sums(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In US dollars."""

    assets: Money
    debt: Money
    net: Money
    lines: int
    lines_unpriced: int
    lines_excluded: int


class PriceOrigin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who said what the line is worth. A provider that stated it with the line needs no event of its own."""

    source: str
    at: Time | None
    asset: str | None
    """Whose price in US dollars was used: the line's own asset, or the currency that its value is stated in."""
    price: Money | None
    event_id: str | None
    recorded_at: Time | None
    job_id: str | None
    """`/v1/fetches/{job_id}` tells of the fetch that brought it."""


class ExplainedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a snapshot. Unknown is null, never 0."""

    source: str
    line: int
    snapshot_id: str
    asset: str | None
    symbol: str
    kind: str
    side: str
    platform: str
    position: str
    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    reason: str | None
    counted: bool
    truncated: bool
    price: PriceOrigin | None


class EventOrigin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event_id: str
    """Also the message's `ce-id`; copies that were fetched at other times share it."""
    stream_seq: int
    """Its place in the stream EVENTS."""


class FetchOrigin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    job_id: str
    started_at: Time | None
    """Null while the record of the fetch is on its way, or kept no longer."""
    finished_at: Time | None
    requests: int | None


class ExplainedSnapshot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statement that a page's lines are of."""

    source: str
    account: str
    provider: str
    scope: str
    snapshot_id: str
    observed_at: Time
    fetched_at: Time
    """When an upstream said so last."""
    first_fetched_at: Time
    """When it said so first, which is in `events` and `fetch`."""
    recorded_at: Time
    events: list[EventOrigin]
    fetch: FetchOrigin
    raw: list[str]
    """SHA-256 of each body that it was read from, then and whenever it was said again: `/v1/raw-responses/{sha256}`."""


class Explanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    bucket: Time | None
    """The hour (its start) that is explained; null where nothing was observed yet."""
    valued_at: Time | None
    computed_at: Time | None
    """When the stored point was worked out."""
    stored: Sums | None
    explained: Sums | None
    """What all lines, not only this page's, sum up to."""
    adds_up: bool
    """Whether the two are the same to the last digit."""
    snapshots: list[ExplainedSnapshot]
    items: list[ExplainedLine]
    next_cursor: str | None


class _Point(Struct, frozen=True, kw_only=True):
    bucket: Time
    valued_at: Time
    computed_at: Time
    stored: Sums
    explained: Sums


class _Row(Struct, frozen=True, kw_only=True):
    source: str
    line: int
    snapshot_id: str
    asset: str | None
    symbol: str
    kind: str
    side: str
    platform: str
    position: str
    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    reason: str | None
    counted: bool
    truncated: bool
    account: str
    provider: str
    scope: str
    observed_at: Time
    fetched_at: Time
    first_fetched_at: Time
    recorded_at: Time
    job_id: str
    fetch_started_at: Time | None
    fetch_finished_at: Time | None
    fetch_requests: int | None
    raw: list[str]
    price_source: str | None
    price_at: Time | None
    priced_by: str | None
    feed_price: Money | None
    price_event_id: str | None
    price_recorded_at: Time | None
    price_job_id: str | None


class _Events(Struct, frozen=True, kw_only=True):
    source: str
    snapshot_id: str
    events: list[EventOrigin]


@get("/portfolios/{portfolio:str}/explanation", operation_id="explain_total", responses=refusals(404))
async def explain_total(
    api: Api, caller: Asker, *, portfolio: Name, at: At = None, limit: Limit = None, cursor: CursorText = None
) -> Explanation:
    """Every line of a total, with the snapshot, event, fetch, price and raw bodies it comes from."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, int]) or ("", -1)
    caller.find_portfolio(api.registry, portfolio)
    of = {"tenant": caller.tenant, "portfolio": portfolio, "at": parse_instant("at", at) or api.clock.now()}
    page = of | {"after_source": after[0], "after_line": after[1], "limit": size + 1}
    points, found = await asyncio.gather(
        read(api.warehouse, load_sql(__file__, "explained_sums"), of, _Point),
        read(api.warehouse, load_sql(__file__, "explanation"), page, _Row),
    )
    rows = found[:size]
    point = points[0] if points else None
    return Explanation(
        portfolio=portfolio,
        currency="iso4217:USD",
        bucket=point.bucket if point else None,
        valued_at=point.valued_at if point else None,
        computed_at=point.computed_at if point else None,
        stored=point.stored if point else None,
        explained=point.explained if point else None,
        adds_up=point is None or point.stored == point.explained,
        snapshots=await _read_snapshots(api, rows),
        items=[_to_line(row) for row in rows],
        next_cursor=to_cursor((rows[-1].source, rows[-1].line)) if len(found) > size else None,
    )


async def _read_snapshots(api: Resources, rows: Sequence[_Row]) -> list[ExplainedSnapshot]:
    """Those of the rows' lines, in their order."""
    first = {(row.source, row.snapshot_id): row for row in reversed(rows)}
    if not first:
        return []
    keys = [(row.source, row.observed_at, row.snapshot_id) for row in first.values()]
    found = await read(api.warehouse, load_sql(__file__, "explained_events"), {"snapshots": keys}, _Events)
    events = {(one.source, one.snapshot_id): one.events for one in found}
    return [_to_snapshot(row, events.get(key, [])) for key, row in sorted(first.items())]


def _to_snapshot(row: _Row, events: list[EventOrigin]) -> ExplainedSnapshot:
    return ExplainedSnapshot(
        source=row.source,
        account=row.account,
        provider=row.provider,
        scope=row.scope,
        snapshot_id=row.snapshot_id,
        observed_at=row.observed_at,
        fetched_at=row.fetched_at,
        first_fetched_at=row.first_fetched_at,
        recorded_at=row.recorded_at,
        events=events,
        fetch=FetchOrigin(
            job_id=row.job_id,
            started_at=row.fetch_started_at,
            finished_at=row.fetch_finished_at,
            requests=row.fetch_requests,
        ),
        raw=row.raw,
    )


def _to_line(row: _Row) -> ExplainedLine:
    own = {name: getattr(row, name) for name in ExplainedLine.__struct_fields__ if name != "price"}
    return ExplainedLine(**own, price=_to_price(row))


def _to_price(row: _Row) -> PriceOrigin | None:
    if row.price_source is None:
        return None
    return PriceOrigin(
        source=row.price_source,
        at=row.price_at,
        asset=row.priced_by,
        price=row.feed_price,
        event_id=row.price_event_id,
        recorded_at=row.price_recorded_at,
        job_id=row.price_job_id,
    )


ROUTES = [explain_total]
