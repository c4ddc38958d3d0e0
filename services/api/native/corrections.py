"""`/v1/portfolios/{id}/corrections`: how the value at an instant changed in hindsight, and by which event."""

import asyncio
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.exact import difference
from holdfast.domain.time import to_ms
from holdfast.registry.rules import newest_rules
from services.api.callers import Asker
from services.api.currencies import to_text
from services.api.native.as_known import to_params
from services.api.native.differing import Cause, Difference, Event, Known, Line, Stated, differences
from services.api.native.moments import Moment
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api, Resources
from services.api.vocabulary import Money, Name, Time, parse_instant

Of = Annotated[
    str,
    QueryParameter(name="at", schema_extra={"format": "date-time"}, description="The instant that the value is of."),
]
KnownFrom = Annotated[
    str,
    QueryParameter(
        name="known_from", schema_extra={"format": "date-time"}, description="The earlier state of knowledge."
    ),
]
KnownTo = Annotated[
    str | None,
    QueryParameter(
        name="known_to", schema_extra={"format": "date-time"}, description="The later one; else all that is known now."
    ),
]


class KnownLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line as it was known."""

    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    reason: str | None
    counted: bool


class CorrectingEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str | None
    """The id of a `BalancesObserved` or `PricesObserved` event, the registry's revision, or the number of a set
    of rules; null where something only ended."""
    recorded_at: Time | None
    job_id: str | None


class Correction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    account: str
    asset: str | None
    platform: str
    position: str
    kind: str
    side: str
    before: KnownLine | None
    """Null for a line that was not known then."""
    after: KnownLine | None
    """Null for one that is known to have been wrong."""
    change_usd: Money
    """What it adds to the net value."""
    cause: Cause
    """Another statement of its source, another price, a change of membership or of the tenant's rules, or another
    source's coverage of it."""
    event: CorrectingEvent


class Corrections(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    at: Time
    known_from: Time
    known_to: Time | None
    net_before_usd: Money | None
    """Null where nothing was known."""
    net_after_usd: Money | None
    change_usd: Money | None
    """The sum of all corrections', to the last digit; null where one of the two is unknown."""
    items: list[Correction]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/corrections", operation_id="list_corrections", responses=refusals(400, 404))
async def list_corrections(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    at: Of,
    known_from: KnownFrom,
    known_to: KnownTo = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> Corrections:
    """Every line that was known otherwise, by source and asset, with the event that changed it."""
    size = page_size(limit, most=api.settings.max_page)
    done = parse_cursor(cursor, int) or 0
    caller.find_portfolio(api.registry, portfolio)
    instant, earlier = _instant("at", at), _instant("known_from", known_from)
    later = None if known_to is None else _instant("known_to", known_to)
    before, after = await asyncio.gather(
        _read_known(api, caller.tenant, portfolio, Moment(at=instant, known_at=earlier)),
        _read_known(api, caller.tenant, portfolio, Moment(at=instant, known_at=later)),
    )
    found = list(differences(before, after))
    was, is_ = before.net, after.net
    return Corrections(
        portfolio=portfolio,
        at=instant,
        known_from=earlier,
        known_to=later,
        net_before_usd=to_text(was),
        net_after_usd=to_text(is_),
        change_usd=None if was is None or is_ is None else to_text(difference(is_, was)),
        items=[_to_correction(one) for one in found[max(0, done) : max(0, done) + size]],
        next_cursor=to_cursor(max(0, done) + size) if len(found) > max(0, done) + size else None,
    )


async def _read_known(api: Resources, tenant: str, portfolio: str, moment: Moment) -> Known:
    params = to_params(api, tenant, portfolio, moment)
    lines, statements = await asyncio.gather(
        read(api.warehouse, load_sql(__file__, "corrections"), params, Line),
        read(api.warehouse, load_sql(__file__, "corrected_statements"), params, Stated),
    )
    return Known(
        lines=lines, statements={one.source: one for one in statements}, rules=_rules(api, tenant, moment.known_at)
    )


def _rules(api: Resources, tenant: str, known_at: datetime | None) -> Event:
    held = newest_rules(api.registry, tenant, known_at=known_at)
    return Event(id=str(held.number), recorded_at=held.created_at) if held else Event(id=None, recorded_at=None)


def _to_correction(one: Difference) -> Correction:
    return Correction(
        source=one.line.source,
        account=one.line.account,
        asset=one.line.asset,
        platform=one.line.platform,
        position=one.line.position,
        kind=one.line.kind,
        side=one.line.side,
        before=_to_known(one.before),
        after=_to_known(one.after),
        change_usd=to_text(one.change) or "0",
        cause=one.cause,
        event=CorrectingEvent(id=one.event.id, recorded_at=one.event.recorded_at, job_id=one.event.job_id),
    )


def _to_known(line: Line | None) -> KnownLine | None:
    if line is None:
        return None
    return KnownLine(
        amount=line.amount,
        price_usd=line.price_usd,
        value_usd=line.value_usd,
        reason=line.reason,
        counted=line.counted,
    )


def _instant(field: str, text: str) -> datetime:
    at = parse_instant(field, text)
    if at is None:
        raise ApiError(400, "time_invalid", "a time is needed", field=field, fix="Write ISO 8601 with its zone")
    return to_ms(at)


ROUTES = [list_corrections]
