"""`/v1/portfolios/{id}/flows`: everything that came in and went out, valued, in order of time."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby, islice
from typing import NamedTuple

from litestar import get
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import Rate
from holdfast.domain.exact import ONE
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.statements import HELD_ON, VALUE_ONLY, lacks_rate
from holdfast.domain.returns.inputs import flows_of
from services.api.callers import Asker
from services.api.currencies import Conversion, CurrencyText, RateMissing
from services.api.native.moments import KnownAt
from services.api.native.quality import Known, Quality, to_quality
from services.api.native.returns.ledger_views import FlowView, own_source, to_flows
from services.api.native.returns.measuring import From, Measured, Question, To, inputs_to, read_measured
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.resources import Api
from services.api.vocabulary import Name, Time


class Flows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    start: Time | None
    end: Time
    known_at: Time | None
    quality: Quality
    """Of all flows of the window: its lines are flows, and lines of which no flow is known."""
    items: list[FlowView]
    next_cursor: str | None


class Place(NamedTuple):
    """Of a flow in the whole list."""

    at: Time
    source: str
    asset: str
    side: str
    number: int
    """From 0, of those that have all the rest in common: receipts move apart from what else there is of the asset."""


@get("/portfolios/{portfolio:str}/flows", operation_id="list_flows", responses=refusals(404))
async def list_flows(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    from_: From = None,
    to: To = None,
    currency: CurrencyText = None,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> Flows:
    """By source: a transfer between two accounts is two, each at its own price, of which `crossed` is no part; what
    `crossed` is over all is the `invested` of the simple return. A member that joins or leaves is a flow, too.

    An amount that a statement does not say is unknown, not 0: the flow across it is that between the statements
    around it, at the later one.
    """
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, Place)
    question = Question(portfolio=portfolio, from_=from_, to=to, currency=currency, known_at=known_at)
    measured = await read_measured(api, caller, question)
    page, following = page_of(to_flows(measured.book, measured.accounts), after, size)
    return Flows(
        portfolio=portfolio,
        currency=measured.currency,
        start=measured.window.start,
        end=measured.window.end,
        known_at=measured.known_at,
        quality=to_flow_quality(measured),
        items=page,
        next_cursor=to_cursor(following) if following else None,
    )


def page_of(flows: Iterable[FlowView], after: Place | None, size: int) -> tuple[list[FlowView], Place | None]:
    """So many flows behind a place, in order of places, and the place of the last where there are more."""
    in_order = groupby(sorted(flows, key=_line), _line)
    placed = ((Place(*line, number), flow) for line, of in in_order for number, flow in enumerate(of))
    page = list(islice((one for one in placed if after is None or one[0] > after), size + 1))
    return [flow for _, flow in page[:size]], page[size - 1][0] if len(page) > size else None


def to_flow_quality(measured: Measured) -> Quality:
    """A flow without a value, a line that did not say its amount in the window, and a value without one, by reason."""
    book, inputs = measured.book, inputs_to(measured)
    flows = list(flows_of(book))
    reasons = Counter(entry.reason for entry in flows if entry.value is None and entry.reason not in HELD_ON)
    reasons.update(_lines_unread(measured))
    reasons[VALUE_ONLY] += book.coverage.lines_value_only
    unpriced = sum(reasons.values())
    known = Known(
        available=bool(inputs.sources),
        lines=sum(entry.value is not None for entry in flows) + unpriced,
        lines_unpriced=unpriced,
        lines_stale=reasons["stale"],
        lines_excluded=inputs.lines_excluded,
        lines_truncated=None,
        sources=inputs.sources,
        sources_missing=inputs.sources_missing,
        sources_stale=None,
        oldest_input=inputs.oldest,
        newest_input=inputs.newest,
        reasons=+reasons + Counter(measured.ledgers.left_out),
    )
    # Each flow has its own rate beside it; those that are missing are named here.
    own = Conversion(measured.currency, measured.window.end, Rate(value=ONE))
    return to_quality(known, own, _missing_rates(flows, measured.currency))


def _lines_unread(measured: Measured) -> Counter[str]:
    """By source: those held on as what they last were, or, if more, those listed: one never read has no entry."""
    book, start = measured.book, measured.book.window.start
    seen = (*book.opening, *(entry for entry in book.entries if start is None or entry.at > start))
    unread = {(entry.source, entry.asset, entry.side): entry for entry in seen if entry.reason in HELD_ON}
    held_on: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in unread.values():
        held_on[own_source(entry)][entry.reason] += 1
    listed = ((one.source, Counter(one.coverage.lines_unread)) for one in measured.ledgers.sources)
    return sum((held_on[source] | lines for source, lines in listed), Counter())


def _missing_rates(flows: Iterable[Entry], currency: str) -> list[RateMissing]:
    """Into dollars, of what was stated in another currency, and from dollars into the one that is asked for."""
    unknown = [entry for entry in flows if entry.value is None]
    stated = {(one.waits_for, USD, one.at) for one in unknown if lacks_rate(one.asset, one.waits_for)}
    asked = {(USD, currency, one.at) for one in unknown if one.reason == "no_rate"}
    return [RateMissing(base=base, quote=quote, at=at) for base, quote, at in (*sorted(stated), *sorted(asked))]


def _line(flow: FlowView) -> tuple[datetime, str, str, str]:
    return flow.at, flow.source, flow.asset, flow.side


ROUTES = [list_flows]
