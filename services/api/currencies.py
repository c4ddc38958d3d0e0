"""`currency=`: from US dollars into the currency of one answer, each number at its own instant, or not at all."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from litestar.params import QueryParameter
from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import Leg, MissingRate, Rate, RateBook
from holdfast.domain.money import OutOfRangeError, plain
from holdfast.registry.records import Portfolio
from holdfast.registry.validation.text import checked_currency
from services.api.rates import read_rates
from services.api.resources import Resources
from services.api.vocabulary import Money, Time

CurrencyText = Annotated[
    str | None,
    QueryParameter(
        name="currency",
        min_length=1,
        max_length=200,
        description="An ISO 4217 code, as GBP, or an asset id; else the portfolio's base currency.",
    ),
]


class RateLeg(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stored rate: so many `quote` for one `base`, stated at `at`."""

    base: str
    quote: str
    rate: Money
    at: Time
    inverse: bool
    """Whether it was used the other way round."""


class RateUsed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a number was converted. The path is one stored rate, or two over US dollars or euros."""

    base: str
    quote: str
    at: Time
    """The number's own instant; the rates of the path are the newest at or before it, at most 5 days old."""
    rate: Money
    """So many `quote` for one `base`, cut to 36 decimals; numbers are multiplied with every digit of it."""
    path: list[RateLeg]


class RateMissing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pair without a rate at that instant: what needed it is null, and left out of what it is part of."""

    base: str
    quote: str
    at: Time


class Conversion(NamedTuple):
    """Out of US dollars at one instant."""

    currency: str
    at: datetime
    rate: Rate | MissingRate

    @property
    def used(self) -> list[RateUsed]:
        """Empty for dollars themselves."""
        if isinstance(self.rate, MissingRate) or not self.rate.path:
            return []
        path = [_to_leg(leg) for leg in self.rate.path]
        return [RateUsed(base=USD, quote=self.currency, at=self.at, rate=plain(self.rate.value), path=path)]

    @property
    def missing(self) -> list[RateMissing]:
        if isinstance(self.rate, Rate):
            return []
        return [RateMissing(base=self.rate.base, quote=self.rate.quote, at=self.rate.at)]

    def exact(self, usd: Decimal) -> Decimal | None:
        """Null without a rate, and for what no stored number could be."""
        if isinstance(self.rate, MissingRate):
            return None
        if not self.rate.path:
            return usd
        try:
            return self.rate.of(usd)
        except OutOfRangeError:
            return None

    def of(self, usd: str | None) -> str | None:
        """Decimal text; dollars pass as they are."""
        if usd is None or self.currency == USD:
            return usd
        return to_text(self.exact(Decimal(usd)))


class Exchange(NamedTuple):
    """The rates of one answer."""

    currency: str
    rates: RateBook

    def at(self, instant: datetime) -> Conversion:
        return Conversion(currency=self.currency, at=instant, rate=self.rates.find(USD, self.currency, instant))


def parse_currency(text: str | None, portfolio: Portfolio) -> str:
    """The asset id of what was asked for. Raises RegistryError naming `currency`."""
    return portfolio.base_currency if text is None else checked_currency("currency", text)


async def read_exchange(
    api: Resources, currency: str, instants: Sequence[datetime], *, known_at: datetime | None = None
) -> Exchange:
    """With whatever a conversion at these instants may go through, among the rates recorded by `known_at`."""
    return Exchange(currency=currency, rates=await read_rates(api, [currency], instants, known_at=known_at))


def to_text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _to_leg(leg: Leg) -> RateLeg:
    return RateLeg(base=leg.base, quote=leg.quote, rate=plain(leg.rate), at=leg.at, inverse=leg.inverse)
