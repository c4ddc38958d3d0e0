"""What a line of a snapshot is worth in USD: pure, and worked out once for each (line, price).

In this order: the value that the provider stated; the price that it stated, times the amount; else
the newest price of the asset at or before the observation. Nothing is guessed: a line without a
value says why. A provider that states euros is converted by the price of one euro in dollars, by
the same rule with a longer age, as euros that are held are. A dollar is a dollar by definition.

A later, better price may come at any time. `version` orders the prices that a line could be valued
with, so that of two rows for one line the better priced one stays, whoever wrote it and when.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD, is_fiat
from holdfast.domain.balances import Reason
from holdfast.domain.money import OutOfRangeError, product

ASSET_PRICE_AGE = timedelta(hours=24)
CURRENCY_PRICE_AGE = timedelta(days=5)
"""Weekends and holidays have no rate."""
DEFINITION = "definition"
"""The price source of dollars that are held: nobody has to quote them."""
SEARCHED_AGE = timedelta(days=7)
"""A price older than allowed and younger than this is `stale`; with none at all it is `no_price`."""

NEVER_VALUED = frozenset({"negative_amount", "unreadable", "out_of_range", "low_liquidity", "excluded"})
"""Reasons of the provider that a price of ours must not override: what such a line is worth is unknown."""


class Stated(Struct, frozen=True, kw_only=True):
    """What the provider said of a line, already cut to scale."""

    asset: str | None
    amount: Decimal | None
    currency: str
    price: Decimal | None
    value: Decimal | None
    reason: Reason | None = None


class FeedPrice(Struct, frozen=True, kw_only=True):
    """A price in USD from a feed. A greater version is a better one: see `services/aggregator/sql`."""

    price: Decimal
    source: str
    at: datetime
    version: int


class Worth(Struct, frozen=True, kw_only=True):
    """The valued part of a stored line. Unknown is None and has its reason."""

    price_usd: Decimal | None = None
    value_usd: Decimal | None = None
    price_source: str = ""
    price_at: datetime | None = None
    reason: str = ""
    version: int = 0


UNPRICED = Worth(reason="no_price")


def priced_by(stated: Stated) -> str:
    """The asset whose USD price the line needs: its own, its currency's, or "" if no price would change it."""
    if stated.reason in NEVER_VALUED:
        return ""
    if _states_value(stated):
        return "" if stated.currency == USD else stated.currency
    return stated.asset or "" if stated.amount is not None and stated.asset != USD else ""


def price_age(asset: str) -> timedelta:
    """How long a price of it serves."""
    return CURRENCY_PRICE_AGE if is_fiat(asset) else ASSET_PRICE_AGE


def price_age_limit(stated: Stated) -> timedelta:
    return CURRENCY_PRICE_AGE if _states_value(stated) else price_age(priced_by(stated))


def worth_as_stated(stated: Stated, *, provider: str, observed_at: datetime) -> Worth:
    """Without looking at any feed; a line that needs one is left without a value, as `no_price`."""
    if stated.reason in NEVER_VALUED:
        return Worth(reason=str(stated.reason))
    if not _states_value(stated):
        return UNPRICED if priced_by(stated) else _unquoted(stated, observed_at)
    if stated.currency != USD:
        return UNPRICED
    value = stated.value
    if value is None and stated.amount is not None and stated.price is not None:
        try:
            value = product(stated.amount, stated.price).value
        except OutOfRangeError:
            return Worth(reason="out_of_range")
    reason = "value_only" if stated.amount is None else ""
    return Worth(price_usd=stated.price, value_usd=value, price_source=provider, price_at=observed_at, reason=reason)


def _unquoted(stated: Stated, observed_at: datetime) -> Worth:
    if stated.asset != USD or stated.amount is None:
        return Worth(reason=stated.reason or "no_price")
    return Worth(price_usd=Decimal(1), value_usd=stated.amount, price_source=DEFINITION, price_at=observed_at)


def worth_with(stated: Stated, price: FeedPrice, *, observed_at: datetime) -> Worth:
    """With the best price there is for `priced_by(stated)`, not younger than the observation."""
    if observed_at - price.at > price_age_limit(stated):
        return Worth(reason="stale", version=price.version)
    if _states_value(stated):
        return _converted(stated, price)
    if stated.amount is None:
        raise ValueError("a line without amount and stated value needs no price")
    return _valued(stated, price, unit=price.price, value=(stated.amount, price.price))


def _converted(stated: Stated, rate: FeedPrice) -> Worth:
    """From the stated value, else stated price × amount, at so many dollars for one of its currency."""
    try:
        unit = None if stated.price is None else product(stated.price, rate.price).value
    except OutOfRangeError:
        return Worth(reason="out_of_range", version=rate.version)
    if stated.value is not None:
        return _valued(stated, rate, unit=unit, value=(stated.value, rate.price))
    if unit is None or stated.amount is None:
        raise ValueError("nothing stated to convert")
    return _valued(stated, rate, unit=unit, value=(stated.amount, unit))


def _valued(stated: Stated, price: FeedPrice, *, unit: Decimal | None, value: tuple[Decimal, Decimal]) -> Worth:
    try:
        worth = product(*value).value
    except OutOfRangeError:
        return Worth(reason="out_of_range", version=price.version)
    return Worth(
        price_usd=unit,
        value_usd=worth,
        price_source=price.source,
        price_at=price.at,
        reason="value_only" if stated.amount is None else "",
        version=price.version,
    )


def _states_value(stated: Stated) -> bool:
    return stated.value is not None or (stated.price is not None and stated.amount is not None)
