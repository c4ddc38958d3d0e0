"""From an item's balances to lines. An amount that the upstream could not get is unknown, never 0."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import UnsetType

from holdfast.domain.assets import USD, AssetIdError, fiat, parse_asset
from holdfast.domain.balances import Balance as Line
from holdfast.domain.balances import Reason
from holdfast.providers.bitpanda.wire import NOT_A_NUMBER, Amount, Balance, Balances, ShapeError, to_instant
from holdfast.providers.kit.exact import Stated, to_stated
from holdfast.providers.kit.labels import to_label

RATE_AGE = timedelta(hours=24)
"""A value at a rate from further away, before or after, is not the value at the time of the balance."""


def to_lines(balances: Balances, *, at: datetime, now: datetime) -> tuple[Line, ...]:
    """`now`: when the answer came, the time of a rate that states none. Raises ShapeError, UnreadableNumberError."""
    if balances.next_token:
        raise ShapeError("balances: there are more (nextToken), and no documented way to ask for them")
    return tuple(_to_line(balance, at, now) for balance in balances.items)


def symbols_of(balances: Balances) -> Iterator[str]:
    for balance in balances.items:
        if balance.amount and balance.amount.currency:
            yield balance.amount.currency


def to_number(amount: Amount) -> Stated:
    """Raises UnreadableNumberError for text that is neither a number nor NaN."""
    value = amount.value
    if isinstance(value, UnsetType):
        raise ShapeError("an amount without value")
    if value is None or value == NOT_A_NUMBER:
        return Stated(None, "unreadable")
    stated = to_stated(value)
    return stated if value else Stated(None, "unreadable")


def to_asset(symbol: str) -> str:
    """The upstream's symbols are its own ids, and may differ from public tickers. Raises ShapeError."""
    try:
        return parse_asset(f"bitpanda:{symbol}")
    except AssetIdError as error:
        raise ShapeError(str(error)) from error


def to_currency(code: str, held: frozenset[str]) -> str:
    """Of a total: a fiat code, unless it is written otherwise or is the symbol of something held."""
    is_fiat = len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() and code not in held
    return fiat(code) if is_fiat else to_asset(code)


def _to_line(balance: Balance, at: datetime, now: datetime) -> Line:
    amount = balance.amount
    if not amount or not amount.currency:
        raise ShapeError("a balance without amount or currency")
    number = to_number(amount)
    value, reason = _value(balance, at, now) if number.number is not None else (None, number.reason)
    return Line(
        asset=to_asset(amount.currency),
        kind="wallet",
        amount=number.number,
        symbol=to_label(amount.currency),
        name=to_label((balance.asset.name or "") if balance.asset else ""),
        value=value,
        currency=USD,
        reason=reason,
    )


def _value(balance: Balance, at: datetime, now: datetime) -> tuple[Decimal | None, Reason | None]:
    """In US dollars, as the upstream converted it, at a rate of about the same time."""
    worth = (balance.worth.in_ if balance.worth else None) or None
    if not worth or worth.currency != "USD":
        return None, None
    number = to_number(worth).number
    rated_at = to_instant(worth.timestamp) if worth.timestamp else now
    if number is not None and abs(rated_at - at) > RATE_AGE:
        return None, "stale"
    return number, None
