"""`/v1/portfolios/{id}/returns`: what was gained, by every method, as a whole or by asset, account or source."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.returns.answers import Method
from holdfast.domain.returns.book import Book, added, parts
from holdfast.domain.returns.methods import METHODS
from services.api.callers import Asker
from services.api.currencies import CurrencyText
from services.api.native.moments import KnownAt
from services.api.native.quality import Quality
from services.api.native.returns.ledger_views import FlowView, MarkView, own_source, to_flows, to_mark
from services.api.native.returns.measuring import From, Measured, Question, To, quality_of, read_measured
from services.api.native.returns.return_answers import ReturnView, measure
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.resources import Api
from services.api.vocabulary import Name, Time

By = Literal["portfolio", "asset", "account", "source"]
ByPart = Annotated[By, QueryParameter(name="by", description="One item for all, or one for each part.")]
WithFlows = Annotated[bool, QueryParameter(name="flows", description="Also every flow of the window.")]
WithPrices = Annotated[bool, QueryParameter(name="prices", description="Also what was held at both ends, with prices.")]
WithLots = Annotated[bool, QueryParameter(name="lots", description="Also disposals, and the lots that are left.")]
Methods = Annotated[
    list[Method] | None, QueryParameter(name="method", description="May be repeated; else every method.")
]


class ReturnItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One asset (and side), account or source; all of the portfolio where these are null."""

    asset: str | None
    side: str | None
    account: str | None
    source: str | None
    returns: list[ReturnView]
    flows: list[FlowView] | None
    """On request: every flow of the window, in order of time."""
    opening: list[MarkView] | None
    """On request: what was held at the start, with its prices."""
    closing: list[MarkView] | None


class Returns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    portfolio: str
    currency: str
    by: By
    start: Time | None
    """Flows after it count; null is from the very beginning."""
    end: Time
    """Flows up to it count, and it is when the closing value is of."""
    known_at: Time | None
    items: list[ReturnItem]
    quality: Quality
    next_cursor: str | None


class _Wanted(Struct, frozen=True, kw_only=True):
    """What goes into each item."""

    methods: Sequence[Method]
    flows: bool
    prices: bool
    lots: bool


class _Key(NamedTuple):
    """What an item is about; what it is not about is empty."""

    asset: str = ""
    side: str = ""
    account: str = ""
    source: str = ""


@get("/portfolios/{portfolio:str}/returns", operation_id="show_returns", responses=refusals(404))
async def show_returns(
    api: Api,
    caller: Asker,
    *,
    portfolio: Name,
    from_: From = None,
    to: To = None,
    currency: CurrencyText = None,
    method: Methods = None,
    by: ByPart = "portfolio",
    flows: WithFlows = False,
    prices: WithPrices = False,
    lots: WithLots = False,
    known_at: KnownAt = None,
    limit: Limit = None,
    cursor: CursorText = None,
) -> Returns:
    """Gains and rates of return over any window, in any currency, each number at the rate of its own instant."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, _Key)
    question = Question(portfolio=portfolio, from_=from_, to=to, currency=currency, known_at=known_at)
    measured = await read_measured(api, caller, question)
    wanted = _Wanted(methods=method or METHODS, flows=flows, prices=prices, lots=lots)
    books = await asyncio.to_thread(_split, measured, by)
    keys = sorted(key for key in books if after is None or key > after)
    page = keys[:size]
    items = await asyncio.to_thread(lambda: [_to_item(measured, key, books[key], wanted) for key in page])
    return Returns(
        portfolio=portfolio,
        currency=measured.currency,
        by=by,
        start=measured.window.start,
        end=measured.window.end,
        known_at=measured.known_at,
        items=items,
        quality=quality_of(measured),
        next_cursor=to_cursor(page[-1]) if len(keys) > size else None,
    )


def _split(measured: Measured, by: By) -> dict[_Key, Book]:
    accounts = measured.accounts
    if by == "portfolio":
        return {_Key(): measured.book}
    if by == "asset":
        return _by_asset(measured)
    if by == "account":
        return _with_coverage(measured, lambda source: _Key(account=accounts[source]))
    return _with_coverage(measured, lambda source: _Key(account=accounts[source], source=source))


def _by_asset(measured: Measured) -> dict[_Key, Book]:
    """A source that states values without amounts spoils what it holds or names, and nothing else."""
    books = parts(measured.book, lambda entry: _Key(asset=entry.asset, side=entry.side))
    sources = measured.ledgers.sources
    if not any(one.coverage.lines_without_amount for one in sources):
        return books
    held = {(own_source(mark), mark.asset) for mark in measured.book.closing}
    return {
        key: replace(
            book,
            coverage=added(
                one.coverage for one in sources if (one.source, key.asset) in held or key.asset in one.unmeasured
            ),
        )
        for key, book in books.items()
    }


def _with_coverage(measured: Measured, key: Callable[[str], _Key]) -> dict[_Key, Book]:
    """Every source that was ever seen; a list of values without amounts spoils its own part alone."""

    def of_entry(entry: Entry) -> _Key:
        return key(own_source(entry))

    books = parts(measured.book, of_entry)
    for one in measured.ledgers.sources:
        if one.coverage.lines_without_amount:
            books.setdefault(key(one.source), replace(measured.book, **_NOTHING))
    return {
        name: replace(book, coverage=added(one.coverage for one in measured.ledgers.sources if key(one.source) == name))
        for name, book in books.items()
    }


_NOTHING: dict[str, object] = {
    "entries": (), "opening": (), "closing": (), "movements": {}, "flows": (), "missing": ()
}  # fmt: skip


def _to_item(measured: Measured, key: _Key, book: Book, wanted: _Wanted) -> ReturnItem:
    asset: AssetSide | None = (key.asset, key.side) if key.asset else None  # type: ignore[assignment]
    accounts = measured.accounts
    return ReturnItem(
        asset=key.asset or None,
        side=key.side or None,
        account=key.account or None,
        source=key.source or None,
        returns=measure(book, wanted.methods, asset=asset, lots=wanted.lots),
        flows=to_flows(book, accounts) if wanted.flows else None,
        opening=[to_mark(one, accounts) for one in book.opening if one.held] if wanted.prices else None,
        closing=[to_mark(one, accounts) for one in book.closing if one.held] if wanted.prices else None,
    )


ROUTES = [show_returns]
