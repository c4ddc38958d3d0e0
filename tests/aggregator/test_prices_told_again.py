"""A price that is said, taken back and said again: what its source said last is current, as known at any time."""

import hashlib
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.conversion import Rate
from holdfast.domain.prices import Price
from holdfast.events import PricesObserved
from holdfast.history.prices import read_price_book, read_rate_book
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from tests.aggregator.guard_stage import ETH, Stage, held, priced, registry, setting, states

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EUR = "iso4217:EUR"
CLAIMS = "SELECT toFloat64(price) FROM prices FINAL WHERE asset = {asset:String} ORDER BY fetched_at"
VALUES = "SELECT value_usd FROM balances FINAL"


class Told(Struct, frozen=True, kw_only=True):
    """What was said of one instant, fetched and recorded so many minutes later. Its id says what, and not when."""

    price: int
    fetched: int
    recorded: int
    asset: str = ETH

    def to_arrival(self) -> Arrival:
        price = Price(asset=self.asset, quote=USD, at=AT, price=Decimal(self.price), source="feed")
        said = hashlib.sha256(f"{self.asset} {self.price}".encode()).hexdigest()[:32]
        event = PricesObserved(
            id=said, tenant="public", provider="feed", fetched_at=minute(self.fetched),
            job_id=f"{self.fetched:032x}", prices=(price,),
        )  # fmt: skip
        return Arrival(event=event, sequence=1, recorded_at=minute(self.recorded))


def minute(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def said(*prices: int, asset: str = ETH) -> list[Told]:
    """One after the other, recorded when they are fetched."""
    return [Told(price=price, fetched=number, recorded=number, asset=asset) for number, price in enumerate(prices, 1)]


async def take(warehouse: Warehouse, *batches: Sequence[Told]) -> None:
    for batch in batches:
        await insert(warehouse, prepare([one.to_arrival() for one in batch]), ranking=("feed",))


async def price_of(warehouse: Warehouse, known_at: datetime | None = None, asset: str = ETH) -> Decimal | None:
    book = await read_price_book(warehouse, [asset], known_at=known_at)
    found = book.newest(asset, AT)
    return None if found is None else found.price


async def known(warehouse: Warehouse, minutes: int, asset: str = ETH) -> list[Decimal | None]:
    """As known half a minute before each of the first minutes."""
    return [await price_of(warehouse, minute(number - 0.5), asset) for number in range(1, minutes + 2)]


async def merge(warehouse: Warehouse) -> None:
    for table in ("prices", "price_retellings"):
        await warehouse.command(f"OPTIMIZE TABLE {table} FINAL")


async def test_what_is_said_again_after_it_was_taken_back_is_current(warehouse: Warehouse) -> None:
    await take(warehouse, *([one] for one in said(100, 200, 100)))
    before = await known(warehouse, 3)
    await merge(warehouse)
    assert await known(warehouse, 3) == before == [None, 100, 200, 100]
    assert await price_of(warehouse) == 100


async def test_rates_too(warehouse: Warehouse) -> None:
    await take(warehouse, *([one] for one in said(2, 3, 2, asset=EUR)))
    await merge(warehouse)
    for number, rate in enumerate((2, 3, 2), 1):
        found = (await read_rate_book(warehouse, [EUR], known_at=minute(number))).find(EUR, USD, AT)
        assert isinstance(found, Rate)
        assert found.value == rate


async def test_in_whatever_order_it_comes_and_however_often(warehouse: Warehouse) -> None:
    """Of an asset for each order, side by side."""
    orders = {f"eip155:1/erc20:0x{number:040x}": order for number, order in enumerate(itertools.permutations(range(3)))}
    told = {asset: said(100, 200, 100, asset=asset) for asset in orders}
    turns = [[told[asset][order[turn]] for asset, order in orders.items()] for turn in range(3)]
    every = list(itertools.chain.from_iterable(told.values()))
    await take(warehouse, *turns, every, every[::-1])
    for _ in ("as they came", "merged"):
        assert [await known(warehouse, 3, asset) for asset in orders] == [[None, 100, 200, 100]] * len(orders)
        await merge(warehouse)
    for asset in orders:
        assert await warehouse.rows(CLAIMS, {"asset": asset}) == [(100,), (200,), (100,)]


async def test_one_message_that_comes_again_is_one_claim(warehouse: Warehouse) -> None:
    """The stream may keep it twice: then it was recorded when it first was."""
    once = Told(price=100, fetched=1, recorded=1)
    await take(warehouse, [once], [Told(price=100, fetched=1, recorded=9)], [once])
    assert await warehouse.rows(CLAIMS, {"asset": ETH}) == [(100,)]
    assert await known(warehouse, 1) == [None, 100]


async def test_what_is_said_again_unchanged_takes_no_room(warehouse: Warehouse) -> None:
    await take(warehouse, *([one] for one in said(*[100] * 4, *[200] * 4, *[100] * 4)))
    assert await warehouse.rows(CLAIMS, {"asset": ETH}) == [(100,), (200,), (100,)]
    assert await price_of(warehouse) == 100


async def test_what_was_said_in_between_and_comes_last_does_not_outlive_what_was_said_after_it(
    warehouse: Warehouse,
) -> None:
    first, between, after = said(100, 200, 100)
    await take(warehouse, [first], [after])
    assert await warehouse.rows(CLAIMS, {"asset": ETH}) == [(100,)]
    await take(warehouse, [between])
    assert await known(warehouse, 3) == [None, 100, 200, 100]


async def test_what_is_recorded_before_the_claim_that_it_repeats_is_known_from_then_on(warehouse: Warehouse) -> None:
    await take(warehouse, [Told(price=100, fetched=1, recorded=9)], [Told(price=100, fetched=2, recorded=2)])
    assert await known(warehouse, 2) == [None, None, 100]


async def test_lines_are_valued_by_what_is_said_last(warehouse: Warehouse) -> None:
    stage = Stage(warehouse, ranking=("feed",))
    await stage.projector.reconcile(registry(1, setting("okx")))
    await stage.take(states("okx", 0, held(ETH, "2", None)))
    for fetched, price in enumerate(("100", "200", "100", "200")):
        await stage.take(priced(ETH, -5, price, fetched=fetched))
        assert [row["value_usd"] for row in await stage.rows(VALUES)] == [2 * Decimal(price)]
