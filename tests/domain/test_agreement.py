"""When two numbers agree, and when one has jumped: each case worked out by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.agreement import has_jumped, judge, moved, moved_further

ONE_PERCENT = Decimal("0.01")
_money = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "ratio"),
    [
        ("100", "100", "within", "0"),
        ("100", "99", "within", "0.01"),
        ("99", "100", "within", "0.01"),
        ("100", "98.999999", "outside", "0.01000001"),
        ("0", "0", "within", "0"),
        ("0.01", "0", "within", "1"),
        ("0.02", "0", "outside", "1"),
        ("-100", "100", "outside", "2"),
        ("-100", "-100.5", "within", None),
        ("0.004", "-0.004", "within", "2"),
    ],
)
def test_sums_agree_within_the_tolerance_or_a_cent(ours: str, theirs: str, verdict: str, ratio: str | None) -> None:
    found = judge(Decimal(ours), Decimal(theirs), tolerance=ONE_PERCENT)
    assert found.verdict == verdict
    assert found.difference == Decimal(ours) - Decimal(theirs)
    if ratio is not None:
        assert found.ratio == Decimal(ratio)


def test_a_doubt_stands_only_where_there_is_a_difference() -> None:
    assert judge(Decimal(1), Decimal(1), tolerance=ONE_PERCENT, doubt="unpriced").verdict == "within"
    apart = judge(Decimal(1), Decimal(2), tolerance=ONE_PERCENT, doubt="unpriced")
    assert (apart.verdict, apart.reason, apart.difference) == ("unknown", "unpriced", Decimal(-1))


@pytest.mark.parametrize(("ours", "theirs"), [(None, Decimal(1)), (Decimal(1), None), (None, None)])
def test_an_unknown_number_agrees_with_nothing(ours: Decimal | None, theirs: Decimal | None) -> None:
    found = judge(ours, theirs, tolerance=ONE_PERCENT, doubt="no_rate")
    assert (found.verdict, found.reason, found.difference, found.ratio) == ("unknown", "no_rate", None, None)


@given(_money, _money, st.decimals(min_value=0, max_value=1, places=4))
def test_who_is_ours_does_not_matter(a: Decimal, b: Decimal, tolerance: Decimal) -> None:
    one, other = judge(a, b, tolerance=tolerance), judge(b, a, tolerance=tolerance)
    assert (one.verdict, one.ratio) == (other.verdict, other.ratio)


@pytest.mark.parametrize(
    ("before", "now", "jumped"),
    [
        ("100", "120", False),
        ("100", "120.0001", True),
        ("100", "79", True),
        ("-100", "-130", True),
        ("-100", "50", True),
        ("0", "1", False),
        ("0", "1.01", True),
        ("0.5", "1.5", False),
        ("1E-36", "10000", True),
    ],
)
def test_a_total_jumps_beyond_what_is_allowed(before: str, now: str, jumped: bool) -> None:
    assert has_jumped(Decimal(before), Decimal(now), allowed=Decimal("0.2")) is jumped


def test_a_move_from_nothing_is_without_measure() -> None:
    assert moved(Decimal(0), Decimal(5)) is None
    assert moved(Decimal("1E-36"), Decimal(10000)) is None, "10^40 times is more than can be stored"
    assert moved(Decimal(-50), Decimal(-60)) == Decimal("0.2")


def test_a_move_beyond_measure_is_further_than_any_other() -> None:
    dust, doubled = (Decimal("1E-36"), Decimal(10000)), (Decimal(1), Decimal(2))
    assert moved_further(dust, doubled)
    assert not moved_further(doubled, dust)
    assert not moved_further(doubled, doubled)
