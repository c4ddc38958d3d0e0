"""What returns, attribution and flows have in common: a window, a currency, and the book of a portfolio's ledgers."""

import asyncio
from datetime import datetime
from typing import Annotated

from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.ledger.marks import latest
from holdfast.domain.ledger.statements import lacks_rate
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, build_book, to_heard
from holdfast.domain.returns.inputs import Inputs, inputs_of
from holdfast.domain.time import to_ms
from holdfast.history.ledgers import Ledgers, read_ledgers
from holdfast.history.memberships import read_memberships
from holdfast.history.prices import read_rate_book
from holdfast.registry.rules import excluded_assets, newest_rules
from services.api.callers import Caller
from services.api.currencies import Conversion, RateMissing, parse_currency
from services.api.native.quality import Known, Quality, to_quality
from services.api.problems import ApiError
from services.api.resources import Resources
from services.api.vocabulary import parse_instant

From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone; else from the very beginning. Flows at it are before the window.",
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to",
        schema_extra={"format": "date-time"},
        description="ISO 8601 with its zone, at most `known_at` and now (a later one is that), and else that. "
        "Flows at it are in the window.",
    ),
]


class Question(Struct, frozen=True, kw_only=True):
    """What every one of these routes is asked."""

    portfolio: str
    from_: str | None
    to: str | None
    currency: str | None
    known_at: str | None


class Measured(Struct, frozen=True, kw_only=True):
    """The answer's inputs: everything in one currency."""

    window: Window
    currency: str
    known_at: datetime | None
    ledgers: Ledgers
    book: Book
    conversion: Conversion
    """At the end of the window."""

    @property
    def accounts(self) -> dict[str, str]:
        return {one.source: one.account for one in self.ledgers.sources}


async def read_measured(api: Resources, caller: Caller, question: Question) -> Measured:
    """Raises ApiError, RegistryError (the currency) and WarehouseError."""
    record = caller.find_portfolio(api.registry, question.portfolio)
    currency = parse_currency(question.currency, record)
    known_at = parse_instant("known_at", question.known_at)
    window = parse_window(question.from_, question.to, now=min(known_at or api.clock.now(), api.clock.now()))
    members = await read_memberships(api.warehouse, caller.tenant, record.id, known_at=known_at)
    excluded = excluded_assets(newest_rules(api.registry, caller.tenant, known_at=known_at), record.id)
    try:
        ledgers = await read_ledgers(
            api.warehouse,
            members,
            window,
            excluded=frozenset(excluded),
            known_at=known_at,
            ranking=api.ranking,
        )
        return await _measured(api, ledgers, currency, known_at)
    except OutOfRangeError as error:
        raise ApiError(
            400,
            "out_of_range",
            f"a value in {currency} is beyond what can be stored: {error}",
            field="currency",
            fix="Ask in another currency",
        ) from error


async def _measured(api: Resources, ledgers: Ledgers, currency: str, known_at: datetime | None) -> Measured:
    window = ledgers.window
    instants = {entry.at for one in ledgers.sources for entry in one.entries} | {window.end, window.start or window.end}
    rates = await read_rate_book(
        api.warehouse, [currency], instants=sorted(instants), known_at=known_at, ranking=api.ranking
    )
    # Seconds of arithmetic where a ledger is long: not on the loop that answers everybody else.
    book = await asyncio.to_thread(
        build_book,
        [one.entries for one in ledgers.sources],
        window=window,
        prices=ledgers.prices,
        rates=rates,
        currency=currency,
        coverage=[one.coverage for one in ledgers.sources],
        heard=to_heard(one.stated for one in ledgers.sources),
    )
    conversion = Conversion(currency=currency, at=window.end, rate=rates.find(USD, currency, window.end))
    return Measured(
        window=window, currency=currency, known_at=known_at, ledgers=ledgers, book=book, conversion=conversion
    )


def parse_window(from_: str | None, to: str | None, *, now: datetime) -> Window:
    """A future `to` is now. Raises ApiError naming `from` if the window is empty."""
    end = to_ms(min(parse_instant("to", to) or now, now))
    start = parse_instant("from", from_)
    if start is not None and to_ms(start) >= end:
        raise ApiError(
            400,
            "range_invalid",
            "from is not before to",
            field="from",
            fix="Ask for a window that begins before it ends",
        )
    return Window(None if start is None else to_ms(start), end)


def inputs_to(measured: Measured) -> Inputs:
    ledgers = measured.ledgers
    return inputs_of(measured.book, [one.stated for one in ledgers.sources], left_out=ledgers.left_out)


def quality_of(measured: Measured) -> Quality:
    """Of the value at the end of the window, which every return rests on, and of lines that have no flows in it."""
    inputs = inputs_to(measured)
    return to_quality(
        Known(
            available=bool(inputs.sources),
            lines=inputs.lines,
            lines_unpriced=inputs.lines_unpriced,
            lines_stale=inputs.lines_stale,
            lines_excluded=inputs.lines_excluded,
            lines_truncated=None,
            sources=inputs.sources,
            sources_missing=inputs.sources_missing,
            sources_stale=None,
            oldest_input=inputs.oldest,
            newest_input=inputs.newest,
            reasons=inputs.reasons,
        ),
        measured.conversion,
        _unrated(measured),
    )


def _unrated(measured: Measured) -> list[RateMissing]:
    """The rates into US dollars that lines of unknown worth lack, each of when the line was last stated."""
    stated = latest([entry for one in measured.ledgers.sources for entry in one.entries])
    unknown = (mark for mark in measured.book.closing if mark.worth is None)
    lacking = [mark for mark in unknown if lacks_rate(mark.asset, mark.waits_for)]
    found = {(mark.waits_for, stated[mark.source, mark.asset, mark.side].at) for mark in lacking}
    return [RateMissing(base=currency, quote=USD, at=at) for currency, at in sorted(found)]
