"""A feed that is refused for asking too often is late: what it would have said is not missing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.quotes import PriceBook, Quote
from holdfast.domain.refusals import ANY_ASSET, Refusals, Spell

T0 = datetime(2026, 3, 1, tzinfo=UTC)
ASSETS = ("eth", "xyz")

instants = st.integers(0, 20).map(lambda hours: T0 + timedelta(hours=hours))
spells = st.lists(st.tuples(st.sampled_from([*ASSETS, ANY_ASSET]), st.builds(Spell, instants, instants)), max_size=8)


def hours(since: int, until: int) -> Spell:
    return Spell(T0 + timedelta(hours=since), T0 + timedelta(hours=until))


@given(spells, st.sampled_from(ASSETS), instants)
def test_an_asset_is_refused_within_any_spell_of_its_own_or_of_everything(
    given_: list[tuple[str, Spell]], asset: str, at: datetime
) -> None:
    of = {name: [spell for other, spell in given_ if other == name] for name, _ in given_}
    said = any(name in (asset, ANY_ASSET) and since <= at < until for name, (since, until) in given_)
    assert Refusals(of).holds(asset, at) is said


@given(st.permutations([hours(1, 3), hours(2, 5), hours(5, 6), hours(2, 3), hours(9, 9)]), instants)
def test_the_order_of_the_spells_is_nothing_and_an_empty_one_is_none(order: list[Spell], at: datetime) -> None:
    assert Refusals({"xyz": order}).holds("xyz", at) is (T0 + timedelta(hours=1) <= at < T0 + timedelta(hours=6))


@pytest.mark.parametrize(
    ("hour", "eth", "xyz"),
    [
        (0, "no_price", "no_price"),  # before the refusal
        (30, "stale", "rate_limited"),  # the price of hour 2 is too old; the feed of xyz is refused
        (31, "rate_limited", "rate_limited"),  # both are
        (32, "stale", "no_price"),  # both feeds have tried again
    ],
)
def test_a_price_that_is_refused_is_neither_missing_nor_stale(hour: int, eth: str, xyz: str) -> None:
    at = T0 + timedelta(hours=hour)
    quotes = {"eth": [Quote(T0 + timedelta(hours=2), Decimal(2000))]}
    book = PriceBook(quotes, Refusals({"eth": [hours(31, 32)], "xyz": [hours(30, 32)]}))
    assert (book.reason("eth", at), book.reason("xyz", at)) == (eth, xyz)
    assert book.newest("eth", T0 + timedelta(hours=3)) == Quote(T0 + timedelta(hours=2), Decimal(2000))
