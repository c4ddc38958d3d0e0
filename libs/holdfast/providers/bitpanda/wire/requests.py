"""What is asked: one query, for now, for one instant or for a series.

Dates and the period stand in the text, not in variables: the upstream does not publish the types that these
would have to be declared with. The value in US dollars is asked for beside each amount and not within it,
because a pair that cannot be converted nulls the amount around it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from holdfast.providers.bitpanda.wire.instants import to_text

TimePeriod = Literal["HOURLY", "DAILY", "WEEKLY", "MONTHLY"]
PERIODS: dict[TimePeriod, timedelta] = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
    "MONTHLY": timedelta(days=30),
}
MOST_POINTS = 200
"""Of one answer; beyond it items are left out without a word."""
FIRST_DAY = datetime(2021, 2, 16, tzinfo=UTC)
"""There is nothing before it."""

_QUERY = """\
query UserPortfolioQuery {
  user {
    portfolio%s {
      items {
        timestamp
        total { value timestamp currency }
        balances {
          items {
            amount { value timestamp currency }
            worth: amount { in(currency: "USD") { value timestamp currency } }
            asset { name }
          }
          nextToken
        }
      }
    }
  }
}"""


class PortfolioRequest(Struct, frozen=True, kw_only=True):
    """No arguments: now. `end_date`: then. All three: a series, both ends included."""

    start_date: datetime | None = None
    end_date: datetime | None = None
    time_period: TimePeriod | None = None


def request_json(request: PortfolioRequest) -> dict[str, Any]:
    arguments = ", ".join(_arguments(request))
    return {"query": _QUERY % (f"({arguments})" if arguments else "")}


def _arguments(request: PortfolioRequest) -> Iterator[str]:
    if request.start_date is not None:
        yield f'startDate: "{to_text(request.start_date)}"'
    if request.end_date is not None:
        yield f'endDate: "{to_text(request.end_date)}"'
    if request.time_period is not None:
        yield f"timePeriod: {request.time_period}"
