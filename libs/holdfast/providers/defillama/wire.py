"""DefiLlama's wire format for coins.

GET /prices/current/ethereum:0xa0b8…,coingecko:ethereum?searchWidth=4h
GET /prices/historical/1767225600/ethereum:0xa0b8…,coingecko:ethereum?searchWidth=4h
    {"coins": {"ethereum:0xa0b8…": {"decimals": 6, "symbol": "USDC", "price": 0.99981, "timestamp": 1767323031,
                                    "confidence": 0.99}}}

Names come back as they were asked for; what is not known is left out. Prices are in USD.
Source: https://api-docs.defillama.com, "coins".
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote, urlencode

from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.kit.pricing import NotPricedError, to_instant, to_unit_price


class ShapeError(ValueError):
    """The JSON has not the documented shape; the message names the place."""


class Quote(NamedTuple):
    at: datetime
    price: Decimal
    """USD."""


def prices_path(names: Sequence[str], *, search_width: str, at: datetime | None = None) -> str:
    """Prices now, or as near to `at` as there are any within the search width."""
    when = "current" if at is None else f"historical/{int(at.timestamp())}"
    listed = quote(",".join(names), safe=":,")
    return f"/prices/{when}/{listed}?{urlencode({'searchWidth': search_width})}"


def to_entries(document: object) -> dict[str, dict[str, object]]:
    """The coins of an answer by name, contracts in lower case. Raises ShapeError."""
    coins = document.get("coins") if isinstance(document, dict) else None
    if not isinstance(coins, dict):
        raise ShapeError('expected {"coins": {…}}')
    for name, entry in coins.items():
        if not isinstance(entry, dict):
            raise ShapeError(f"coins[{name[:80]!r}]: expected an object")
    return {to_name(name): entry for name, entry in coins.items()}


def to_name(text: str) -> str:
    """A 0x address compares in lower case, whatever spelling comes back."""
    chain, colon, reference = text.partition(":")
    return f"{chain}{colon}{reference.lower() if reference[:2] in ('0x', '0X') else reference}"


def to_quote(entry: dict[str, object] | None, *, min_confidence_percent: int) -> Quote:
    """Raises NotPricedError, UnreadableNumberError."""
    if entry is None:
        raise NotPricedError("not_quoted")
    price = to_unit_price(entry.get("price"))
    at = to_instant(entry.get("timestamp"))
    if _confidence(entry.get("confidence")) * 100 < min_confidence_percent:
        raise NotPricedError("low_confidence")
    return Quote(at, price)


def _confidence(stated: object) -> Decimal:
    """0 where none is stated."""
    if stated is None:
        return Decimal(0)
    if isinstance(stated, bool) or not isinstance(stated, int | Decimal):
        raise UnreadableNumberError(f"confidence {str(stated)[:40]!r} is not a number")
    return Decimal(stated)
