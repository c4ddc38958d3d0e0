"""Ledger, returns and attribution on random worlds, against the oracle of plain fractions.

Late, repeated, reordered and corrected snapshots, missing prices and rates, several accounts and sources of one, debt,
an asset at two prices, receipts that another source stands for, values without amounts, accounts that join and leave
(and join again), in dollars and in another currency.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.attribution import attribute
from holdfast.domain.returns.answers import CostBasisReturn, CostMethod, RateOfReturn, SimpleReturn, Unavailable
from holdfast.domain.returns.cost_basis import cost_basis, cost_basis_by_asset
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.simple import simple_return, simple_returns_by_asset
from holdfast.domain.returns.time_weighted import time_weighted_return
from tests.domain.worlds import UNIT, at, exact, thoroughly, to_book, to_ledgers, worlds
from tests.support import oracle_ledger
from tests.support import oracle_returns as oracle
from tests.support.oracle_receipts import apart
from tests.support.random_worlds import random_world

COST_METHODS: tuple[CostMethod, ...] = ("average_cost", "fifo", "lifo", "hifo")
starts = st.none() | st.integers(0, 9 * oracle_ledger.DAY)


@thoroughly
@given(world=worlds(currency=False))
def test_every_flow_is_the_oracles(world: oracle_ledger.World) -> None:
    for source, entries in to_ledgers(world).items():
        told = [
            (e.at, (e.asset, e.side), e.delta, e.held, e.price, e.before, e.value, e.worth)
            for e in sorted(entries, key=lambda e: (e.at, e.asset, e.side))
        ]
        expected = [
            (at(r.at), r.key, r.delta, r.held, r.price, r.before, r.value, r.worth)
            for r in oracle_ledger.rows(world, source)
        ]
        assert [(*t[:2], *(None if n is None else Fraction(n) for n in t[2:])) for t in told] == expected


@thoroughly
@given(world=worlds(), start=starts)
def test_simple_return_is_the_oracles(world: oracle_ledger.World, start: int | None) -> None:
    answer, seen = simple_return(to_book(world, start=start)), apart(world)
    expected = oracle.simple(seen, oracle_ledger.members(seen), start)
    if expected is None:
        assert isinstance(answer, Unavailable)
        assert answer.reason == (answer.missing[0].reason if answer.missing else "value_only") != ""
    else:
        assert isinstance(answer, SimpleReturn)
        assert Fraction(answer.gain) == expected


@thoroughly
@given(world=worlds(), start=starts)
def test_realised_and_unrealised_add_up_to_the_simple_return(world: oracle_ledger.World, start: int | None) -> None:
    book = to_book(world, start=start)
    simple = simple_returns_by_asset(book)
    for method in COST_METHODS:
        for key, answer in cost_basis_by_asset(book, method).items():
            if isinstance(answer, CostBasisReturn):
                expected = simple[key]
                assert isinstance(expected, SimpleReturn)
                assert answer.gain == expected.gain
                in_window = Fraction(answer.unrealised) - Fraction(answer.unrealised_opening)
                assert Fraction(answer.realised) + in_window == Fraction(answer.gain)


@thoroughly
@given(world=worlds())
def test_realised_gains_and_costs_are_the_oracles(world: oracle_ledger.World) -> None:
    book, seen = to_book(world), oracle_ledger.members(apart(world))
    for method in COST_METHODS:
        for key, answer in cost_basis_by_asset(book, method, detail=True).items():
            if isinstance(answer, CostBasisReturn):
                assert (Fraction(answer.realised), Fraction(answer.cost)) == oracle.realised(seen, key, method)
                assert sum(Fraction(lot.cost) for lot in answer.lots) == answer.cost
                assert sum(Fraction(lot.quantity) for lot in answer.lots) == answer.held


@thoroughly
@given(world=worlds(), start=starts)
def test_time_weighted_return_is_the_oracles(world: oracle_ledger.World, start: int | None) -> None:
    answer, seen = time_weighted_return(to_book(world, start=start)), apart(world)
    expected = oracle.time_weighted(seen, oracle_ledger.members(seen), start)
    if isinstance(expected, str):
        assert isinstance(answer, Unavailable)
    else:
        assert isinstance(answer, RateOfReturn)
        assert answer.rate == exact(oracle_ledger.cut(expected))


@thoroughly
@given(world=worlds(), start=st.integers(0, 9 * oracle_ledger.DAY))
def test_modified_dietz_is_the_oracles(world: oracle_ledger.World, start: int) -> None:
    answer, seen = modified_dietz(to_book(world, start=start)), apart(world)
    expected = oracle.dietz(seen, oracle_ledger.members(seen), start)
    if isinstance(expected, str):
        assert isinstance(answer, Unavailable)
    else:
        assert isinstance(answer, RateOfReturn)
        assert answer.rate == exact(oracle_ledger.cut(expected))


@thoroughly
@given(world=worlds(), start=starts)
def test_a_change_of_value_is_price_and_flows_and_fx(world: oracle_ledger.World, start: int | None) -> None:
    """To one unit of the 36th decimal for each flow, in dollars as in the currency; in dollars nothing is FX."""
    dearest = max((rate for _, rate in world.rates), default=Fraction(0)) + 1 if world.rates else 0
    book, told = to_book(world, start=start), apart(world)
    answer, seen = attribute(book), oracle_ledger.members(told)
    for line in answer.lines:
        flows = sum(1 for e in book.entries if (e.source, e.asset, e.side) == (line.source, line.asset, line.side))
        if e := line.effects:
            explained = sum(Fraction(part) for part in (e.price, e.flows, e.moved, e.fx))
            assert abs(Fraction(e.end) - Fraction(e.start) - explained) <= flows * (1 + dearest) * UNIT
            assert world.rates is not None or e.fx == 0
    if answer.complete:
        assert answer.total
        assert Fraction(answer.total.end) == oracle_ledger.value(told, seen, world.end)
        assert Fraction(answer.total.start) == (0 if start is None else oracle_ledger.value(told, seen, start))
        assert Fraction(answer.total.flows) == sum(value or 0 for _, value in oracle.paid(seen, start))


@pytest.mark.parametrize("method", COST_METHODS)
def test_there_are_worlds_with_answers(method: CostMethod) -> None:
    """The properties above would hold of nothing but refusals, too."""
    answers = [cost_basis(to_book(random_world(seed, 4, gaps=False, currency=True)), method) for seed in range(30)]
    assert sum(isinstance(answer, CostBasisReturn) and answer.realised != 0 for answer in answers) > 15


def test_there_are_worlds_in_which_receipts_leave_and_come_back() -> None:
    drawn = [random_world(seed, 6, gaps=True, currency=False) for seed in range(60)]
    moved = [{row.source for row in oracle_ledger.members(apart(world)) if "#" in row.source} for world in drawn]
    came_back = [
        any(len(apart(world).during[source]) > len(world.during.get(source[:2], [0])) for source in of)
        for world, of in zip(drawn, moved, strict=True)
    ]
    assert sum(came_back) > 5
    assert 2 < sum(any(not line[0] for snap in told for line in snap.lines) for told in map(_told, drawn)) < 20


def _told(world: oracle_ledger.World) -> list[oracle_ledger.Snap]:
    return [snap for snaps in world.sources.values() for snap in snaps]
