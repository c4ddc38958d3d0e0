"""CoinGecko's wire format, API v3.

GET /simple/price?ids=ethereum,solana&vs_currencies=usd&include_last_updated_at=true&precision=full
    {"ethereum": {"usd": 3021.481, "last_updated_at": 1767323040}}
GET /simple/token_price/ethereum?contract_addresses=0xa0b8…&…
    {"0xa0b8…eb48": {"usd": 0.99981, "last_updated_at": 1767323031}}      0x addresses in lower case
GET /coins/ethereum/market_chart/range?vs_currency=usd&from=1767225600&to=1767312000&precision=full
GET /coins/ethereum/contract/0xa0b8…/market_chart/range?…
    {"prices": [[1767225612345, 2971.2], …], "market_caps": […], "total_volumes": […]}

What is not known is left out; what is known without a market has null, or no currency at all.
Source: https://docs.coingecko.com/reference/simple-price, /simple-token-price, /coins-id-market-chart-range.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote, urlencode

from holdfast.providers.coingecko.platforms import Place
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.kit.pricing import NotPricedError, to_instant, to_unit_price

_CURRENCY = "usd"


class ShapeError(ValueError):
    """The JSON has not the documented shape; the message names the place."""


class Quote(NamedTuple):
    at: datetime
    price: Decimal
    """USD."""


def price_path(platform: str, ids: Sequence[str]) -> str:
    """Current prices of coins (no platform) or of contracts on one platform."""
    path = f"/simple/token_price/{_segment(platform)}" if platform else "/simple/price"
    name = "contract_addresses" if platform else "ids"
    wanted = {
        name: ",".join(ids),
        "vs_currencies": _CURRENCY,
        "include_last_updated_at": "true",
        "precision": "full",
    }
    return f"{path}?{urlencode(wanted)}"


def to_entries(document: object) -> dict[str, dict[str, object]]:
    """An answer of `price_path` by id. Raises ShapeError."""
    if not isinstance(document, dict):
        raise ShapeError("expected an object by id")
    for id_, entry in document.items():
        if not isinstance(entry, dict):
            raise ShapeError(f"{id_[:80]}: expected an object")
    return {to_id(id_): entry for id_, entry in document.items()}


def to_id(text: str) -> str:
    """0x addresses come in lower case; should one not, it is still the same contract."""
    return text.lower() if text[:2] in ("0x", "0X") else text


def to_quote(entry: dict[str, object] | None) -> Quote:
    """Raises NotPricedError, UnreadableNumberError."""
    if entry is None:
        raise NotPricedError("not_quoted")
    price = to_unit_price(entry.get(_CURRENCY))
    return Quote(to_instant(entry.get("last_updated_at")), price)


def history_path(place: Place, start: datetime, end: datetime) -> str:
    """Prices of one coin or contract from `start` to `end`, both included.

    Up to a day is answered every 5 minutes, up to 90 days every hour, above once a day.
    """
    if place.platform:
        path = f"/coins/{_segment(place.platform)}/contract/{_segment(place.id)}"
    else:
        path = f"/coins/{_segment(place.id)}"
    window = {"from": int(start.timestamp()), "to": int(end.timestamp())}
    return f"{path}/market_chart/range?{urlencode({'vs_currency': _CURRENCY, **window, 'precision': 'full'})}"


def to_history(document: object) -> list[Quote]:
    """An answer of `history_path`; points without a price are left out. Raises ShapeError, UnreadableNumberError."""
    points = document.get("prices") if isinstance(document, dict) else None
    if not isinstance(points, list):
        raise ShapeError('expected {"prices": […]}')
    quotes = []
    for place, point in enumerate(points):
        if not isinstance(point, list) or len(point) != 2:
            raise ShapeError(f"prices[{place}]: expected [milliseconds, price]")
        try:
            quotes.append(Quote(to_instant(_seconds(point[0])), to_unit_price(point[1])))
        except NotPricedError:
            continue
    return quotes


def _seconds(milliseconds: object) -> Decimal:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        raise UnreadableNumberError(f"{str(milliseconds)[:40]!r} is not Unix time in milliseconds")
    return Decimal(milliseconds).scaleb(-3)


def _segment(text: str) -> str:
    return quote(text, safe="")
