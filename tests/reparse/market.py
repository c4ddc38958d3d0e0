"""A feed of prices that was read with one parser and is read again with another."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from holdfast.domain.prices import Price
from holdfast.events import FetchRequested
from holdfast.history.prices import read_price_book
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.recording import Case, RecordedRequest, Replay, ReplayedResponse
from services.worker.reparsing.reporting import Report
from tests.reparse.past import Past

URL = "https://prices.example/prices"
PRICES = discover()["prices"]
ETH, DAI = "eip155:1/slip44:60", "eip155:1/erc20:0x6b175474e89094c44da98b954eedeac495271d0f"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
"""Of a day that is over, and whose answers are still kept."""


def read_as(parser: Callable[[Iterable[Price]], Iterable[Price]]) -> ProviderModule:
    """The provider with a parser that makes something else of what it is answered."""

    class Reading:
        def __init__(self, right: Any) -> None:
            self._right = right

        async def fetch(self, target: Target) -> Fetched:
            fetched = await self._right.fetch(target)
            return replace(fetched, prices=tuple(parser(fetched.prices)))  # type: ignore[no-any-return]

    return replace(PRICES, build=lambda *built: Reading(PRICES.build(*built)))


def tenfold(prices: Iterable[Price]) -> Iterable[Price]:
    return [replace(price, price=price.price * 10) for price in prices]


def without(asset: str) -> Callable[[Iterable[Price]], Iterable[Price]]:
    return lambda prices: [price for price in prices if price.asset != asset]


class Market:
    """A feed that is asked at some minutes after the start, of instants that it names itself."""

    def __init__(self, past: Past) -> None:
        self.past = past

    async def hear(self, minute: int, module: ProviderModule = PRICES, **prices: str) -> None:
        """`eth="2000"`: of the start. `eth_5`: of five minutes after it."""
        rows = [
            {"asset": {"eth": ETH, "dai": DAI}[name], "price": price, "at": at(int(of or "0")).isoformat()}
            for named, price in prices.items()
            for name, _, of in [named.partition("_")]
        ]
        response = ReplayedResponse(json=msgspec.Raw(msgspec.json.encode({"prices": rows})))
        one = Case(
            description="as it was answered", settings={"url": URL}, now=at(minute),
            target=Target(feed="prices", target="*"),
            exchanges=(Replay(request=RecordedRequest(method="GET", path="/prices"), response=response),),
        )  # fmt: skip
        await self.past.hear(module, one, asked(minute))

    async def reparse(self, module: ProviderModule = PRICES, **wish: Any) -> Report:
        return await self.past.reparse(module, **wish)

    async def price(self, asset: str = ETH, minute: int = 0, known_at: datetime | None = None) -> Decimal | None:
        """Of just that instant."""
        book = await read_price_book(self.past.warehouse, [asset], known_at=known_at)
        found = book.newest(asset, at(minute))
        return None if found is None or found.at != at(minute) else found.price


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def asked(minute: int) -> FetchRequested:
    return FetchRequested(
        id=f"{minute:032x}", tenant="public", provider="prices", feed="prices", target="*", scope="", slot=at(minute),
        lane="due", requested_at=at(minute),
    )  # fmt: skip


def counts(report: Report) -> dict[str, int]:
    """What is not 0."""
    names = "same", "corrected", "new", "withdrawn", "kept"
    return {name: count for name in names if (count := getattr(report, name))}
