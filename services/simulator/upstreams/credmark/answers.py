"""The five answers, each at one block or over a span of them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from msgspec import UNSET, Struct, UnsetType

from holdfast.providers.credmark.wire import (
    Positions,
    PositionsHistory,
    PositionsPoint,
    Query,
    Resource,
    Returns,
    TokenReturn,
    Value,
    ValuedPosition,
    ValueHistory,
    ValuePoint,
)
from services.simulator.upstreams.credmark.holdings import (
    address_of,
    quoted,
    stated_at,
    to_position,
    to_valued,
    unit_of,
)
from services.simulator.upstreams.credmark.moments import Span, to_block, to_span
from services.simulator.upstreams.credmark.returns import Ledgers
from services.simulator.world.funds import double, known_tokens
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import Block, World

CHAIN_ID = 1
Positioned = tuple[ValuedPosition, ...]


class Asked(Struct, frozen=True, kw_only=True):
    world: World
    ledgers: Ledgers
    accounts: tuple[str, ...]
    """As they were written."""
    wallets: tuple[Wallet, ...]
    """Those of them that this world has: any other address is an empty one."""
    query: Query
    now: datetime


def answer_positions(asked: Asked) -> Positions:
    block = _block(asked)
    positions = tuple(map(to_position, stated_at(asked.world, asked.wallets, asked.query, block)))
    return Positions(chain_id=CHAIN_ID, accounts=asked.accounts, positions=positions, **_at(block))


def answer_positions_history(asked: Asked) -> PositionsHistory:
    span = to_span(asked.query, asked.now)
    data = tuple(
        PositionsPoint(
            positions=tuple(map(to_position, stated_at(asked.world, asked.wallets, asked.query, block))), **_at(block)
        )
        for block in span.points
    )
    return PositionsHistory(chain_id=CHAIN_ID, accounts=asked.accounts, data=data, **_ends(asked.query, span))


def answer_value(asked: Asked) -> Value:
    block = _block(asked)
    positions = _valued(asked, block)
    return Value(
        chain_id=CHAIN_ID,
        accounts=asked.accounts,
        quote_address=asked.query.quote_address,
        value=_total(one.value for one in positions),
        positions=_shown(asked, positions),
        **_at(block),
    )


def answer_value_history(asked: Asked) -> ValueHistory:
    span = to_span(asked.query, asked.now)
    points = ((block, _valued(asked, block)) for block in span.points)
    data = tuple(
        ValuePoint(value=_total(one.value for one in positions), positions=_shown(asked, positions), **_at(block))
        for block, positions in points
    )
    return ValueHistory(
        chain_id=CHAIN_ID,
        accounts=asked.accounts,
        quote_address=asked.query.quote_address,
        data=data,
        **_ends(asked.query, span),
    )


def answer_returns(asked: Asked) -> Returns:
    block = _block(asked)
    unit = unit_of(asked.world, asked.query, block)
    states = (asked.ledgers.state(asked.wallets, token, block.time) for token in known_tokens())
    returns = tuple(
        TokenReturn(
            token_address=address_of(one.token),
            balance=double(one.amount),
            value=quoted(one.value, unit),
            return_=quoted(one.gain, unit),
        )
        for one in states
        if one is not None
    )
    return Returns(
        chain_id=CHAIN_ID,
        accounts=asked.accounts,
        quote_address=asked.query.quote_address,
        total_return=_total(one.return_ for one in returns),
        returns=returns,
        **_at(block),
    )


ANSWERS: dict[Resource, Callable[[Asked], Struct]] = {
    "positions": answer_positions,
    "positions/historical": answer_positions_history,
    "value": answer_value,
    "value/historical": answer_value_history,
    "returns": answer_returns,
}


class _At(TypedDict):
    block_number: int
    block_timestamp: int


class _Ends(TypedDict):
    start_block_number: int
    end_block_number: int
    start_timestamp: int
    end_timestamp: int


def _block(asked: Asked) -> Block:
    return to_block(asked.query.block_number, asked.query.timestamp, asked.now)


def _at(block: Block) -> _At:
    return _At(block_number=block.number, block_timestamp=_second(block))


def _ends(query: Query, span: Span) -> _Ends:
    """As they were asked for; what was not is that of the block there."""
    return _Ends(
        start_block_number=_either(query.start_block_number, span.start.number),
        end_block_number=_either(query.end_block_number, span.end.number),
        start_timestamp=_either(query.start_timestamp, _second(span.start)),
        end_timestamp=_either(query.end_timestamp, _second(span.end)),
    )


def _valued(asked: Asked, block: Block) -> Positioned:
    unit = unit_of(asked.world, asked.query, block)
    return tuple(to_valued(one, unit) for one in stated_at(asked.world, asked.wallets, asked.query, block))


def _shown(asked: Asked, positions: Positioned) -> Positioned | UnsetType:
    return positions if asked.query.include_positions else UNSET


def _total(numbers: Iterable[Decimal | None]) -> Decimal:
    """Added as doubles are."""
    return Decimal(repr(sum((float(number or 0) for number in numbers), 0.0)))


def _second(block: Block) -> int:
    return int(block.time.timestamp())


def _either(said: int | None, otherwise: int) -> int:
    return otherwise if said is None else said
