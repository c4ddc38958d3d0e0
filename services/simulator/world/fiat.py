"""Currencies: what one euro is in others, a rate a working day, known from the hour of publication.

Weekends and the holidays of TARGET have no rate, as at the European Central Bank.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.simulator.world.instants import GENESIS
from services.simulator.world.numbers import cut
from services.simulator.world.prices import PricePath, price_at

_FRANKFURT = ZoneInfo("Europe/Berlin")
_PUBLISHED = time(16)
_DAY = timedelta(days=1)
_FIXED_HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}


class Currency(Struct, frozen=True, kw_only=True):
    code: str
    """ISO 4217."""
    path: PricePath
    """Units for one euro."""
    decimals: int


def _currency(code: str, per_euro: str, decimals: int) -> Currency:
    path = PricePath(name=f"EUR/{code}", base=Decimal(per_euro), step_s=3_600, swing_ppm=60_000)
    return Currency(code=code, path=path, decimals=decimals)


CURRENCIES = (
    _currency("USD", "1.1273", 4),
    _currency("JPY", "168.4", 2),
    _currency("GBP", "0.8531", 5),
    _currency("CHF", "0.9417", 4),
)
"""Against the euro, which is the fifth."""


def rate_on(seed: int, currency: Currency, day: date) -> Decimal:
    """Units for one euro on a working day, with the decimals that are published."""
    return cut(price_at(seed, currency.path, published_at(day)).price, currency.decimals)


def published_at(day: date) -> datetime:
    return datetime.combine(day, _PUBLISHED, _FRANKFURT).astimezone(UTC)


def is_working_day(day: date) -> bool:
    easter = _easter(day.year)
    closed = (day.month, day.day) in _FIXED_HOLIDAYS or day in (easter - 2 * _DAY, easter + _DAY)
    return day.weekday() < 5 and not closed


def published_days(now: datetime, *, since: date) -> Iterator[date]:
    """The days whose rates are known, newest first."""
    day = now.astimezone(_FRANKFURT).date()
    while day >= max(since, GENESIS.date()):
        if is_working_day(day) and published_at(day) <= now:
            yield day
        day -= _DAY


def _easter(year: int) -> date:
    """Gauss's rule as Meeus, Jones and Butcher write it: Easter Sunday of the Gregorian calendar."""
    century, of_century = divmod(year, 100)
    leaps, of_leaps = divmod(century, 4)
    moon = (19 * (year % 19) + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * of_leaps + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
