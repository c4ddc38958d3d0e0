"""How much of a value was observed is told of exact sums, in whatever order its parts come."""

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.api.native.quality import to_shares

values = st.lists(st.integers(1, 10**50).map(lambda units: Decimal(f"{units}E-36")), min_size=1, max_size=12)


@given(values=values, seed=st.integers(0, 99))
def test_what_was_all_observed_is_observed_to_the_last_digit(values: list[Decimal], seed: int) -> None:
    """Python rounds sums to 28 digits unless it is told not to, to other ones in another order."""
    assert to_shares(random.Random(seed).sample(values, len(values)), values) == ("1", "0")


@given(values=values)
def test_what_was_not_is_never_told_as_all(values: list[Decimal]) -> None:
    """Cut, not rounded: of however little is left out something is carried."""
    least = Decimal("1e-36")
    observed, carried = to_shares(values, [*values, least])
    assert (observed, carried) != ("1", "0")


def test_nothing_of_nothing_is_unknown() -> None:
    assert to_shares([], [Decimal(0)]) == (None, None)
