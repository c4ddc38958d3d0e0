"""A run that was cut short is taken up for what it is of, and for nothing else."""

from datetime import UTC, datetime

import pytest

from holdfast.rebuild import OtherScopeError, Scope, check_scope, name_run

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ALL, ONE = Scope(), Scope(portfolios=(("acme", "one"),))
TWO = Scope(portfolios=(("acme", "one"), ("acme", "two")))
TWO_AGAIN = Scope(portfolios=(("acme", "two"), ("acme", "one"), ("acme", "two")))


@pytest.mark.parametrize(("began", "goes_on"), [(ALL, ALL), (ONE, ONE), (TWO, TWO_AGAIN)])
@pytest.mark.parametrize("end", ["", "-swapped"])
def test_the_same_portfolios_are_the_same_run_in_any_order(began: Scope, goes_on: Scope, end: str) -> None:
    check_scope(name_run(began, NOW) + end, goes_on)


@pytest.mark.parametrize(("began", "goes_on"), [(ALL, ONE), (ONE, ALL), (ONE, TWO), (TWO, ONE)])
def test_a_run_of_other_portfolios_is_refused(began: Scope, goes_on: Scope) -> None:
    with pytest.raises(OtherScopeError, match="is of everything" if began is ALL else "is of other portfolios"):
        check_scope(name_run(began, NOW), goes_on)


def test_a_name_that_does_not_say_what_it_is_of_is_taken_up_for_anything() -> None:
    check_scope("20260301-123000-1f2e", ONE)
    check_scope("nightly", ALL)


def test_no_two_names_are_alike() -> None:
    assert len({name_run(ALL, NOW) for _ in range(3)}) > 1
    assert name_run(ALL, NOW).startswith("20260301-123000-")
