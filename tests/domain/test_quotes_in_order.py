"""Who walks through time finds the same quotes as who searches among all of them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from holdfast.domain.assets import USD
from holdfast.domain.quotes import PriceBook, Quote
from tests.domain.world_of_one import day

AGE = timedelta(days=1)
QUOTED = (1, 2, 2.5, 2.6, 2.7, 6, 9)


@pytest.mark.parametrize(
    "looks", [(0, 0.5), (0, 1, 2, 2.5), (2.65, 2.65, 7), (1.5, 8, 20), (2.1, 2.55, 2.7, 3.7, 3.71)]
)
def test_each_look_finds_the_newest_quote_and_the_next(looks: tuple[float, ...]) -> None:
    history = PriceBook({"eth": [Quote(day(at), Decimal(at)) for at in QUOTED]}).of("eth")
    reader = history.in_order()
    for look in looks:
        following = next((day(at) for at in QUOTED if at > look), None)
        assert reader.around(day(look), age=AGE) == (history.newest(day(look), age=AGE), following)


def test_a_dollar_is_a_dollar_at_any_time() -> None:
    reader = PriceBook().of(USD).in_order()
    found = [reader.around(day(at), age=AGE) for at in (0, 9000)]
    assert [(quote and quote.price, following) for quote, following in found] == [(Decimal(1), None)] * 2
