"""Prices: what one unit of an asset cost, in a quote asset, at an instant, by whom."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD

CROSSED = "-cross"
"""How the name of a source ends whose prices are worked out from two rates of another (`ecb-cross`): lines may be
valued by them, conversion goes through the rates that were published."""


class Price(Struct, frozen=True, kw_only=True):
    asset: str
    at: datetime
    price: Decimal
    quote: str = USD
    source: str = ""
    """The provider or feed that stated it."""
