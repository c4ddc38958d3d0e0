"""A price that was never stated and is taken back: what was known before stays known, and everything follows."""

import hashlib
import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.prices import Price
from holdfast.events import PricesObserved, PricesWithdrawn
from holdfast.history.prices import read_price_book
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.closing.days import note_told_again, read_due
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from services.aggregator.settings import ClosingSettings
from tests.aggregator.guard_stage import ETH, Stage, after, held, priced, registry, setting, states

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINES = "SELECT value_usd, price_source, reason FROM balances FINAL WHERE asset = {asset:String}"


class Told(Struct, frozen=True, kw_only=True):
    """A price of one instant that was fetched at a minute, and recorded then; none: it is taken back until then."""

    minute: int
    price: int | None
    recorded: int = 0

    def to_arrival(self, asset: str) -> Arrival:
        fetched_at, recorded_at = minute(self.minute), minute(self.recorded or self.minute)
        price = Price(asset=asset, quote=USD, at=AT, price=Decimal(self.price or 100), source="feed")
        said = hashlib.sha256(f"{asset} {self.price} {self.minute}".encode()).hexdigest()[:32]
        event = (
            PricesObserved(
                id=said, tenant="public", provider="feed", fetched_at=fetched_at, job_id="0" * 32, prices=(price,)
            )
            if self.price is not None
            else PricesWithdrawn(
                id=said, tenant="public", provider="feed", until=fetched_at, withdrawn_at=recorded_at,
                job_id="0" * 32, prices=(price,),
            )
        )  # fmt: skip
        return Arrival(event=event, sequence=1, recorded_at=recorded_at)


def minute(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def asset(number: int) -> str:
    return f"eip155:1/erc20:0x{number:040x}"


async def take(warehouse: Warehouse, *batches: Sequence[Arrival]) -> None:
    for batch in batches:
        await insert(warehouse, prepare(batch), ranking=("feed",))


async def known(warehouse: Warehouse, of: str, *minutes: float) -> list[Decimal | None]:
    books = [await read_price_book(warehouse, [of], known_at=minute(number)) for number in minutes]
    return [None if (found := book.newest(of, AT)) is None else found.price for book in books]


async def test_in_whatever_order_it_comes_what_was_fetched_until_then_is_gone_and_what_is_said_later_stands(
    warehouse: Warehouse,
) -> None:
    """Of an asset for each order, side by side: said twice, taken back, said again."""
    told = (
        Told(minute=1, price=100), Told(minute=2, price=100), Told(minute=2, price=None, recorded=5),
        Told(minute=7, price=100),
    )  # fmt: skip
    orders = {asset(number): order for number, order in enumerate(itertools.permutations(told))}
    turns = [[orders[one][turn].to_arrival(one) for one in orders] for turn in range(4)]
    await take(warehouse, *turns, turns[0])
    for of in orders:
        assert await known(warehouse, of, 0.5, 1.5, 4.5, 5.5, 7.5) == [None, 100, 100, None, 100]


async def test_a_line_falls_back_to_the_price_before_it_and_to_none(warehouse: Warehouse) -> None:
    stage = Stage(warehouse, ranking=("feed",))
    await stage.projector.reconcile(registry(1, setting("okx")))
    first, second, third = priced(ETH, -9, "10"), priced(ETH, -5, "20"), priced(ETH, -7, "30")
    await stage.take(first, second, states("okx", 0, held(ETH, "2", None)))
    for event, value in ((second, 20), (third, 60), (third, 20), (first, None)):
        await stage.take(event if event is third and value == 60 else withdrawn(event))
        [row] = await warehouse.query(LINES, {"asset": ETH})
        assert (row["value_usd"], row["reason"]) == (value, "" if value else "no_price")
        assert [row["net"] for row in await stage.rows(TOTALS)] == [value or 0]


async def test_in_whatever_order_it_comes_lines_are_valued_alike(warehouse: Warehouse) -> None:
    """Of an asset and a wallet for each order: 2 at the price of minute -7, as that of -5 is taken back."""
    orders = list(itertools.permutations(range(5)))
    told = [
        [
            priced(of, -9, "10"), priced(of, -7, "30"), stated := priced(of, -5, "20"), withdrawn(stated),
            states("okx", 0, held(of, "2", None), wallet=f"eip155:1:0x{number:040x}"),
        ]
        for number, of in enumerate(map(asset, range(len(orders))))
    ]  # fmt: skip
    for turn in range(5):
        events = [one[order[turn]] for one, order in zip(told, orders, strict=True)]
        await take(warehouse, [Arrival(event=event, sequence=1, recorded_at=after(90)) for event in events])
    worth = "SELECT DISTINCT toInt64(value_usd), toInt64(price_usd), reason FROM balances FINAL"
    assert await warehouse.rows(worth) == [(60, 30, "")]


async def test_of_two_sources_the_other_one_counts_then(warehouse: Warehouse) -> None:
    stage = Stage(warehouse, ranking=("feed", "other"))
    await stage.projector.reconcile(registry(1, setting("okx")))
    best, other = priced(ETH, -5, "20"), priced(ETH, -5, "10", by="other")
    await stage.take(best, other, states("okx", 0, held(ETH, "2", None)))
    await stage.take(withdrawn(best))
    [row] = await warehouse.query(LINES, {"asset": ETH})
    assert (row["value_usd"], row["price_source"]) == (20, "other")


async def test_a_day_that_is_over_is_due_when_its_price_is_taken_back_and_when_it_is_said_again(
    warehouse: Warehouse,
) -> None:
    stage = Stage(warehouse, ranking=("feed",))
    await stage.projector.reconcile(registry(1, setting("okx")))
    stated = priced(ETH, -5, "20")
    await stage.take(stated, states("okx", 0, held(ETH, "2", None)))
    for event in (withdrawn(stated), priced(ETH, -5, "20", fetched=90)):
        await closed(warehouse)
        assert await due(warehouse) == []
        await stage.take(event)
        assert await due(warehouse) == [after(0).date()]


async def closed(warehouse: Warehouse) -> None:
    """The day is worked out, of all that is stored by then."""
    row = f"'acme', 'main', 'all', 1, ['feed'], '{after(0).date()}', ['{ETH}'], now64(3) + toIntervalMillisecond(1)"
    await warehouse.command(
        "INSERT INTO closed_days (tenant, portfolio, span, revision, ranking, day, assets, computed_at) SELECT " + row
    )


async def due(warehouse: Warehouse) -> list[date]:
    await note_told_again(warehouse)
    settings = ClosingSettings(days=1, margin_s=0)
    return [one.day for one in await read_due(warehouse, after(0).date(), settings, ranking=("feed",), most=9)]


TOTALS = "SELECT net FROM portfolio_value"


def withdrawn(event: PricesObserved) -> PricesWithdrawn:
    return PricesWithdrawn(
        id=hashlib.sha256(event.id.encode()).hexdigest()[:32], tenant="public", provider=event.provider,
        until=event.fetched_at, withdrawn_at=after(60), job_id=event.job_id, prices=event.prices,
    )  # fmt: skip
