"""The stored rates that the amounts of one answer may need: out of US dollars, at each of its instants."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import HOPS, RateBook
from holdfast.domain.prices import CROSSED
from holdfast.domain.quotes import Quote
from holdfast.domain.valuation import CURRENCY_PRICE_AGE
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money, Time


class _Row(Struct, frozen=True, kw_only=True):
    base: str
    quote: str
    at: Time
    price: Money


_FAR = datetime(2200, 1, 1, tzinfo=UTC)


async def read_rates(
    api: Resources, currencies: Iterable[str], instants: Sequence[datetime], *, known_at: datetime | None = None
) -> RateBook:
    """Whatever a conversion from US dollars into these may go through: direct, inverse, or one hop.

    With `known_at`: of the rates that were recorded by then.
    """
    pairs = sorted(_pairs(set(currencies) - {USD}))
    if not pairs or not instants:
        return RateBook()
    age_s = int(CURRENCY_PRICE_AGE.total_seconds())
    params = {"pairs": pairs, "instants": instants, "age_s": age_s, "known_at": known_at or _FAR, "crossed": CROSSED}
    rates: dict[tuple[str, str], list[Quote]] = {}
    for row in await read(api.warehouse, load_sql(__file__, "rates"), params, _Row):
        rates.setdefault((row.base, row.quote), []).append(Quote(row.at, Decimal(row.price)))
    return RateBook(rates)


def _pairs(currencies: set[str]) -> set[tuple[str, str]]:
    ends = {USD, *HOPS} if currencies else set()
    forth = {(end, currency) for end in ends for currency in currencies | ends if end != currency}
    return forth | {(quote, base) for base, quote in forth}
