"""DefiLlama's coins API below `/defillama`, the open one.

    GET /defillama/prices/current/<name>,<name>?searchWidth=4h
    GET /defillama/prices/historical/<unix seconds>/<name>,<name>?searchWidth=4h

A name is `<chain>:<contract>` or `coingecko:<id>`, and comes back as it was asked for. Shares of pools are
quoted with little confidence.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.simulator.exchange import Answer, Refusal, Request, to_json
from services.simulator.world.chains import ARBITRUM, BASE, ETHEREUM, POLYGON, SOLANA
from services.simulator.world.instants import GENESIS, unix_ms
from services.simulator.world.numbers import plain
from services.simulator.world.tokens import BASE_LP, ETH, ETHEREUM_LP, POL, SOL, TOKENS, Token
from services.simulator.world.world import World, price_of

_ROOT = "/defillama/"
_CHAINS = {"ethereum": ETHEREUM, "polygon": POLYGON, "base": BASE, "arbitrum": ARBITRUM, "solana": SOLANA}
_COINS = {"ethereum": ETH, "polygon-ecosystem-token": POL, "solana": SOL}
_WIDTH = re.compile(r"([0-9]{1,6})([smhd]?)")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_POOLS = (ETHEREUM_LP, BASE_LP)
_REFUSALS: dict[Refusal, tuple[int, str]] = {
    "too_many_requests": (429, "Too many requests"),
    "unavailable": (502, "Bad gateway"),
    "key_revoked": (401, "Unauthorized"),
    "syncing": (503, "Service unavailable"),
    "payment_required": (402, "Upgrade to the paid plan"),
}


class Defillama:
    name = "defillama"
    prefixes: tuple[str, ...] = (_ROOT,)

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens = {
            f"{name}:{_spelled(token.address)}": token
            for name, chain in _CHAINS.items()
            for token in TOKENS
            if token.chain is chain and token.address
        } | {f"coingecko:{id_}": token for id_, token in _COINS.items()}

    def answer(self, request: Request, now: datetime) -> Answer:
        width = _width(request.query.get("searchWidth", "6h"))
        match request.path.removeprefix(_ROOT).split("/"):
            case ["prices", "current", names] if width is not None:
                return self._prices(names, now, now, width)
            case ["prices", "historical", seconds, names] if width is not None and _is_instant(seconds):
                return self._prices(names, datetime.fromtimestamp(int(seconds), UTC), now, width)
        return to_json({"message": "Not found"}, status=404)

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        status, message = _REFUSALS[refusal]
        return to_json({"message": message}, status=status, headers=(("retry-after", "1"),) if status == 429 else ())

    def caller(self, request: Request) -> str:
        return ""

    def _prices(self, names: str, at: datetime, now: datetime, width: timedelta) -> Answer:
        entries = ((name, self._entry(name, at, now, width)) for name in names.split(","))
        return to_json({"coins": {name: entry for name, entry in entries if entry is not None}})

    def _entry(self, name: str, at: datetime, now: datetime, width: timedelta) -> dict[str, Any] | None:
        """The newest price at or before the instant, unless it is further away than asked for."""
        chain, _, reference = name.partition(":")
        token: Token | None = self._tokens.get(f"{chain}:{_spelled(reference)}")
        quote = price_of(self._world, token, min(at, now)) if token is not None and at >= GENESIS else None
        if token is None or quote is None or at - quote.at > width:
            return None
        return {
            **({"decimals": token.decimals} if token.address else {}),
            "symbol": token.symbol,
            "price": msgspec.Raw(plain(quote.price).encode()),
            "timestamp": unix_ms(quote.at) // 1000,
            "confidence": msgspec.Raw(b"0.8" if token in _POOLS else b"0.99"),
        }


def _width(text: str) -> timedelta | None:
    found = _WIDTH.fullmatch(text)
    return timedelta(seconds=int(found[1]) * _UNITS_S[found[2]]) if found else None


def _is_instant(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10


def _spelled(reference: str) -> str:
    return reference.lower() if reference[:2] in ("0x", "0X") else reference
