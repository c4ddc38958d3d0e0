"""The oracle's random worlds, as the engine is told of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

from holdfast.domain.assets import EUR, USD
from holdfast.domain.conversion import RateBook
from holdfast.domain.ledger.entries import Entry, ledger
from holdfast.domain.ledger.membership import ALWAYS, Interval
from holdfast.domain.ledger.statements import Line, Statement, current
from holdfast.domain.money import EXACT
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.history.ledgers import SourceLedger, to_source_ledger
from holdfast.history.memberships import SourceMembership
from holdfast.history.snapshots import StoredLine, StoredSnapshot
from tests.support.oracle_ledger import SCALE, UNRATED, Snap, World, cut
from tests.support.oracle_ledger import Line as ToldLine
from tests.support.random_worlds import random_world

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
OTHER = "iso4217:GBP"
FRANCS = "iso4217:CHF"
"""Nobody exchanges them."""
UNIT = Fraction(1, SCALE)

thoroughly = settings(max_examples=500, deadline=None)


def worlds(*, gaps: bool | None = None, currency: bool | None = None) -> st.SearchStrategy[World]:
    """Shrinks to few snapshots, to no gaps and to dollars."""
    return st.builds(
        random_world,
        st.integers(0, 10**9),
        st.integers(1, 6),
        gaps=st.booleans() if gaps is None else st.just(gaps),
        currency=st.booleans() if currency is None else st.just(currency),
    )


def at(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def exact(number: Fraction) -> Decimal:
    """Of a number with at most 36 decimals."""
    times, rest = divmod(SCALE, number.denominator)
    assert rest == 0
    return Decimal(f"{number.numerator * times}E-36")


def to_statement(source: str, snap: Snap) -> Statement:
    lines = tuple(_to_line(line, snap.doubts.get(place, "")) for place, line in enumerate(snap.lines))
    return Statement(source, at(snap.at), at(snap.fetched), snap.id, lines)


def _to_line(told: ToldLine, doubt: str) -> Line:
    """As the store has it: of one without a rate, what it waits for."""
    asset, side, amount, price = told
    what = Line(asset or None, side, None if amount is None else exact(amount))  # type: ignore[arg-type]
    if doubt == UNRATED:
        return what._replace(reason="no_price", waits_for=FRANCS)
    stated = None if price is None or not asset else exact(price)
    return what._replace(price=stated, value=_value(asset, amount, price), reason=doubt)


def _value(asset: str, amount: Fraction | None, price: Fraction | None) -> Decimal | None:
    if price is None:
        return None
    return exact(price) if not asset else None if amount is None else exact(cut(amount * price))


def to_prices(world: World) -> PriceBook:
    return PriceBook(
        {asset: [Quote(at(when), exact(price)) for when, price in quotes] for asset, quotes in world.prices.items()}
    )


def to_rates(world: World) -> RateBook:
    """As published, in numbers that have an end."""
    published: dict[tuple[str, str], list[Quote]] = {}
    for when, rate in world.rates or ():
        above, below = Decimal(rate.numerator), Decimal(rate.denominator)
        legs = {
            "direct": [((USD, OTHER), EXACT.divide(above, below))],
            "inverse": [((OTHER, USD), below)],
            "crossed": [((EUR, USD), below), ((EUR, OTHER), above)],
        }[world.quoted]
        for pair, number in legs:
            published.setdefault(pair, []).append(Quote(at(when), number))
    return RateBook(published)


def to_ledgers(world: World) -> dict[str, list[Entry]]:
    """In dollars, as each source alone."""
    prices = to_prices(world)
    return {
        source: ledger(current(to_statement(source, snap) for snap in snaps), prices)
        for source, snaps in world.sources.items()
    }


def to_source_ledgers(
    world: World, start: int | None = None, prices: PriceBook | None = None
) -> dict[str, SourceLedger]:
    """In dollars, each source as the portfolio sees it in the window: without receipts while they are stood for.

    `prices`: the world's, if they are at hand.
    """
    members = [_to_membership(world, source) for source in world.sources]
    chains = {source: _to_chain(world, source) for source in world.sources}
    prices, window = prices or to_prices(world), to_window(world, start)
    return {one.source: to_source_ledger(one, members, chains, prices, window) for one in members}


def to_members(world: World) -> dict[str, list[Entry]]:
    """The entries alone."""
    return {source: list(of.entries) for source, of in to_source_ledgers(world).items()}


def to_window(world: World, start: int | None = None) -> Window:
    return Window(None if start is None else at(start), at(world.end))


def to_book(world: World, *, start: int | None = None, ledgers: Iterable[list[Entry]] | None = None) -> Book:
    """Of all that the portfolio sees, or of some of its ledgers."""
    prices = to_prices(world)
    seen = to_source_ledgers(world, start, prices).values() if ledgers is None else ()
    return build_book(
        [one.entries for one in seen] if ledgers is None else ledgers,
        window=to_window(world, start),
        prices=prices,
        rates=to_rates(world),
        currency=USD if world.rates is None else OTHER,
        coverage=[one.coverage for one in seen],
    )


def _interval(start: int, end: int) -> Interval:
    return Interval(at(start), at(end) if end < 10**8 else ALWAYS.end)


def _to_membership(world: World, source: str) -> SourceMembership:
    during = tuple(_interval(*times) for times in world.during.get(source, ())) if source in world.during else (ALWAYS,)
    account = world.accounts.get(source, source)
    return SourceMembership(source=source, account=account, provider="p", scope=source, during=during)


def _to_chain(world: World, source: str) -> list[StoredSnapshot]:
    """As far as it is read for a window: what is stated behind its end must not change it."""
    told = {snap.id: snap for snap in world.sources[source]}
    statements = current(to_statement(source, snap) for snap in world.sources[source])
    return [_to_stored(world, one, told[one.snapshot_id]) for one in statements if one.at <= at(world.end)]


def _to_stored(world: World, one: Statement, snap: Snap) -> StoredSnapshot:
    kinds = ("wallet" if place in snap.wallet else "deposit" for place in range(len(one.lines)))
    return StoredSnapshot(
        source=one.source,
        account=world.accounts.get(one.source, one.source),
        at=one.at,
        fetched_at=one.fetched_at,
        snapshot_id=one.snapshot_id,
        covers=tuple(sorted(snap.covers)),
        lines=tuple(map(StoredLine, kinds, one.lines)),
    )
