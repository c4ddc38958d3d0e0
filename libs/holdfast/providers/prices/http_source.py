"""Prices from an address: `GET <url>?assets=a,b` gives `{"prices": [{"asset", "price", "quote", "at"}]}`.

Prices are decimal strings or JSON numbers, times ISO 8601 with a zone; quote is USD where it is left
out. Without `assets` it gives all there are.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from holdfast.domain.prices import Price
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.session import Request, Session
from holdfast.providers.prices.rows import RowError, to_price
from holdfast.settings import Secret


async def fetch_prices(session: Session, url: Secret, *, assets: Sequence[str], source: str) -> tuple[Price, ...]:
    """Raises ProviderError."""
    return parse_prices(await session.fetch(Request(method="GET", url=_to_url(url, assets))), source)


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


def _to_url(url: Secret, assets: Sequence[str]) -> str:
    text = url.reveal()
    if not assets:
        return text
    return text + ("&" if "?" in text else "?") + urlencode({"assets": ",".join(assets)})
