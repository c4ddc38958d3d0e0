"""CoinGecko's API v3 below `/coingecko`, as the demo plan has it: one contract a request, a year of history.

    GET /coingecko/api/v3/simple/price?ids=…&vs_currencies=usd&include_last_updated_at=true
    GET /coingecko/api/v3/simple/token_price/<platform>?contract_addresses=…&vs_currencies=usd
    GET /coingecko/api/v3/coins/<id>/market_chart/range?vs_currency=usd&from=…&to=…
    GET /coingecko/api/v3/coins/<platform>/contract/<address>/market_chart/range?…

Prices have all their digits, whatever `precision` says; `usd` is the only currency.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.simulator.exchange import Answer, Refusal, Request, to_json
from services.simulator.upstreams.coingecko.listing import COINS, CONTRACTS, PLATFORMS
from services.simulator.upstreams.okx.window import SlidingWindow
from services.simulator.world.instants import GENESIS, unix_ms
from services.simulator.world.numbers import plain
from services.simulator.world.tokens import Token
from services.simulator.world.world import World, price_of

_ROOT = "/coingecko/api/v3/"
_MOST_CONTRACTS = 1
_MOST_HISTORY = timedelta(days=365)
_FAR = "To enjoy more, subscribe to a paid plan."
_REFUSALS: dict[Refusal, tuple[int, int, str]] = {
    "too_many_requests": (429, 429, "You've exceeded the Rate Limit."),
    "unavailable": (503, 503, "Service unavailable"),
    "key_revoked": (401, 10002, "API Key Missing"),
    "syncing": (503, 503, "Service unavailable"),
    "payment_required": (402, 402, "Payment required"),
}


class Coingecko:
    name = "coingecko"
    prefixes: tuple[str, ...] = ("/coingecko/",)

    def __init__(self, world: World, *, api_key: str, window: SlidingWindow) -> None:
        self._world = world
        self._api_key = api_key
        self._window = window

    def answer(self, request: Request, now: datetime) -> Answer:
        if request.headers.get("x-cg-pro-api-key"):
            return _error(400, 10010, "If you are using Pro API key, please change your root URL", inside=False)
        if request.headers.get("x-cg-demo-api-key") != self._api_key:
            return self.refuse("key_revoked", request)
        if not self._window.admit(self._api_key):
            return self.refuse("too_many_requests", request)
        match request.path.removeprefix(_ROOT).split("/"):
            case ["simple", "price"]:
                return self._prices(COINS.get, _listed(request, "ids"), request, now)
            case ["simple", "token_price", platform] if platform in PLATFORMS:
                return self._contract_prices(platform, request, now)
            case ["coins", id_, "market_chart", "range"]:
                return self._history(COINS.get(id_), request, now)
            case ["coins", platform, "contract", address, "market_chart", "range"]:
                return self._history(CONTRACTS.get((platform, _spelled(address))), request, now)
        return to_json({"error": "Incorrect path. Please check https://www.coingecko.com/api/"}, status=404)

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        status, code, message = _REFUSALS[refusal]
        return _error(status, code, message)

    def caller(self, request: Request) -> str:
        return request.headers.get("x-cg-demo-api-key", "")

    def _contract_prices(self, platform: str, request: Request, now: datetime) -> Answer:
        addresses = [_spelled(address) for address in _listed(request, "contract_addresses")]
        if len(addresses) > _MOST_CONTRACTS:
            message = (
                f"Number of contract addresses in the request exceeds the allowed limit ({_MOST_CONTRACTS}). {_FAR}"
            )
            return _error(400, 10012, message, inside=False)
        return self._prices(lambda address: CONTRACTS.get((platform, address)), addresses, request, now)

    def _prices(
        self, find: Callable[[str], Token | None], ids: Iterable[str], request: Request, now: datetime
    ) -> Answer:
        """What is not listed is left out; a currency that there is not is left out of each entry."""
        timed = request.query.get("include_last_updated_at") == "true"
        in_usd = "usd" in _listed(request, "vs_currencies")
        entries: dict[str, dict[str, Any]] = {}
        for id_ in ids:
            token = find(id_)
            quote = price_of(self._world, token, now) if token is not None else None
            if quote is not None:
                entries[id_] = {"usd": msgspec.Raw(plain(quote.price).encode())} if in_usd else {}
                entries[id_] |= {"last_updated_at": unix_ms(quote.at) // 1000} if timed else {}
        return to_json(entries)

    def _history(self, token: Token | None, request: Request, now: datetime) -> Answer:
        if token is None:
            return to_json({"error": "coin not found"}, status=404)
        try:
            start, end = (datetime.fromtimestamp(int(request.query[name]), UTC) for name in ("from", "to"))
        except (KeyError, ValueError, OverflowError, OSError):
            return to_json({"error": "Missing or invalid parameter from, to"}, status=422)
        if start < now - _MOST_HISTORY:
            error = {"error_code": 10012, "error_message": f"Your request exceeds the allowed time range. {_FAR}"}
            return to_json({"error": {"status": error}}, status=401)
        points = [
            [unix_ms(at), msgspec.Raw(plain(quote.price).encode())]
            for at in _instants(start, min(end, now))
            if (quote := price_of(self._world, token, at)) is not None
        ]
        return to_json({"prices": points, "market_caps": [], "total_volumes": []})


def _instants(start: datetime, end: datetime) -> Iterable[datetime]:
    """Every 5 minutes up to a day, every hour up to 90 days, every day above."""
    length = end - start
    step = timedelta(days=1)
    if length <= timedelta(days=90):
        step = timedelta(minutes=5) if length <= timedelta(days=1) else timedelta(hours=1)
    at = GENESIS - (GENESIS - start) // step * step
    while at <= end:
        yield at
        at += step


def _listed(request: Request, name: str) -> list[str]:
    return [text for text in request.query.get(name, "").split(",") if text]


def _spelled(address: str) -> str:
    return address.lower() if address[:2] in ("0x", "0X") else address


def _error(status: int, code: int, message: str, *, inside: bool = True) -> Answer:
    """The code stands inside of `status`, or beside it."""
    body: dict[str, Any] = {"status": {"error_code": code, "error_message": message}}
    if not inside:
        body = {"error_code": code, "status": {"error_message": message}}
    return to_json(body, status=status, headers=(("retry-after", "1"),) if status == 429 else ())
