"""The tokens of accounts at instants, in the quote that was asked for.

Everything that counts of the accounts is there, wherever it lies: a token that is lent out is one that is held, one
that is owed is a negative balance. What has no address on the chain (other chains' assets, fiat, values without
amounts) is no token, and neither part of a list nor of a total. A token of which a line could not be read is left out.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD, chain_of
from holdfast.domain.conversion import MissingRate, Rate
from holdfast.domain.exact import ZERO, ratio, total
from holdfast.domain.money import OutOfRangeError
from holdfast.providers.credmark.wire import COIN_ADDRESS, Position, Query, ValuedPosition, quote_asset, token_address
from services.api.dialects.credmark.accounts import Asked
from services.api.held import Held, read_held
from services.api.rates import read_rates
from services.api.resources import Resources


class Holding(Struct, frozen=True, kw_only=True):
    """One token. A value of None has no price."""

    address: str
    amount: Decimal
    value: Decimal | None


class Portfolio(Struct, frozen=True, kw_only=True):
    """What the accounts hold at one instant, by address, the coin last."""

    holdings: tuple[Holding, ...]
    quoted: bool
    """Whether there is a rate into the quote; without one no value is known."""

    @property
    def value(self) -> Decimal:
        """Of every token whose value is known."""
        return total(one.value for one in self.holdings if one.value is not None)


async def read_portfolios(
    api: Resources, asked: Asked, query: Query, instants: Sequence[datetime]
) -> dict[datetime, Portfolio]:
    """By instant; without those at which nothing was known of the accounts yet."""
    quote = quote_asset(asked.chain_id, query.quote_address)
    held = await read_held(
        api, asked.members, sorted(set(instants)), Held, excluded=asked.excluded, now=api.clock.now()
    )
    rates = await read_rates(api, [quote], sorted(held))
    wanted = frozenset(token.lower() for token in query.tokens)
    return {at: _to_portfolio(rows, asked, wanted, rates.find(USD, quote, at)) for at, rows in held.items()}


def to_position(holding: Holding) -> Position:
    return Position(token_address=holding.address, balance=holding.amount)


def to_valued(holding: Holding) -> ValuedPosition:
    """What has no price, or one that no stored number could be, is shown with price 0, as upstream does."""
    value = holding.value or ZERO
    try:
        price = ratio(value, holding.amount)
    except OutOfRangeError:
        price = ZERO
    return ValuedPosition(token_address=holding.address, token_price=price, balance=holding.amount, value=value)


def by_address(address: str) -> tuple[bool, str]:
    """The coin comes last."""
    return address == COIN_ADDRESS, address


def _to_portfolio(rows: list[Held], asked: Asked, wanted: frozenset[str], rate: Rate | MissingRate) -> Portfolio:
    found = []
    for row in rows:
        address = _address(row.asset, asked)
        amount = Decimal(row.amount or 0)
        if address is not None and amount and (not wanted or address in wanted):
            found.append((address, amount, row.dollars))
    found.sort(key=lambda one: by_address(one[0]))
    values = _converted([dollars for _, _, dollars in found], rate)
    holdings = (
        Holding(address=address, amount=amount, value=value)
        for (address, amount, _), value in zip(found, values, strict=True)
    )
    return Portfolio(holdings=tuple(holdings), quoted=isinstance(rate, Rate))


def _address(asset: str | None, asked: Asked) -> str | None:
    if asset is None or chain_of(asset) != asked.chain:
        return None
    return token_address(asset)


def _converted(dollars: Sequence[Decimal | None], rate: Rate | MissingRate) -> Sequence[Decimal | None]:
    """Together what their sum is in the quote. None for the unknown, without a rate, and for what is out of range."""
    if isinstance(rate, MissingRate):
        return [None] * len(dollars)
    if not rate.path:
        return dollars
    try:
        parts = rate.of_each([ZERO if one is None else one for one in dollars])
    except OutOfRangeError:
        return [_alone(one, rate) for one in dollars]
    return [None if one is None else part for one, part in zip(dollars, parts, strict=True)]


def _alone(dollars: Decimal | None, rate: Rate) -> Decimal | None:
    try:
        return None if dollars is None else rate.of(dollars)
    except OutOfRangeError:
        return None
