"""How a change of value is split into price, flows and FX: by the line's own flows alone, against the definition."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.assets import EUR, USD
from holdfast.domain.attribution import Effects, LineAttribution, attribute
from holdfast.domain.conversion import RateBook
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.quotes import Quote
from holdfast.domain.returns.answers import Window
from holdfast.domain.returns.book import Book, Heard, build_book
from holdfast.history.receipts import RECEIPTS
from tests.domain.world_of_one import day, entries_of, line, price_book, statement
from tests.domain.worlds import UNIT, thoroughly, to_book, to_members, worlds
from tests.support import oracle_attribution, oracle_ledger
from tests.support.oracle_receipts import apart, ledger_name
from tests.support.random_worlds import random_world

starts = st.none() | st.integers(0, 9 * oracle_ledger.DAY)

PRICES = ("100", "300", "100", "200")
EUROS = RateBook({(EUR, USD): [Quote(day(at), Decimal(rate)) for at, rate in enumerate(("1", "2", "1", "1.25"))]})
"""One euro is 1, 2, 1 and 1.25 dollars: a dollar is 1, 0.5, 1 and 0.8 euros."""
FEED = price_book(x=dict(enumerate(PRICES)))
HELD = [statement(day(at), line("x", "1", price)) for at, price in enumerate(PRICES)]
BOUGHT_BESIDE = [
    statement(day(0), source="other"),
    statement(day(1), line("y", "1", "50"), source="other"),
    statement(day(3), line("y", "1", "50"), source="other"),
]


def in_euros(*ledgers: list[Entry]) -> Book:
    window = Window(day(0), day(3))
    return build_book(ledgers, window=window, prices=FEED, rates=EUROS, currency=EUR)


def of_line(book: Book, asset: str) -> Effects:
    [found] = [line.effects for line in attribute(book).lines if line.asset == asset]
    assert found
    return found


def test_a_price_and_a_rate_that_moved_are_told_apart() -> None:
    """One unit from 100 dollars at 1 to 200 at 0.8: FX 100·(0.8 − 1), price (200 − 100)·0.8."""
    assert of_line(in_euros(entries_of(HELD)), "x") == Effects(
        start=Decimal(100),
        end=Decimal(160),
        price=Decimal(80),
        flows=Decimal(0),
        moved=Decimal(0),
        fx=Decimal(-20),
        rounding=Decimal(0),
    )


def test_what_another_line_did_on_the_way_moves_nothing_between_price_and_fx() -> None:
    """Every line is marked when `y` is bought, although nothing was said of `x` that day."""
    said = entries_of([HELD[0], HELD[3]])
    assert of_line(in_euros(said, entries_of(BOUGHT_BESIDE)), "x") == of_line(in_euros(said), "x")


def test_a_statement_of_the_same_amount_moves_nothing_between_price_and_fx() -> None:
    assert of_line(in_euros(entries_of([HELD[0], HELD[3]])), "x") == of_line(in_euros(entries_of(HELD)), "x")


def test_a_flow_of_its_own_is_a_step() -> None:
    """One more bought on day 1 for 300 · 0.5: before it FX 100·(0.5 − 1) and price 200·0.5; then of two
    FX 600·(0.8 − 0.5) and price 2·(200 − 300)·0.8."""
    bought = [HELD[0], *(statement(day(at), line("x", "2", PRICES[at])) for at in (1, 2, 3))]
    found = of_line(in_euros(entries_of(bought)), "x")
    assert found == Effects(
        start=Decimal(100),
        end=Decimal(320),
        price=Decimal(100 - 160),
        flows=Decimal(150),
        moved=Decimal(0),
        fx=Decimal(-50 + 180),
        rounding=Decimal(0),
    )


def test_an_unknown_worth_where_nothing_moved_is_no_obstacle() -> None:
    """Days 1 and 2 state no price, and none was found."""
    silent = [HELD[0], *(statement(day(at), line("x", "1")) for at in (1, 2)), HELD[3]]
    assert any(entry.worth is None for entry in entries_of(silent))
    assert of_line(in_euros(entries_of(silent)), "x") == of_line(in_euros(entries_of(HELD)), "x")


def test_before_anybody_has_said_anything_the_total_is_unknown_and_no_answer_is_complete() -> None:
    nothing = attribute(build_book([], window=Window(day(0), day(3)), prices=FEED, heard=Heard(0, 1)))
    assert (nothing.total, nothing.complete, nothing.lines) == (None, False, ())
    beside = build_book([entries_of(HELD)], window=Window(day(0), day(3)), prices=FEED, heard=Heard(1, 1))
    answer = attribute(beside)
    assert answer.total
    assert (answer.total.price, answer.complete) == (100, False)


def test_a_source_that_said_that_it_holds_nothing_is_worth_nothing() -> None:
    answer = attribute(build_book([[]], window=Window(day(0), day(3)), prices=FEED, heard=Heard(1, 0)))
    assert answer.total
    assert (answer.total.start, answer.total.end, answer.complete) == (0, 0, True)


@thoroughly
@given(world=worlds(), start=starts)
def test_each_effect_is_the_oracles(world: oracle_ledger.World, start: int | None) -> None:
    told: dict[tuple[str, oracle_ledger.Key], LineAttribution] = {
        (of.source, (of.asset, of.side)): of for of in attribute(to_book(world, start=start)).lines
    }
    seen = apart(world)
    splits = oracle_attribution.splits(seen, oracle_ledger.members(seen), start)
    expected = {(ledger_name(seen, source), key): split for (source, key), split in splits.items()}
    assert told.keys() == expected.keys()
    for key, split in expected.items():
        effects = told[key].effects
        assert (effects is None) == (split is None) == bool(told[key].missing)
        if effects and split:
            for name, value in split._asdict().items():
                assert abs(Fraction(getattr(effects, name)) - value) < oracle_attribution.CUTS, name


@thoroughly
@given(world=worlds(), start=starts)
def test_other_accounts_change_only_what_of_a_line_is_a_flow(world: oracle_ledger.World, start: int | None) -> None:
    """What came from one of them is no flow, and came for what it was worth there."""
    together = attribute(to_book(world, start=start)).lines
    for source, entries in to_members(world).items():
        alone = attribute(to_book(world, start=start, ledgers=[entries])).lines
        beside = [line for line in together if line.source in (source, f"{source}{RECEIPTS}")]
        assert [_known(line) for line in alone] == [_known(line) for line in beside]
        for one, other in zip(alone, beside, strict=True):
            _assert_same(one, other, exact=world.rates is None)


def _known(line: LineAttribution) -> tuple[object, ...]:
    return line.source, line.asset, line.side, line.effects is None, line.missing


def _assert_same(one: LineAttribution, other: LineAttribution, *, exact: bool) -> None:
    """To the last digit; converted, each end may be a unit off, since all of a side add up to their sum there."""
    for names in (("start",), ("end",), ("fx",), ("rounding",), ("price", "flows", "moved")) if one.effects else ():
        here, beside = (sum(Fraction(getattr(of.effects, name)) for name in names) for of in (one, other))
        assert abs(here - beside) <= (0 if exact else 2 * UNIT), names


@pytest.mark.parametrize("start", [None, 3 * oracle_ledger.DAY])
def test_there_are_worlds_in_which_rates_and_prices_move_what_is_held(start: int | None) -> None:
    """The properties above would hold of nothing but unknown lines, too."""
    drawn = [random_world(seed, 4, gaps=False, currency=True) for seed in range(30)]
    totals = [attribute(to_book(world, start=start)).total for world in drawn]
    assert sum(bool(total and total.fx and total.price and total.flows) for total in totals) > 20
