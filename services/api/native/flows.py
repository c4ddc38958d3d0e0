"""`/v1/portfolios/{id}/flows`: everything that came in and went out, valued, in order of time."""

from datetime import datetime

from litestar import get
from msgspec import Struct

from holdfast.domain.returns.inputs import flows_of
from services.api.callers import Asker
from services.api.currencies import CurrencyText
from services.api.native.ledger_views import FlowView, to_flow
from services.api.native.measuring import From, Question, To, read_measured
from services.api.native.moments import KnownAt
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
    items: list[FlowView]
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/flows", operation_id="list_flows", responses=refusals(400, 404))
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
    """By source: a transfer between two accounts is two that cancel. A member that joins or leaves is a flow, too."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[Time, str, str, str])
    question = Question(portfolio=portfolio, from_=from_, to=to, currency=currency, known_at=known_at)
    measured = await read_measured(api, caller, question)
    accounts = measured.accounts
    flows = sorted((to_flow(entry, accounts) for entry in flows_of(measured.book)), key=_position)
    rest = [flow for flow in flows if after is None or _position(flow) > after]
    page = rest[:size]
    return Flows(
        portfolio=portfolio,
        currency=measured.currency,
        start=measured.window.start,
        end=measured.window.end,
        known_at=measured.known_at,
        items=page,
        next_cursor=to_cursor(_position(page[-1])) if len(rest) > size else None,
    )


def _position(flow: FlowView) -> tuple[datetime, str, str, str]:
    return flow.at, flow.source, flow.asset, flow.side


ROUTES = [list_flows]
