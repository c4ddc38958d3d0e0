"""The flows of an attribution are those of the returns; what moves between accounts is none, and windows add up."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.attribution import Effects, LineAttribution, attribute
from holdfast.domain.exact import total
from holdfast.domain.ledger.statements import AssetSide
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, build_book
from holdfast.history.receipts import RECEIPTS
from tests.domain.test_moving_between_accounts import moved
from tests.domain.world_of_one import day, entries_of, line, statement
from tests.domain.worlds import to_book
from tests.support import oracle_attribution, oracle_ledger
from tests.support.oracle_receipts import apart, ledger_name
from tests.support.random_worlds import random_world

ADDED = ("price", "flows", "moved", "fx", "rounding")


def crowded(world: oracle_ledger.World) -> oracle_ledger.World:
    """The same, but all belong to it all the while and state everything at three noons: most of what moves meets
    something else."""
    world.during = {}
    for snaps in world.sources.values():
        for snap in snaps:
            snap.fetched, snap.at = snap.fetched + 3 * oracle_ledger.DAY, 720 + snap.at % 3 * oracle_ledger.DAY
    return world


def crowded_worlds(currency: st.SearchStrategy[bool]) -> st.SearchStrategy[oracle_ledger.World]:
    drawn = st.builds(random_world, st.integers(0, 10**9), st.integers(3, 9), gaps=st.booleans(), currency=currency)
    return drawn.map(crowded)


starts = st.none() | st.integers(0, 3 * oracle_ledger.DAY)


def by_source(book: Book) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """(price, flows, moved) of the one asset, by source and of all."""
    answer = attribute(book)
    effects = {line.source: line.effects for line in answer.lines} | {"all": answer.total}
    return {name: (of.price, of.flows, of.moved) for name, of in effects.items() if of}


def test_what_arrives_comes_for_what_it_was_worth_where_it_left() -> None:
    """20 at 1; 10 of them move to another account, which is told 1.01 for each."""
    assert by_source(moved("10", "10")) == {
        "a": (0, 20, -10),
        "b": (Decimal("0.1"), 0, 10),
        "all": (Decimal("0.1"), 20, 0),
    }


def test_a_fee_on_the_way_is_a_flow_of_where_it_left() -> None:
    """10 left at 1, 9 arrived at 1.01."""
    assert by_source(moved("10", "9")) == {
        "a": (0, 19, -9),
        "b": (Decimal("0.09"), 0, 9),
        "all": (Decimal("0.09"), 19, 0),
    }


def test_what_arrives_on_top_is_a_flow_of_where_it_is() -> None:
    """10 left at 1, 30 arrived at 1.5: 10 of them from there, and 20 from outside."""
    assert by_source(moved("10", "30", at="1.5")) == {"a": (0, 20, -10), "b": (5, 30, 10), "all": (5, 50, 0)}


def test_debt_moves_from_who_repays_it_to_who_borrows_it() -> None:
    """20 owed at 1 by A; a day later A owes 10, and B 10 at 1.01."""
    a = [statement(day(on), line("x", owed, "1", side="debt"), source="a") for on, owed in ((0, "20"), (1, "10"))]
    b = [statement(day(0), source="b"), statement(day(1), line("x", "10", "1.01", side="debt"), source="b")]
    book = build_book([entries_of(a), entries_of(b)], window=Window(day(0), day(1)), prices=PriceBook())
    assert by_source(book) == {
        "a": (0, 0, 10),
        "b": (Decimal("-0.1"), 0, -10),
        "all": (Decimal("-0.1"), 0, 0),
    }


def test_an_end_without_a_price_leaves_the_other_end_at_its_own() -> None:
    """The total is that of the lines that are known, so what moved does not add up in it."""
    for known, book in (("b", moved("10", "10", out_at=None)), ("a", moved("10", "10", at=None))):
        answer = attribute(book)
        assert [of.source for of in answer.lines if of.effects] == [known]
        assert not answer.complete
    assert by_source(moved("10", "10", out_at=None))["all"] == (0, 0, Decimal("10.1"))


@settings(max_examples=150, deadline=None)
@given(world=crowded_worlds(st.booleans()), start=starts)
def test_the_flows_of_an_attribution_are_those_of_the_returns(world: oracle_ledger.World, start: int | None) -> None:
    """Asset by asset, to the last digit, where every line of the asset is known; what moved is nothing together."""
    book = to_book(world, start=start)
    lines: dict[AssetSide, list[LineAttribution]] = defaultdict(list)
    for of_line in attribute(book).lines:
        lines[of_line.asset, of_line.side].append(of_line)
    for key, of in lines.items():
        known = [one.effects for one in of if one.effects]
        if len(known) == len(of):
            assert sum(Fraction(e.flows) for e in known) == Fraction(book.in_window[key].invested)
            assert sum(Fraction(e.moved) for e in known) == 0


@settings(max_examples=150, deadline=None)
@given(world=crowded_worlds(st.booleans()), start=starts)
def test_where_all_moves_at_once_each_effect_is_the_oracles(world: oracle_ledger.World, start: int | None) -> None:
    lines = attribute(to_book(world, start=start)).lines
    told = {(of.source, (of.asset, of.side)): of.effects for of in lines}
    seen = apart(world)
    for (source, key), split in oracle_attribution.splits(seen, oracle_ledger.members(seen), start).items():
        effects = told[ledger_name(seen, source), key]
        assert (effects is None) == (split is None)
        for name, value in split._asdict().items() if split else ():
            assert abs(Fraction(getattr(effects, name)) - value) < oracle_attribution.CUTS, name


@settings(max_examples=100, deadline=None)
@given(world=crowded_worlds(st.just(False)), ends=st.sets(st.integers(0, 4), min_size=2))
def test_in_dollars_windows_that_follow_each_other_add_up_to_the_whole(
    world: oracle_ledger.World, ends: set[int]
) -> None:
    """Each effect of each line that is known in all of them; the ends are midnights."""
    midnights = sorted(one * oracle_ledger.DAY for one in ends)
    pieces = [_effects(world, *piece) for piece in pairwise(midnights)]
    for key, whole in _effects(world, midnights[0], midnights[-1]).items():
        parts = [piece.get(key, _NOT_YET) for piece in pieces]
        if whole and None not in parts:
            for name in ADDED:
                assert sum(Fraction(getattr(part, name)) for part in parts) == Fraction(getattr(whole, name)), name


_NOT_YET = Effects(**dict.fromkeys(Effects.__struct_fields__, Decimal(0)))
"""A line of which nothing had been said."""


def _effects(world: oracle_ledger.World, start: int, end: int) -> dict[tuple[str, AssetSide], Effects | None]:
    """By source, what it tells of an asset's receipts with the rest of it."""
    told = replace(world, end=end, known={}, counting={})
    found: dict[tuple[str, AssetSide], Effects | None] = {}
    for of in attribute(to_book(told, start=start)).lines:
        key = of.source.removesuffix(RECEIPTS), (of.asset, of.side)
        found[key] = _added(found.get(key, _NOT_YET), of.effects)
    return found


def _added(one: Effects | None, other: Effects | None) -> Effects | None:
    names = Effects.__struct_fields__
    return one and other and Effects(**{name: total([getattr(one, name), getattr(other, name)]) for name in names})


def test_there_are_worlds_in_which_much_moves_between_accounts() -> None:
    """The properties above would hold of nothing but flows, too."""
    drawn = [crowded(random_world(seed, 9, gaps=False, currency=True)) for seed in range(20)]
    books = [to_book(world) for world in drawn]
    assert sum(any(of.effects and of.effects.moved for of in attribute(book).lines) for book in books) > 10
