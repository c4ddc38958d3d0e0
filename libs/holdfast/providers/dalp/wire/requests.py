"""What is asked, and where.

GET /api/v2/system/stats/portfolio-stat-ranges?interval=hour&from=…&to=…
GET /api/v2/system/stats/portfolio-stat-range-presets/trailing24Hours
GET /api/v2/system/stats/portfolio-breakdowns
GET /api/v2/user-asset-balances?page[limit]=50&page[offset]=0&sort=…
"""

import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from holdfast.providers.dalp.wire.statistics import Interval
from holdfast.providers.dalp.wire.timestamps import to_timestamp

_STATISTICS = "/api/v2/system/stats"
RANGES_PATH = f"{_STATISTICS}/portfolio-stat-ranges"
PRESETS_PATH = f"{_STATISTICS}/portfolio-stat-range-presets"
BREAKDOWN_PATH = f"{_STATISTICS}/portfolio-breakdowns"
BALANCES_PATH = "/api/v2/user-asset-balances"

STEPS: dict[Interval, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
PRESETS: dict[str, tuple[Interval, timedelta]] = {
    "trailing24Hours": ("hour", timedelta(hours=24)),
    "trailing7Days": ("day", timedelta(days=7)),
}
"""The interval of each preset and how far back it reaches; its ends need not be on bucket boundaries."""
_PARTICIPANT = re.compile(r"pp_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def range_query(interval: Interval, start: datetime, end: datetime) -> str:
    return urlencode({"interval": interval, "from": to_timestamp(start), "to": to_timestamp(end)})


def balances_query(*, limit: int, offset: int, sort: str, wallet: str | None = None) -> str:
    """`wallet`: of its participant, where that is not one's own."""
    query = {"page[limit]": limit, "page[offset]": offset, "sort": sort}
    return urlencode(query if wallet is None else query | {"filter[wallet]": wallet})


def self_link(path: str) -> str:
    """As DALP writes it: without `/api`."""
    return path.removeprefix("/api")


def is_participant(text: str) -> bool:
    """Whether it is an id as `X-Participant` takes it: pp_ and a lower-case UUID."""
    return _PARTICIPANT.fullmatch(text) is not None
