"""`GET /prices?assets=a,b` (none: all) → `{"prices":[{"asset","price","quote","at"}]}`.

`at` is the start of the step since which the price holds. An asset that nobody quotes is left out.
With `from`, `to` and `every_s`: what held at each instant of that grid, which is anchored at `to`.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from services.simulator.exchange import Answer, Refusal, Request, to_json
from services.simulator.world.instants import GENESIS, iso
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


_FIX = "send from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&every_s=3600, or none of them"
_MOST_INSTANTS = 1000


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
        try:
            instants = _instants(request, now)
        except (KeyError, ValueError) as error:
            return to_json({"error": f"from, to, every_s: {error}", "fix": _FIX}, status=400)
        return to_json({"prices": [row for at in instants for row in self._rows(tokens, at)]})

    def _rows(self, tokens: Iterable[Token], at: datetime) -> Iterator[dict[str, str]]:
        for token in tokens:
            quote = price_of(self._world, token, at)
            if quote is not None:
                yield {"asset": token.asset, "price": plain(quote.price), "quote": "iso4217:USD", "at": iso(quote.at)}

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        status, why = _REFUSALS[refusal]
        return to_json({"error": why}, status=status, headers=(("retry-after", "1"),) if status == 429 else ())

    def caller(self, request: Request) -> str:
        return ""


def _instants(request: Request, now: datetime) -> list[datetime]:
    """Oldest first, none in the future. Raises KeyError or ValueError for a window that is none."""
    if "from" not in request.query:
        return [now]
    start, end = (datetime.fromisoformat(request.query[name]).astimezone(UTC) for name in ("from", "to"))
    step = timedelta(seconds=int(request.query["every_s"]))
    if step <= timedelta() or (end - start) / step >= _MOST_INSTANTS:
        raise ValueError(f"at most {_MOST_INSTANTS} instants, a second apart or more")
    grid = (end - number * step for number in range((end - start) // step + 1))
    return sorted(at for at in grid if GENESIS <= at <= now)
