"""Amounts as the wire has them: decimal text, or the text NaN for what is unknown."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from graphql import GraphQLError
from msgspec import Struct

from holdfast.domain.assets import USD, AssetIdError, fiat, parse_asset
from holdfast.domain.conversion import MissingRate, Rate, RateBook
from holdfast.domain.money import EXACT, OutOfRangeError, plain
from holdfast.providers.bitpanda.wire import NOT_A_NUMBER, to_text
from holdfast.registry.currencies import CURRENCIES
from services.api.dialects.bitpanda.failures import user_error

_STATED = Decimal(1).scaleb(-18)
"""As many decimals as the wire is used to."""


class Converter(Struct, frozen=True, kw_only=True):
    """Rates and names of one answer."""

    rates: RateBook
    assets: dict[str, str]
    """By the symbol that they have on the wire."""

    def find_currency(self, code: str) -> str:
        """The asset id of a fiat code, of something held, or of an id. Raises GraphQLError."""
        found = to_currency(code, self.assets)
        if isinstance(found, GraphQLError):
            raise found
        return found


def to_currency(code: str, assets: dict[str, str]) -> str | GraphQLError:
    if code in assets:
        return assets[code]
    if code.upper() in CURRENCIES:
        return fiat(code)
    try:
        return parse_asset(code)
    except AssetIdError:
        return user_error(f"{code[:40]!r} is no currency and no asset of this portfolio")


class Amount(Struct, frozen=True, kw_only=True):
    """Its properties are the fields of the schema's Amount. `dollars` is what conversions start from."""

    number: Decimal | None
    asset: str
    currency: str
    at: datetime
    """When it was read; of a converted amount the time of the oldest rate or price used."""
    dollars: Decimal | None
    as_of: datetime
    """The instant whose rates are used."""
    rated_at: datetime | None
    """Of the prices that `dollars` was worked out with; None where there was none."""
    converter: Converter

    @property
    def value(self) -> str:
        return NOT_A_NUMBER if self.number is None else plain(self.number)

    @property
    def timestamp(self) -> str:
        return to_text(self.at)

    def converted(self, code: str) -> "Amount":
        """Raises GraphQLError for a currency that is none; without a rate the value is NaN."""
        asset = self.converter.find_currency(code)
        if asset == self.asset:
            return self
        rate = self.converter.rates.find(USD, asset, self.as_of)
        found = None if isinstance(rate, MissingRate) else rate
        used = [at for at in (self.rated_at, found.oldest if found else None) if at is not None]
        return Amount(
            number=product(self.dollars, found) if found else None,
            asset=asset,
            currency=code,
            at=min(used, default=self.at),
            dollars=self.dollars,
            as_of=self.as_of,
            rated_at=self.rated_at,
            converter=self.converter,
        )


def product(number: Decimal | None, rate: Rate) -> Decimal | None:
    """Rounded to what the wire is used to; None for the unknown, and for what no stored number could be."""
    if number is None or not rate.path:
        return number
    try:
        return rate.of(number).quantize(_STATED, rounding=ROUND_HALF_EVEN, context=EXACT)
    except OutOfRangeError:
        return None
