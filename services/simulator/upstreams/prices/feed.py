"""`GET /prices?assets=a,b` (none: all) → `{"prices":[{"asset","price","quote","at"}]}`.

`at` is the start of the step since which the price holds. An asset that nobody quotes is left out.
"""

from collections.abc import Iterable
from datetime import datetime

from services.simulator.exchange import Answer, Refusal, Request, to_json
from services.simulator.world.instants import iso
from services.simulator.world.numbers import plain
from services.simulator.world.tokens import TOKENS, Token
from services.simulator.world.world import World, price_of

_REFUSALS: dict[Refusal, tuple[int, str]] = {
    "too_many_requests": (429, "too many requests"),
    "unavailable": (503, "temporarily unavailable"),
    "key_revoked": (403, "forbidden"),
    "syncing": (503, "prices are still loading"),
    "payment_required": (402, "payment required"),
}


class PriceFeed:
    name = "prices"
    prefixes: tuple[str, ...] = ("/prices",)

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens = {token.asset: token for token in TOKENS}

    def answer(self, request: Request, now: datetime) -> Answer:
        if request.method != "GET":
            return to_json({"error": "method not allowed", "fix": "GET /prices"}, status=405)
        wanted = [asset for asset in request.query.get("assets", "").split(",") if asset]
        tokens = [self._tokens[asset] for asset in wanted if asset in self._tokens] if wanted else TOKENS
        return to_json({"prices": self._rows(tokens, now)})

    def _rows(self, tokens: Iterable[Token], now: datetime) -> list[dict[str, str]]:
        quotes = ((token, price_of(self._world, token, now)) for token in tokens)
        return [
            {"asset": token.asset, "price": plain(quote.price), "quote": "iso4217:USD", "at": iso(quote.at)}
            for token, quote in quotes
            if quote is not None
        ]

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        status, why = _REFUSALS[refusal]
        return to_json({"error": why}, status=status, headers=(("retry-after", "1"),) if status == 429 else ())

    def caller(self, request: Request) -> str:
        return ""
