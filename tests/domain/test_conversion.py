"""Rates: direct, inverse, one hop; five days; and never 1:1."""

from datetime import timedelta
from decimal import Decimal

from holdfast.domain.assets import EUR, USD
from holdfast.domain.conversion import MissingRate, Rate, RateBook, convert
from holdfast.domain.exact import UNIT, difference, total
from holdfast.domain.quotes import Quote
from tests.domain.world_of_one import day

GBP, JPY, CHF = "iso4217:GBP", "iso4217:JPY", "iso4217:CHF"


def rates(**stored: tuple[float, str]) -> RateBook:
    """`rates(GBPUSD=(0, "1.39"))`: from day 0 on."""
    return RateBook(
        {
            (f"iso4217:{pair[:3]}", f"iso4217:{pair[3:]}"): [Quote(day(at), Decimal(price))]
            for pair, (at, price) in stored.items()
        }
    )


def test_a_direct_rate_is_used_as_it_is() -> None:
    got = convert(Decimal("9131.364413355"), base=GBP, quote=USD, at=day(1), rates=rates(GBPUSD=(0, "1.39")))
    assert got.value == Decimal("12692.59653456345")
    assert [(leg.base, leg.quote, leg.at, leg.inverse) for leg in got.path] == [(GBP, USD, day(0), False)]


def test_a_rate_is_turned_round_and_cut_once() -> None:
    found = rates(USDJPY=(0, "150")).find(JPY, USD, day(0))
    assert isinstance(found, Rate)
    assert found.value == Decimal("0." + "00" + "6" * 34)
    assert found.path[0].inverse


def test_a_number_is_multiplied_first_and_cut_once() -> None:
    """1/150 cut to 36 decimals and then multiplied would give 7499.99…"""
    got = convert(Decimal(1_125_000), base=JPY, quote=USD, at=day(0), rates=rates(USDJPY=(0, "150")))
    assert got.value == 7500
    crossed = rates(EURGBP=(0, "0.3"), EURJPY=(0, "0.7"))  # 9 GBP are 9 / 0.3 · 0.7 JPY, each step would be cut
    assert convert(Decimal(9), base=GBP, quote=JPY, at=day(0), rates=crossed).value == 21


def test_one_hop_over_dollars_comes_before_one_over_euros() -> None:
    over_both = rates(GBPUSD=(0, "2"), USDJPY=(0, "100"), EURGBP=(0, "1"), EURJPY=(0, "1"))
    found = over_both.find(GBP, JPY, day(0))
    assert isinstance(found, Rate)
    assert (found.value, [leg.base for leg in found.path]) == (200, [GBP, USD])
    over_euros = rates(EURGBP=(0, "0.8"), EURJPY=(0, "160")).find(GBP, JPY, day(0))
    assert isinstance(over_euros, Rate)
    assert (over_euros.value, over_euros.path[0].inverse) == (200, True)
    assert over_euros.path[1].base == EUR


def test_two_hops_are_none() -> None:
    assert isinstance(rates(GBPUSD=(0, "2"), EURUSD=(0, "1"), EURJPY=(0, "1")).find(GBP, JPY, day(0)), MissingRate)


def test_a_rate_serves_five_days_and_not_one_moment_more() -> None:
    book = rates(GBPUSD=(0, "1.39"))
    assert isinstance(book.find(GBP, USD, day(5)), Rate)
    late = day(5) + timedelta(milliseconds=1)
    got = convert(Decimal(1), base=GBP, quote=USD, at=late, rates=book)
    assert (got.value, got.reliable) == (None, False)
    assert got.missing == MissingRate(base=GBP, quote=USD, at=late)


def test_a_rate_of_tomorrow_is_none() -> None:
    assert isinstance(rates(GBPUSD=(1, "1.39")).find(GBP, USD, day(0.9)), MissingRate)


def test_unknown_stays_unknown_and_a_currency_is_itself() -> None:
    assert convert(None, base=GBP, quote=USD, at=day(0), rates=rates(GBPUSD=(0, "2"))).value is None
    same = convert(Decimal(7), base=CHF, quote=CHF, at=day(0), rates=RateBook())
    assert (same.value, same.path, same.reliable) == (7, (), True)


def test_a_rate_of_zero_is_none() -> None:
    assert isinstance(rates(USDGBP=(0, "0")).find(GBP, USD, day(0)), MissingRate)


def test_the_parts_of_a_sum_are_together_the_sum_to_the_last_digit() -> None:
    """A third of a unit is lost three times over where each part is cut on its own."""
    third = rates(GBPUSD=(0, "3")).find(USD, GBP, day(0))
    assert isinstance(third, Rate)
    parts = third.of_each([Decimal(1)] * 3)
    assert total(parts) == third.of(Decimal(3)) == 1
    assert all(abs(difference(part, third.of(Decimal(1)))) <= UNIT for part in parts)
    assert total(third.of_each([Decimal(-1)] * 3)) == -1
