"""`/v1/portfolios/{id}/attribution`: why the value changed between two instants, line by line and in total."""

import asyncio

from litestar import get
from msgspec import Struct

from holdfast.domain.attribution import Effects, LineAttribution, attribute
from holdfast.domain.money import plain
from holdfast.history.receipts import RECEIPTS
from services.api.callers import Asker
from services.api.currencies import CurrencyText
from services.api.native.moments import KnownAt
from services.api.native.quality import Quality
from services.api.native.returns.ledger_views import MissingInput, to_missing
from services.api.native.returns.measuring import From, Measured, Question, To, quality_of, read_measured
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.resources import Api
from services.api.vocabulary import Money, Name, Time


class EffectsView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """end − start = price + flows + moved + fx + rounding, exactly; debt with its sign."""

    start: Money
    end: Money
    price: Money
    """Also that what came from another of the portfolio's accounts is quoted otherwise here."""
    flows: Money
    """What crossed the border of the portfolio, as its returns count it."""
    moved: Money
    """What came from another of its accounts (+) or went to it (−), at what it was worth where it left: 0 in a complete
    total."""
    fx: Money
    """0 in US dollars, the currency of the prices."""
    rounding: Money
    """What cutting each product leaves: at most one unit of the 36th decimal for each flow of a line; in another
    currency one of a dollar and one of its own."""


class LineView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One asset of one source."""

    source: str
    account: str
    asset: str
    side: str
    effects: EffectsView | None
    """Null where a worth on the way is unknown; `missing` names it."""
    missing: list[MissingInput]


class Attribution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    start: Time | None
    """Null: from the very beginning, where the value was 0."""
    end: Time
    known_at: Time | None
    total: EffectsView | None
    """The sum of the lines that have effects, of all pages; null where nothing is known."""
    reason: str
    """Why there is no total; empty where there is one."""
    complete: bool
    """Whether that is every line there is: every source has been seen, and every line has effects."""
    items: list[LineView]
    quality: Quality
    next_cursor: str | None


@get("/portfolios/{portfolio:str}/attribution", operation_id="show_attribution", responses=refusals(404))
async def show_attribution(
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
) -> Attribution:
    """Price effect, flows and currency effect of everything that was ever held."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, str])
    question = Question(portfolio=portfolio, from_=from_, to=to, currency=currency, known_at=known_at)
    measured = await read_measured(api, caller, question)
    found = await asyncio.to_thread(attribute, measured.book)
    rest = [line for line in found.lines if after is None or _position(line) > after]
    page = rest[:size]
    return Attribution(
        portfolio=portfolio,
        currency=measured.currency,
        start=measured.window.start,
        end=measured.window.end,
        known_at=measured.known_at,
        total=None if found.total is None else _to_effects(found.total),
        reason=found.reason,
        complete=found.complete,
        items=[_to_line(line, measured) for line in page],
        quality=quality_of(measured),
        next_cursor=to_cursor(_position(page[-1])) if len(rest) > size else None,
    )


def _position(line: LineAttribution) -> tuple[str, str, str]:
    return line.source, line.asset, line.side


def _to_line(line: LineAttribution, measured: Measured) -> LineView:
    source = line.source.removesuffix(RECEIPTS)
    return LineView(
        source=source,
        account=measured.accounts[source],
        asset=line.asset,
        side=line.side,
        effects=None if line.effects is None else _to_effects(line.effects),
        missing=to_missing(line.missing),
    )


def _to_effects(effects: Effects) -> EffectsView:
    return EffectsView(**{name: plain(getattr(effects, name)) for name in EffectsView.__struct_fields__})


ROUTES = [show_attribution]
