"""The lot with the highest cost per unit leaves first, also where only the seventieth digit tells two apart."""

from decimal import Decimal

import pytest

from holdfast.domain.balances import Side
from holdfast.domain.exact import exactly
from holdfast.domain.returns.answers import Netted
from holdfast.domain.returns.orders import highest_in_first_out
from holdfast.domain.returns.trades import to_trades
from tests.domain.world_of_one import day

MUCH = "3E+39"
A_THIRD, HARDLY_MORE = "1E+39", "1000000000000000000000000000000000000000.000000000000000000000000000000000001"


@exactly
def leaving(side: Side, *bought: tuple[str, str]) -> list[int]:
    """The numbers of lots bought a day apart: (quantity, paid)."""
    sign = -1 if side == "debt" else 1
    movements = [
        Netted(day(number), "eth", side, sign * Decimal(quantity), sign * Decimal(paid))
        for number, (quantity, paid) in enumerate(bought)
    ]
    return list(highest_in_first_out(to_trades(movements, side)))


@pytest.mark.parametrize("side", ["asset", "debt"])
def test_the_dearest_lot_leaves_first_and_of_equal_ones_the_oldest(side: Side) -> None:
    assert leaving(side, ("1", "10"), ("2", "30"), ("1", "15"), ("1", "20")) == [3, 1, 2, 0]


@pytest.mark.parametrize("side", ["asset", "debt"])
def test_no_digit_is_too_far_behind_to_count(side: Side) -> None:
    assert leaving(side, ("3", "1"), (MUCH, HARDLY_MORE), (MUCH, A_THIRD), ("1", "1")) == [3, 1, 0, 2]
