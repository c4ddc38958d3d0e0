"""Stored prices and rates as the books that the domain looks numbers up in."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import HOPS, RateBook
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.valuation import CURRENCY_PRICE_AGE, SEARCHED_AGE
from holdfast.history.reading import FAR, read_rows
from holdfast.warehouse.client import Warehouse

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class _Row(Struct, frozen=True, array_like=True):
    asset: str
    quote: str
    at: datetime
    price: Decimal


async def read_price_book(
    warehouse: Warehouse,
    assets: Iterable[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> PriceBook:
    """Prices in USD that are asked for at instants from `since` to `until` (all: None). Raises WarehouseError.

    `ranking`: price sources, the most trusted first (the setting `aggregator.price_sources`).
    """
    pairs = [(asset, USD) for asset in sorted(set(assets))]
    start = None if since is None else since - SEARCHED_AGE
    quotes: dict[str, list[Quote]] = {}
    for row in await _read(warehouse, pairs, (start, until, known_at), ranking):
        quotes.setdefault(row.asset, []).append(Quote(row.at, row.price))
    return PriceBook(quotes)


async def read_rate_book(
    warehouse: Warehouse,
    currencies: Iterable[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
    ranking: Sequence[str] = (),
) -> RateBook:
    """Whatever a conversion between these and US dollars may go through: direct, inverse, or one hop."""
    start = None if since is None else since - CURRENCY_PRICE_AGE
    rates: dict[tuple[str, str], list[Quote]] = {}
    for row in await _read(warehouse, _pairs(set(currencies) - {USD}), (start, until, known_at), ranking):
        rates.setdefault((row.asset, row.quote), []).append(Quote(row.at, row.price))
    return RateBook(rates)


def _pairs(currencies: set[str]) -> list[tuple[str, str]]:
    ends = currencies | {USD, *HOPS} if currencies else set()
    return sorted((base, quote) for base in ends for quote in ends if base != quote)


async def _read(
    warehouse: Warehouse,
    pairs: Sequence[tuple[str, str]],
    span: tuple[datetime | None, datetime | None, datetime | None],
    ranking: Sequence[str],
) -> list[_Row]:
    if not pairs:
        return []
    since, until, known_at = span
    asked = {
        "pairs": list(pairs),
        "since": since or _FIRST,
        "until": until or FAR,
        "known_at": known_at or FAR,
        "ranking": list(ranking),
    }
    return await read_rows(warehouse, "read_prices", asked, _Row)
