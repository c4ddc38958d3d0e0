"""When a rate is known: around 16:00 in Frankfurt on the day that it is of.

A rate counts from then on, so that no number of the morning is converted at the rate of the afternoon.
Source: https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_FRANKFURT = ZoneInfo("Europe/Berlin")
_PUBLISHED = time(16)


def published_at(day: date) -> datetime:
    """Aware UTC: 15:00 in winter, 14:00 in summer."""
    return datetime.combine(day, _PUBLISHED, _FRANKFURT).astimezone(UTC)
