"""A currency in dollars, over the euro: what lines are valued by, since a line looks for one price, not for two rates.

1 EUR = 1.1745 USD, 1 EUR = 0.8700 GBP     1 GBP = 1.1745 / 0.8700 USD, cut to scale
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from holdfast.domain.assets import USD, fiat
from holdfast.domain.exact import ratio
from holdfast.domain.money import OutOfRangeError
from holdfast.domain.prices import Price
from holdfast.providers.ecb.publication import published_at
from holdfast.providers.ecb.table import Rate


def to_dollar_prices(rates: Sequence[Rate], *, source: str) -> Iterator[Price]:
    """One unit of each currency but the dollar in USD, of the days that state the dollar.

    `source` tells that they are worked out. What does not fit Decimal(76, 36) has no price.
    """
    dollars = {rate.day: rate.per_euro for rate in rates if fiat(rate.currency) == USD}
    for rate in rates:
        asset, per_euro = fiat(rate.currency), dollars.get(rate.day)
        price = None if per_euro is None or asset == USD else _crossed(per_euro, rate.per_euro)
        if price:
            yield Price(asset=asset, quote=USD, price=price, at=published_at(rate.day), source=source)


def _crossed(dollars: Decimal, units: Decimal) -> Decimal | None:
    try:
        return ratio(dollars, units)
    except OutOfRangeError:
        return None
