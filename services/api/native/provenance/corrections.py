"""`/v1/portfolios/{id}/corrections`: how the value at an instant changed in hindsight, and by which event."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.exact import difference
from holdfast.domain.time import to_ms
from holdfast.registry.rules import newest_rules
from services.api.callers import Asker
from services.api.currencies import to_text
from services.api.native.moments import FAR, Moment
from services.api.native.provenance.differing import (
    Cause,
    Claim,
    Difference,
    Event,
    Known,
    Line,
    Place,
    Stated,
    differences,
)
from services.api.native.totals.as_known import had_members, to_params
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


SOURCES, ROUNDS = 20, 5
"""Sources whose lines are read together, and how often for one page: bounds its work, however little differs."""
_END = (chr(0x10FFFF), "", "", "", "", 0)
"""Behind every line of a source."""
RowT = TypeVar("RowT")


class Net(Struct, frozen=True, kw_only=True):
    """Debt is below zero."""

    net: Money


class KnownLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line as it was known."""

    amount: Money | None
    price_usd: Money | None
    value_usd: Money | None
    reason: str | None
    counted: bool


class CorrectingEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str | None
    """The id of a `BalancesObserved`, `PricesObserved` or `PricesWithdrawn` event, the registry's revision, or the
    number of a set of rules; null where something only ended, or where no price serves before or after."""
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


class Withdrawal(Struct, frozen=True, kw_only=True):
    """What took back a price."""

    claim: str
    """The event that had stated it."""
    asset: str
    id: str
    recorded_at: Time
    job_id: str


class Position(Struct, frozen=True, kw_only=True):
    """Where the page before ended. The totals do not have to be added up again for each page."""

    after: Place
    net_before: Money | None
    net_after: Money | None


class Sides(Struct, frozen=True, kw_only=True):
    """The two states of knowledge."""

    before: Moment
    after: Moment


@get("/portfolios/{portfolio:str}/corrections", operation_id="list_corrections", responses=refusals(404))
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
    """Every line that was known otherwise, by source and asset, with the event that changed it.

    A page may have fewer items than its limit although more follow. Without `known_to` what becomes known between two
    pages is in those that are still to come.
    """
    size = page_size(limit, most=api.settings.max_page)
    position = parse_cursor(cursor, Position)
    caller.find_portfolio(api.registry, portfolio)
    instant, earlier = _instant("at", at), _instant("known_from", known_from)
    later = None if known_to is None else _instant("known_to", known_to)
    sides = Sides(before=Moment(at=instant, known_at=earlier), after=Moment(at=instant, known_at=later))
    reader = Reader(api, caller.tenant, portfolio)
    known = await asyncio.gather(reader.read_known(sides.before), reader.read_known(sides.after))
    was, is_ = await reader.read_nets(sides, *known) if position is None else (position.net_before, position.net_after)
    found, reached = await reader.read_page(sides, *known, size=size, after_place=position.after if position else None)
    return Corrections(
        portfolio=portfolio,
        at=instant,
        known_from=earlier,
        known_to=later,
        net_before_usd=was,
        net_after_usd=is_,
        change_usd=None if was is None or is_ is None else to_text(difference(Decimal(is_), Decimal(was))),
        items=[_to_correction(one) for one in found],
        next_cursor=None if reached is None else to_cursor(Position(after=reached, net_before=was, net_after=is_)),
    )


class Reader:
    """Of one portfolio: lines are read for a few sources at a time, from where the page before ended."""

    def __init__(self, api: Resources, tenant: str, portfolio: str) -> None:
        self._api = api
        self._tenant = tenant
        self._portfolio = portfolio

    async def read_known(self, moment: Moment) -> Known:
        """Without lines."""
        statements = await self._read("corrected_statements", moment, Stated)
        rules = _rules(self._api, self._tenant, moment.known_at)
        return Known(lines=(), statements={one.source: one for one in statements}, rules=rules)

    async def read_nets(self, sides: Sides, before: Known, after: Known) -> tuple[str | None, str | None]:
        """Null where nothing was known."""
        was, is_ = await asyncio.gather(self._net(sides.before, before), self._net(sides.after, after))
        return was, is_

    async def read_page(
        self, sides: Sides, before: Known, after: Known, *, size: int, after_place: Place | None
    ) -> tuple[list[Difference], Place | None]:
        """At most `size` of what differs behind a place, and the place from which to go on; null if that is all."""
        first = after_place[0] if after_place else ""
        sources = sorted(source for source in {*before.statements, *after.statements} if source >= first)
        page: list[Difference] = []
        for start in range(0, len(sources), SOURCES):
            if start == SOURCES * ROUNDS:
                return page, (sources[start - 1], *_END)
            some = sources[start : start + SOURCES]
            old, new = await asyncio.gather(
                self._with_lines(sides.before, before, some), self._with_lines(sides.after, after, some)
            )
            new = replace(new, withdrawn=await self._read_withdrawn(sides, old, new))
            page += [one for one in differences(old, new) if after_place is None or one.place > after_place]
            if len(page) > size:
                return page[:size], page[size - 1].place
        return page, None

    async def _read_withdrawn(self, sides: Sides, before: Known, after: Known) -> dict[Claim, Event]:
        """Of prices that lines are valued by no more: by what they were taken back, if they were."""
        lines = [one.before for one in differences(before, after) if one.cause == "price"]
        claims = sorted({line.price_event_id for line in lines if line and line.price_event_id})
        if not claims:
            return {}
        span = {"known_from": sides.before.known_at or FAR, "known_to": sides.after.known_at or FAR}
        statement = load_sql(__file__, "withdrawn_prices")
        found = await read(self._api.warehouse, statement, {"claims": claims} | span, Withdrawal)
        return {
            (one.claim, one.asset): Event(id=one.id, recorded_at=one.recorded_at, job_id=one.job_id) for one in found
        }

    async def _with_lines(self, moment: Moment, known: Known, sources: Sequence[str]) -> Known:
        return replace(known, lines=await self._read("corrections", moment, Line, sources=list(sources)))

    async def _net(self, moment: Moment, known: Known) -> str | None:
        """As the total: 0 once all have left, null while nothing is known."""
        stated = any(one.snapshot_id for one in known.statements.values())
        if not stated and (known.statements or not await had_members(self._api, self._tenant, self._portfolio, moment)):
            return None
        [one] = await self._read("corrections_net", moment, Net)
        return one.net

    async def _read(self, name: str, moment: Moment, kind: type[RowT], **more: object) -> list[RowT]:
        params = to_params(self._api, self._tenant, self._portfolio, moment) | more
        return await read(self._api.warehouse, load_sql(__file__, name), params, kind)


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
