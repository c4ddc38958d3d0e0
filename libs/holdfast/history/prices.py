"""Stored prices and rates as the books that the domain looks numbers up in."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import HOPS, RateBook
from holdfast.domain.prices import CROSSED
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.valuation import CURRENCY_PRICE_AGE, SEARCHED_AGE
from holdfast.history.reading import FAR, MOST_INSTANTS, portions, read_rows
from holdfast.history.refusals import read_refusals
from holdfast.warehouse.client import Warehouse

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class _Row(Struct, frozen=True, array_like=True):
    asset: str
    quote: str
    at: datetime
    price: Decimal


class _Span(NamedTuple):
    instants: Sequence[datetime] | None
    since: datetime | None
    until: datetime | None
    known_at: datetime | None
    age: timedelta
    """How far back from an instant a number is looked for."""
    but: str = ""
    """How the names of sources end that are left out."""


async def read_price_book(
    warehouse: Warehouse,
    assets: Iterable[str],
    *,
    instants: Sequence[datetime] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> PriceBook:
    """Prices in USD that are asked for at certain instants, or at any from `since` to `until` (all: None).

    Raises WarehouseError. Of certain instants the book is good at those and at no others.
    `ranking`: price sources, the most trusted first (the setting `prices.sources`).
    """
    wanted = sorted(set(assets))
    first, last = (since, until) if instants is None else (min(instants, default=None), max(instants, default=None))
    rows, refusals = await asyncio.gather(
        _read(
            warehouse,
            [(asset, USD) for asset in wanted],
            _Span(instants, since, until, known_at, SEARCHED_AGE),
            ranking,
        ),
        read_refusals(warehouse, wanted, since=first, until=last, known_at=known_at),
    )
    quotes: dict[str, list[Quote]] = {}
    for row in rows:
        quotes.setdefault(row.asset, []).append(Quote(row.at, row.price))
    return PriceBook(quotes, refusals)


async def read_rate_book(
    warehouse: Warehouse,
    currencies: Iterable[str],
    *,
    instants: Sequence[datetime] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> RateBook:
    """Whatever a conversion between these and US dollars may go through: direct, inverse, or one hop, as published.

    At certain instants, or from `since` to `until`, as `read_price_book`.
    """
    span = _Span(instants, since, until, known_at, CURRENCY_PRICE_AGE, but=CROSSED)
    rates: dict[tuple[str, str], list[Quote]] = {}
    for row in await _read(warehouse, _pairs(set(currencies) - {USD}), span, ranking):
        rates.setdefault((row.asset, row.quote), []).append(Quote(row.at, row.price))
    return RateBook(rates)


def _pairs(currencies: set[str]) -> list[tuple[str, str]]:
    """Each with what a path may go over, both ways round."""
    ends = {USD, *HOPS} if currencies else set()
    forth = {(end, currency) for end in ends for currency in currencies | ends if end != currency}
    return sorted(forth | {(quote, base) for base, quote in forth})


async def _read(
    warehouse: Warehouse, pairs: Sequence[tuple[str, str]], span: _Span, ranking: Sequence[str]
) -> list[_Row]:
    """Each row once."""
    if not pairs:
        return []
    asked: dict[str, Any] = {
        "pairs": list(pairs),
        "since": span.since - span.age if span.since else _FIRST,
        "until": span.until or FAR,
        "known_at": span.known_at or FAR,
        "ranking": list(ranking),
        "but": span.but,
    }
    if span.instants is None:
        return await read_rows(warehouse, "read_prices", asked, _Row)
    found: dict[_Row, None] = {}  # the last of one portion may be the first of the next
    for some in portions(sorted(set(span.instants)), MOST_INSTANTS):
        asked |= {"since": some[0] - span.age, "until": some[-1]}
        at = {"instants": list(some), "age_s": int(span.age.total_seconds())}
        found |= dict.fromkeys(await read_rows(warehouse, "read_prices_at", asked | at, _Row))
    return list(found)
