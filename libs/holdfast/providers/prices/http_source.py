"""Prices from an address: `GET <url>?assets=a,b` gives `{"prices": [{"asset", "price", "quote", "at"}]}`.

Prices are decimal strings or JSON numbers, times ISO 8601 with a zone; quote is USD where it is left
out. Without `assets` it gives all there are.

With `from`, `to` (ISO 8601, both included) and `every_s` it gives, for each instant of that grid, which is
anchored at `to`, the price that held then. A source without a past may ignore the three: what it says
of another time is left out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.session import Request, Session
from holdfast.providers.prices.rows import RowError, to_price
from holdfast.settings import Secret


async def fetch_prices(
    session: Session, url: Secret, *, assets: Sequence[str], window: JobWindow | None, source: str
) -> tuple[Price, ...]:
    """Raises ProviderError."""
    return parse_prices(await session.fetch(Request(method="GET", url=_to_url(url, assets, window))), source)


def parse_prices(answer: Answer, source: str) -> tuple[Price, ...]:
    """Raises UnexpectedResponseError naming the entry and field."""
    document = answer.json()
    rows = document.get("prices") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise answer.unexpected('expected {"prices": […]}')
    prices = []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise answer.unexpected(f"prices[{place}]: expected an object")
        try:
            prices.append(to_price(row, source))
        except RowError as error:
            raise answer.unexpected(f"prices[{place}].{error}") from error
    return tuple(prices)


def _to_url(url: Secret, assets: Sequence[str], window: JobWindow | None) -> str:
    text = url.reveal()
    asked = {"assets": ",".join(assets)} if assets else {}
    if window is not None:
        asked |= {"from": _iso(window.start), "to": _iso(window.end), "every_s": str(window.every_s)}
    return text + ("&" if "?" in text else "?") + urlencode(asked) if asked else text


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
