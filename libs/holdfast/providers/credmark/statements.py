"""From Credmark's answers to what can be stored: snapshots, the totals that it reports, and returns."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct, UnsetType

from holdfast.domain.balances import Balance, Block, Reason, ReportedTotal, Snapshot
from holdfast.domain.money import LIMIT
from holdfast.domain.reported import ReportedReturn, ReportedReturns
from holdfast.providers.credmark.client import Wallet
from holdfast.providers.credmark.wire import (
    Returns,
    ShapeError,
    TokenReturn,
    Value,
    ValuedPosition,
    ValueHistory,
    ValuePoint,
    chain_of,
    is_address,
    is_unpriced,
    quote_asset,
    token_asset,
)
from holdfast.providers.kit.answer import Answer

SCOPE = "wallet"
_AHEAD = timedelta(minutes=1)
"""A block may be so much ahead of our clock, and no more."""
_LAST_BLOCK = 2**63
_UNPRICED: Reason = "no_price"


class Point(Struct, frozen=True, kw_only=True):
    """The value of a wallet at one block, with the positions that it is made of."""

    chain_id: int
    quote_address: str
    said: Value | ValuePoint


def to_points(history: ValueHistory) -> Iterable[Point]:
    return (Point(chain_id=history.chain_id, quote_address=history.quote_address, said=one) for one in history.data)


def to_point(value: Value) -> Point:
    return Point(chain_id=value.chain_id, quote_address=value.quote_address, said=value)


def check_asked(said: Value | ValueHistory | Returns, wallet: Wallet) -> None:
    """An answer about another account or chain is never taken for ours. Raises ShapeError."""
    accounts = [account.lower() for account in said.accounts]
    if said.chain_id != wallet.chain_id or accounts != [wallet.address.lower()]:
        raise ShapeError("chainId and accounts: not those that were asked for")
    if not is_address(said.quote_address):
        raise ShapeError("quoteAddress: not an address")


def to_snapshot(point: Point, wallet: Wallet, answer: Answer, fetched_at: datetime) -> Snapshot:
    """Raises ShapeError: without positions there is no statement, which is not an empty one."""
    positions = point.said.positions
    if isinstance(positions, UnsetType):
        raise ShapeError("positions: missing, although they were asked for")
    block = to_block(point.chain_id, point.said, answer)
    currency = quote_asset(point.chain_id, point.quote_address)
    lines = (to_line(position, point.chain_id, currency) for position in positions)
    return Snapshot(
        account=wallet.account,
        scope=SCOPE,
        observed_at=min(block.time, answer.received_at),
        fetched_at=fetched_at,
        balances=tuple(line for line in lines if line.amount != 0),
        block=block,
        raw=(answer.sha256,),
    )


def to_total(point: Point, wallet: Wallet, answer: Answer) -> ReportedTotal:
    """Raises ShapeError."""
    return ReportedTotal(
        account=wallet.account,
        scope=SCOPE,
        observed_at=min(to_block(point.chain_id, point.said, answer).time, answer.received_at),
        currency=quote_asset(point.chain_id, point.quote_address),
        total=_storable(point.said.value),
        raw=(answer.sha256,),
    )


def to_returns(said: Returns, wallet: Wallet, answer: Answer) -> ReportedReturns:
    """Raises ShapeError."""
    block = to_block(said.chain_id, said, answer)
    return ReportedReturns(
        account=wallet.account,
        scope=SCOPE,
        observed_at=min(block.time, answer.received_at),
        quote=quote_asset(said.chain_id, said.quote_address),
        total_return=_storable(said.total_return),
        items=tuple(_to_return(one, said.chain_id) for one in said.returns),
        block_number=block.number,
        raw=(answer.sha256,),
    )


def to_line(position: ValuedPosition, chain_id: int, currency: str) -> Balance:
    """A balance with the value 0 is one that Credmark has no price of. Raises ShapeError."""
    amount, reason = _stated(position.balance)
    value, why = None, None
    if amount is not None:
        value, why = (None, _UNPRICED) if is_unpriced(amount, position.value) else _stated(position.value)
    # A price is of use only beside the value that it was made with.
    price = _stated(position.token_price)[0] if value is not None else None
    return Balance(
        asset=_asset(chain_id, position.token_address),
        kind="wallet",
        amount=amount,
        chain=chain_of(chain_id),
        price=price,
        value=value,
        currency=currency,
        reason=reason or why,
    )


def to_block(chain_id: int, said: Value | ValuePoint | Returns, answer: Answer) -> Block:
    """Credmark does not tell hashes. Raises ShapeError for a block that there cannot be."""
    if not 0 <= said.block_number < _LAST_BLOCK:
        raise ShapeError("blockNumber: out of range")
    latest = (answer.received_at + _AHEAD).timestamp()
    if not 0 < said.block_timestamp <= latest:
        raise ShapeError("blockTimestamp: not between 1970 and now in seconds")
    at = datetime.fromtimestamp(said.block_timestamp, UTC)
    return Block(chain=chain_of(chain_id), number=said.block_number, hash="", time=at)


def _to_return(one: TokenReturn, chain_id: int) -> ReportedReturn:
    unpriced = is_unpriced(one.balance, one.value)
    # A return of 0 beside an unknown value is as unknown as that.
    unknown = unpriced and not one.return_
    return ReportedReturn(
        asset=_asset(chain_id, one.token_address),
        amount=_storable(one.balance),
        value=None if unpriced else _storable(one.value),
        total_return=None if unknown else _storable(one.return_),
        reason=_UNPRICED if unpriced else None,
    )


def _asset(chain_id: int, address: str) -> str:
    if not is_address(address):
        raise ShapeError("tokenAddress: not an address")
    return token_asset(chain_id, address)


def _stated(number: Decimal | None) -> tuple[Decimal | None, Reason | None]:
    """An amount or a value: below zero (transfers that do not add up) and beyond Decimal(76, 36) are kept out."""
    if number is None:
        return None, "unreadable"
    if number < 0:
        return None, "negative_amount"
    return (number, None) if number < LIMIT else (None, "out_of_range")


def _storable(number: Decimal | None) -> Decimal | None:
    """Of what may be below zero. Raises ShapeError for what no column holds."""
    if number is not None and abs(number) >= LIMIT:
        raise ShapeError("a number beyond any amount")
    return number
