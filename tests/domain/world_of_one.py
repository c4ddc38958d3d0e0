"""Short ways to say what happened, for tests that state their numbers themselves."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from holdfast.domain.ledger.entries import Entry, ledger, priced
from holdfast.domain.ledger.statements import Line, Statement
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, to_book

DAY_0 = datetime(2026, 1, 1, tzinfo=UTC)
ZERO = Decimal(0)


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def line(asset: str, amount: str, price: str | None = None, side: str = "asset") -> Line:
    """Priced by the provider if `price` is given; its value is then exactly amount · price."""
    value = None if price is None else Decimal(amount) * Decimal(price)
    return Line(asset, side, Decimal(amount), None if price is None else Decimal(price), value)  # type: ignore[arg-type]


def statement(at: datetime, *lines: Line, source: str = "s", fetched: float = 0, id_: str = "a") -> Statement:
    return Statement(source, at, at + timedelta(seconds=fetched), id_, lines)


def price_book(**assets: Mapping[float, str]) -> PriceBook:
    """`price_book(eth={0: "2000"})`: 2000 at day 0."""
    return PriceBook(
        {asset: [Quote(day(at), Decimal(price)) for at, price in of.items()] for asset, of in assets.items()}
    )


def entries_of(statements: Iterable[Statement], prices: PriceBook | None = None) -> list[Entry]:
    return ledger(list(statements), prices or PriceBook())


def valued_portfolio(
    opening: str | None, flows: Iterable[tuple[datetime, str, str]], closing: str, *, window: Window
) -> Book:
    """A portfolio known only by its value: (instant, value before the flow, flow). Its unit is worth 1 throughout;
    what it earned between is a mark that is no flow."""
    value, marks = ZERO, []
    start = () if opening is None else (_worth(window.start or window.end, Decimal(opening)),)
    for at, before, flow in flows:
        value = Decimal(before) + Decimal(flow)
        entry = priced(at, "s", ("fund", "asset"), delta=Decimal(flow), held=value, price=Decimal(1))
        marks.append(entry)
    return to_book(marks, opening=start, closing=(_worth(window.end, Decimal(closing)),), window=window)


def _worth(at: datetime, worth: Decimal) -> Entry:
    return priced(at, "s", ("fund", "asset"), delta=ZERO, held=worth, price=Decimal(1))
