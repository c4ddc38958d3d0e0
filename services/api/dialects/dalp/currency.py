"""Amounts in the participant's base currency, rounded once, at the edge. Each is converted at its own instant."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from holdfast.domain.assets import USD, fiat, is_fiat
from holdfast.domain.conversion import RateBook, convert
from holdfast.domain.money import EXACT
from services.api.dialects.dalp.participants import Participant
from services.api.rates import read_rates
from services.api.resources import Resources

CENT = Decimal("0.01")
"""DALP does not say how it rounds; its examples have two decimals."""
FINEST = Decimal("1E-18")
"""Of what is no money: a cent of an ounce of gold, or of a bitcoin, is not to be left out."""
_METALS = frozenset(fiat(code) for code in ("XAG", "XAU", "XPD", "XPT"))


class Converter:
    """From US dollars. `reliable` turns false with the first amount that there is no rate for."""

    def __init__(self, currency: str, rates: RateBook) -> None:
        self._currency = currency
        self._rates = rates
        self.unit = CENT if is_fiat(currency) and currency not in _METALS else FINEST
        """What amounts are rounded to."""
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


def rounded(number: Decimal, unit: Decimal = CENT) -> Decimal:
    """To whole units; less than half of one is 0, without a sign."""
    whole = number.quantize(unit, rounding=ROUND_HALF_UP, context=EXACT)
    return whole or whole.copy_abs()


def rounded_parts(numbers: Sequence[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """Each in whole units, and together those of their sum: what rounding leaves is passed on to the next."""
    parts: list[Decimal] = []
    exact = given = Decimal(0)
    for number in numbers:
        exact = EXACT.add(exact, number)
        parts.append(EXACT.subtract(rounded(exact, unit), given))
        given = EXACT.add(given, parts[-1])
    return parts


def to_text(value: Decimal) -> str:
    """At least two decimals, and no zeros behind them."""
    whole, _, parts = format(value, "f").partition(".")
    return f"{whole}.{parts.rstrip('0').ljust(2, '0')}"
