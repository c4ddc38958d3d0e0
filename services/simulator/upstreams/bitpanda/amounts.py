"""Amounts as the custodian states them: decimal text, or the text NaN for what it could not get."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from services.simulator.upstreams.bitpanda.errors import UserError
from services.simulator.world.custody import (
    BY_SYMBOL,
    FIAT,
    STATED_DECIMALS,
    CustodyLine,
    converted,
    quote_of,
)
from services.simulator.world.instants import iso
from services.simulator.world.numbers import EXACT, cut, plain, product, total


class Amount(Struct, frozen=True, kw_only=True):
    """Its properties are the fields of the schema's Amount."""

    seed: int
    number: Decimal | None
    currency: str
    at: datetime
    rated_at: datetime
    """The instant whose rate a conversion uses."""

    @property
    def value(self) -> str:
        return "NaN" if self.number is None else plain(self.number)

    @property
    def timestamp(self) -> str:
        return iso(self.at)

    def converted(self, currency: str) -> "Amount":
        """Raises UserError for a currency that nobody knows; one without a rate gives NaN."""
        if currency not in FIAT and currency not in BY_SYMBOL:
            raise UserError(f"currency {currency[:20]!r} is not supported")
        number = None
        if self.number is not None:
            number = converted(self.seed, self.number, self.currency, currency, self.rated_at)
        rates = (quote_of(self.seed, code, self.rated_at) for code in (self.currency, currency))
        oldest = min((rate.at for rate in rates if rate is not None), default=self.rated_at)
        return Amount(seed=self.seed, number=number, currency=currency, at=oldest, rated_at=self.rated_at)


def stated_amount(seed: int, line: CustodyLine, hour: datetime, rated: datetime) -> Amount:
    return Amount(seed=seed, number=line.amount, currency=line.asset.symbol, at=hour, rated_at=rated)


def total_amount(seed: int, lines: Sequence[CustodyLine], hour: datetime, rated: datetime) -> Amount:
    """In pounds, of what has an amount and a price."""
    priced = [(line.amount, quote_of(seed, line.asset.symbol, hour)) for line in lines if line.amount is not None]
    dollars = total([product(amount, quote.price) for amount, quote in priced if quote is not None])
    pound = quote_of(seed, "GBP", hour)
    number = cut(EXACT.divide(dollars, pound.price), STATED_DECIMALS) if pound is not None else None
    return Amount(seed=seed, number=number, currency="GBP", at=hour, rated_at=rated)
