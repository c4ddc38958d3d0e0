"""Series: what each point says of itself, and that its last one is the latest value."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.assets import USD
from holdfast.domain.conversion import RateBook
from holdfast.domain.exact import times
from holdfast.domain.grids import buckets
from holdfast.domain.ledger.membership import Interval
from holdfast.domain.ledger.statements import Line, Statement, current
from holdfast.domain.line_values import marking, to_state
from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.series import SourceHistory, State, series
from tests.domain.world_of_one import day, line, price_book, statement
from tests.domain.worlds import at, thoroughly, to_prices, to_statement, worlds
from tests.support import oracle_ledger

GBP = "iso4217:GBP"


class Told:
    """A source that stated these totals."""

    def __init__(self, states: Sequence[State]) -> None:
        self._states = states

    def at(self, instant: datetime) -> State | None:
        return next((one for one in reversed(self._states) if one.observed_at <= instant), None)


class Marked:
    """A source whose statements are marked to market, as `/v1` does with `mark=true`."""

    def __init__(self, statements: Iterable[Statement], prices: PriceBook) -> None:
        self._statements = current(statements)
        self._prices = prices

    def at(self, instant: datetime) -> State | None:
        found = next((one for one in reversed(self._statements) if one.at <= instant), None)
        if found is None:
            return None
        lines = [("wallet", valued(one, found.at, self._prices)) for one in found.lines]
        return to_state(found.at, lines, ((), ()), instant, marking(self._prices))


def valued(one: Line, at: datetime, prices: PriceBook) -> Line:
    """As it is stored: with the newest quote of the feed, if it was stated without a price."""
    if one.value is not None or one.reason or one.amount is None or one.asset is None:
        return one
    quote = prices.newest(one.asset, at)
    return (
        one._replace(value=times(one.amount, quote.price), since=quote.at) if quote else one._replace(reason="no_price")
    )


def state(when: float, assets: int, debt: int = 0) -> State:
    return State(day(when), Decimal(assets), Decimal(debt))


def shown(sources: dict[str, SourceHistory], first: int, last: int) -> list[tuple[object, ...]]:
    points = series(buckets(day(first), day(last), "day"), sources)
    return [(p.assets, p.debt, p.net, p.fill, p.complete) for p in points]


def test_points_are_missing_then_observed_then_carried() -> None:
    got = shown({"a": SourceHistory(Told([state(1.5, 100, 30)]))}, 0, 2)
    assert got == [
        (None, None, None, "missing", False),
        (100, 30, 70, "observed", True),
        (100, 30, 70, "carried", True),
    ]


def test_an_empty_snapshot_is_an_explicit_zero() -> None:
    got = shown({"a": SourceHistory(Told([state(0, 100), state(1, 0)]))}, 0, 2)
    assert [point[2:4] for point in got] == [(100, "observed"), (0, "observed"), (0, "carried")]


def test_the_worst_fill_counts_and_what_is_known_is_not_dropped() -> None:
    first = SourceHistory(Told([state(0, 100), state(1, 110), state(2, 120)]))
    second = SourceHistory(Told([state(1, 7)]))
    assert [point[2:] for point in shown({"a": first, "b": second}, 0, 2)] == [
        (100, "missing", False),
        (117, "observed", True),
        (127, "carried", True),
    ]


def test_a_source_that_has_left_is_zero_and_one_that_has_not_joined_is_not_waited_for() -> None:
    stays = SourceHistory(Told([state(0, 100)]), (Interval(day(1), day(3)),))
    got = shown({"a": stays}, 0, 4)
    assert [point[2:] for point in got] == [
        (None, "missing", False),
        (100, "carried", True),
        (100, "carried", True),
        (0, "observed", True),
        (0, "carried", True),
    ]


def test_the_end_of_a_bucket_belongs_to_the_next_one() -> None:
    got = shown({"a": SourceHistory(Told([state(0, 1), state(1, 2)]))}, 0, 1)
    assert [point[0] for point in got] == [1, 2]


def test_each_point_has_its_own_rate_and_without_one_no_value() -> None:
    rates = RateBook({(USD, GBP): [Quote(day(0), Decimal("0.8")), Quote(day(1), Decimal("0.5"))]})
    history = {"a": SourceHistory(Told([state(0, 100, 10)]))}
    points = list(series(buckets(day(0), day(9), "day"), history, currency=GBP, rates=rates))
    assert [p.net for p in points] == [72, 45, 45, 45, 45, 45, None, None, None, None]
    assert [p.rate.oldest for p in points if p.rate][:2] == [day(0), day(1)]
    assert points[-1].missing_rate is not None
    assert (points[-1].fill, points[-1].rate) == ("carried", None)


def test_marked_to_market_amounts_stay_and_prices_move() -> None:
    prices = price_book(eth={0: "100", 1: "120", 2: "90"}, usdc={0: "1", 1: "1", 2: "1"})
    told = [statement(day(0), line("eth", "2"), line("usdc", "50", side="debt"))]
    history = Marked(told, prices)
    got = shown({"a": SourceHistory(history)}, 0, 3)
    assert [point[:4] for point in got] == [
        (200, 50, 150, "observed"),
        (240, 50, 190, "carried"),
        (180, 50, 130, "carried"),
        (0, 0, 0, "carried"),
    ]
    last = next(series(buckets(day(3), day(3), "day"), {"a": SourceHistory(history)}))
    assert last.unpriced == 2


@thoroughly
@given(world=worlds(gaps=False, currency=False), minute=st.integers(0, 9 * oracle_ledger.DAY))
def test_what_is_marked_is_the_oracles_value(world: oracle_ledger.World, minute: int) -> None:
    """Gross assets less debt of each source alone; what has no price is left out and counted."""
    prices = to_prices(world)
    for source, snaps in world.sources.items():
        got = Marked([to_statement(source, snap) for snap in snaps], prices).at(at(minute))
        keys = {r.key for r in oracle_ledger.rows(world, source)}
        marks = [m for key in keys if (m := oracle_ledger.mark(world, source, key, minute)) and m.held]
        if got is None:
            assert not any(at(snap.at) <= at(minute) for snap in snaps)
        else:
            known = [m.worth for m in marks if m.worth is not None]
            assert Fraction(got.assets) - Fraction(got.debt) == sum(known, Fraction(0))
            assert got.unpriced == len(marks) - len(known)
            assert got.assets >= 0
            assert got.debt >= 0
