"""Ledgers read sparsely are those of every statement there is, and those that were known."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.exact import total
from holdfast.domain.ledger.membership import ALWAYS, Interval
from holdfast.domain.returns.answers import CostBasisReturn, RateOfReturn, SimpleReturn, Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.domain.returns.cost_basis import cost_basis
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.simple import simple_return
from holdfast.domain.returns.time_weighted import time_weighted_return
from holdfast.history.ledgers import Ledgers, read_ledgers, read_windows, to_source_ledger
from holdfast.history.memberships import SourceMembership
from holdfast.history.prices import read_price_book
from holdfast.history.snapshots import Span, read_snapshots
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from tests.aggregator.comparing import empty
from tests.aggregator.messages import ACCOUNTS, SCOPES, START
from tests.aggregator.worlds import NOW, RANKING, deliveries, worlds
from tests.history.delivering import deliver
from tests.support.sampling import few, many

_UNIT = Decimal("1e-36")
METHODS: Sequence[Callable[[Book], Any]] = (
    simple_return,
    lambda book: cost_basis(book, "average_cost"),
    lambda book: cost_basis(book, "fifo"),
    time_weighted_return,
    modified_dietz,
)


@st.composite
def memberships(draw: st.DrawFn) -> list[SourceMembership]:
    """Each source always, or for a while."""
    instants = st.sampled_from([START + timedelta(minutes=minutes) for minutes in (0, 20, 55, 110, 1440, 4320)])
    members = []
    for account in ACCOUNTS:
        for provider, scope in SCOPES:
            start, end = draw(st.none() | instants), draw(st.none() | instants)
            during = Interval(start or ALWAYS.start, end or ALWAYS.end)
            members.append(
                SourceMembership(
                    source=f"acme/{provider}/{account}/{scope}",
                    account=account,
                    provider=provider,
                    scope=scope,
                    during=(during,) if during.start < during.end else (),
                )
            )
    return members


def book_of(ledgers: Ledgers) -> Book:
    return build_book(
        [one.entries for one in ledgers.sources],
        window=ledgers.window,
        prices=ledgers.prices,
        coverage=[one.coverage for one in ledgers.sources],
    )


async def read_whole(warehouse: Warehouse, members: Sequence[SourceMembership], window: Window) -> Ledgers:
    """From every statement and every price: what the sparse reading is held against."""
    span = Span(until=window.end)
    chains = await read_snapshots(warehouse, [member.source for member in members], span)
    held = {line.asset for chain in chains.values() for one in chain for _, line in one.lines if line.asset}
    prices = await read_price_book(warehouse, held, ranking=RANKING)
    sources = tuple(to_source_ledger(member, members, chains, prices, window) for member in members)
    return Ledgers(window=window, sources=sources, prices=prices)


def assert_same(sparse: Book, whole: Book) -> None:
    tolerance = _UNIT * (len(whole.entries) + len(whole.closing) + 1)
    assert [(key, [(m.at, m.delta) for m in of]) for key, of in sorted(sparse.movements.items()) if of] == [
        (key, [(m.at, m.delta) for m in of]) for key, of in sorted(whole.movements.items()) if of
    ]
    for method in METHODS:
        one, other = method(sparse), method(whole)
        assert type(one) is type(other), (one, other)
        if isinstance(one, SimpleReturn | CostBasisReturn):
            assert abs(one.gain - other.gain) <= tolerance
        elif isinstance(one, RateOfReturn):
            assert abs(one.rate - other.rate) <= tolerance * 10**12
        else:
            assert (one.reason, one.covered) == (other.reason, other.covered)


def assert_identities(book: Book) -> None:
    """Invariant 7, and that a gain is what there is, less what there was and what came in."""
    simple = simple_return(book)
    if isinstance(simple, SimpleReturn):
        # Not with a minus sign, which keeps 28 digits outside of the engine's own arithmetic.
        assert simple.closing == total([simple.gain, simple.opening, simple.invested])
        for method in ("average_cost", "fifo", "lifo", "hifo"):
            answer = cost_basis(book, method)  # type: ignore[arg-type]
            if isinstance(answer, CostBasisReturn):
                assert answer.gain == simple.gain


async def _check(
    clickhouse: ClickHouseSettings, world: Any, delivery: Any, members: Any, start: datetime | None
) -> None:
    warehouse = await connect(clickhouse)
    try:
        await empty(warehouse)
        await deliver(warehouse, delivery)
        window = Window(start, START + timedelta(days=3))
        sparse = await read_ledgers(warehouse, members, window, ranking=RANKING)
        book = book_of(sparse)
        assert_same(book, book_of(await read_whole(warehouse, members, window)))
        assert_identities(book)
        known = await read_ledgers(warehouse, members, window, known_at=NOW + timedelta(days=1), ranking=RANKING)
        assert (known.sources, known.left_out) == (sparse.sources, sparse.left_out)
        for one in await read_windows(warehouse, members, window.end, [start, None], ranking=RANKING):
            alone = await read_ledgers(warehouse, members, one.window, ranking=RANKING)
            assert_same(book_of(one), book_of(alone))
            assert one.left_out == alone.left_out
    finally:
        await warehouse.close()


@given(data=st.data())
@few(4)
@pytest.mark.timeout(600)
def test_a_sparse_ledger_is_the_whole_one(data: st.DataObject, tables: ClickHouseSettings) -> None:
    world = data.draw(worlds(), label="world")
    delivery = data.draw(deliveries(world), label="delivery")
    members = data.draw(memberships(), label="members")
    start = data.draw(st.none() | st.just(START + timedelta(minutes=50)), label="start")
    asyncio.run(_check(tables, world, delivery, members, start))


@pytest.mark.chaos
@given(data=st.data())
@many(60)
@pytest.mark.timeout(1800)
def test_a_sparse_ledger_is_the_whole_one_in_many_worlds(data: st.DataObject, tables: ClickHouseSettings) -> None:
    world = data.draw(worlds(), label="world")
    delivery = data.draw(deliveries(world), label="delivery")
    members = data.draw(memberships(), label="members")
    start = data.draw(st.none() | st.just(START + timedelta(minutes=50)), label="start")
    asyncio.run(_check(tables, world, delivery, members, start))
