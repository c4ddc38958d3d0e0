"""Amounts in the participant's base currency, rounded once, at the edge. Each is converted at its own instant."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from holdfast.domain.assets import USD
from holdfast.domain.conversion import RateBook, convert
from holdfast.domain.money import EXACT
from services.api.dialects.dalp.participants import Participant
from services.api.rates import read_rates
from services.api.resources import Resources

CENT = Decimal("0.01")
"""DALP does not say how it rounds; its examples have two decimals."""


class Converter:
    """From US dollars. `reliable` turns false with the first amount that there is no rate for."""

    def __init__(self, currency: str, rates: RateBook) -> None:
        self._currency = currency
        self._rates = rates
        self.reliable = True

    def exact(self, usd: Decimal, at: datetime) -> Decimal:
        """0 where there is no rate: the amount is left out, and the answer says that it is not reliable."""
        converted = convert(usd, base=USD, quote=self._currency, at=at, rates=self._rates)
        if converted.value is None:
            self.reliable = False
            return Decimal(0)
        return converted.value


async def read_converter(api: Resources, participant: Participant, instants: Sequence[datetime]) -> Converter:
    rates = await read_rates(api, [participant.base_currency], instants)
    return Converter(participant.base_currency, rates)


def rounded(number: Decimal) -> Decimal:
    """To the cent; less than half of one is 0, without a sign."""
    cents = number.quantize(CENT, rounding=ROUND_HALF_UP, context=EXACT)
    return cents or cents.copy_abs()


def rounded_parts(numbers: Sequence[Decimal]) -> list[Decimal]:
    """Each to the cent, and together the cent of their sum: what rounding leaves is passed on to the next."""
    parts: list[Decimal] = []
    exact = given = Decimal(0)
    for number in numbers:
        exact = EXACT.add(exact, number)
        parts.append(EXACT.subtract(rounded(exact), given))
        given = EXACT.add(given, parts[-1])
    return parts
