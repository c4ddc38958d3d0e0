"""The five answers, each at one moment or over a range."""

from collections.abc import Awaitable, Callable
from typing import TypedDict

from msgspec import UNSET, Struct, UnsetType

from holdfast.providers.credmark.wire import (
    Positions,
    PositionsHistory,
    PositionsPoint,
    Query,
    Resource,
    Returns,
    Value,
    ValuedPosition,
    ValueHistory,
    ValuePoint,
)
from services.api.dialects.credmark.accounts import Asked
from services.api.dialects.credmark.failures import CredmarkError, not_found, unavailable, unprocessable
from services.api.dialects.credmark.holdings import Portfolio, read_portfolios, to_position, to_valued
from services.api.dialects.credmark.moments import Moment, Range, find_moment, find_range
from services.api.dialects.credmark.returns import read_returns, total_return
from services.api.resources import Resources


async def read_positions(api: Resources, asked: Asked, query: Query) -> Positions:
    moment, portfolio = await _read_moment(api, asked, query)
    return Positions(**_place(asked, moment), positions=tuple(map(to_position, portfolio.holdings)))


async def read_value(api: Resources, asked: Asked, query: Query) -> Value:
    """Raises CredmarkError 422 where there is no rate into the quote."""
    moment, portfolio = await _read_moment(api, asked, query)
    if not portfolio.quoted:
        raise _no_rate(query, moment)
    return Value(
        **_place(asked, moment),
        quote_address=query.quote_address,
        value=portfolio.value,
        positions=_positions(portfolio, query),
    )


async def read_token_returns(api: Resources, asked: Asked, query: Query) -> Returns:
    moment, _ = await _read_moment(api, asked, query)
    returns = await read_returns(api, asked, query.quote_address, moment.as_of)
    if not returns.quoted:
        raise _no_rate(query, moment)
    return Returns(
        **_place(asked, moment),
        quote_address=query.quote_address,
        total_return=total_return(returns.tokens),
        returns=returns.tokens,
    )


async def read_positions_history(api: Resources, asked: Asked, query: Query) -> PositionsHistory:
    span, points = await _read_range(api, asked, query)
    data = tuple(
        PositionsPoint(
            block_number=moment.block.number,
            block_timestamp=moment.block.second,
            positions=tuple(map(to_position, portfolio.holdings)),
        )
        for moment, portfolio in points
    )
    return PositionsHistory(**_ends(span), chain_id=asked.chain_id, accounts=asked.accounts, data=data)


async def read_value_history(api: Resources, asked: Asked, query: Query) -> ValueHistory:
    """Points at which there is no rate into the quote are left out."""
    span, points = await _read_range(api, asked, query)
    data = tuple(
        ValuePoint(
            block_number=moment.block.number,
            block_timestamp=moment.block.second,
            value=portfolio.value,
            positions=_positions(portfolio, query),
        )
        for moment, portfolio in points
        if portfolio.quoted
    )
    return ValueHistory(
        **_ends(span),
        chain_id=asked.chain_id,
        accounts=asked.accounts,
        quote_address=query.quote_address,
        data=data,
    )


ANSWERS: dict[Resource, Callable[[Resources, Asked, Query], Awaitable[Struct]]] = {
    "positions": read_positions,
    "positions/historical": read_positions_history,
    "value": read_value,
    "value/historical": read_value_history,
    "returns": read_token_returns,
}


class _Place(TypedDict):
    chain_id: int
    block_number: int
    block_timestamp: int
    accounts: tuple[str, ...]


class _Ends(TypedDict):
    start_block_number: int
    end_block_number: int
    start_timestamp: int
    end_timestamp: int


async def _read_moment(api: Resources, asked: Asked, query: Query) -> tuple[Moment, Portfolio]:
    moment = await find_moment(api, asked, query)
    portfolio = (await read_portfolios(api, asked, query, [moment.as_of])).get(moment.as_of)
    if portfolio is None:
        raise _nothing_known(moment)
    return moment, portfolio


async def _read_range(api: Resources, asked: Asked, query: Query) -> tuple[Range, list[tuple[Moment, Portfolio]]]:
    """Moments at which nothing was known of the accounts yet are left out: nothing is known, which is not zero."""
    span = await find_range(api, asked, query)
    known = await read_portfolios(api, asked, query, [moment.as_of for moment in span.moments])
    return span, [(moment, known[moment.as_of]) for moment in span.moments if moment.as_of in known]


def _place(asked: Asked, moment: Moment) -> _Place:
    return _Place(
        chain_id=asked.chain_id,
        block_number=moment.block.number,
        block_timestamp=moment.block.second,
        accounts=asked.accounts,
    )


def _ends(span: Range) -> _Ends:
    return _Ends(
        start_block_number=span.start_block_number,
        end_block_number=span.end_block_number,
        start_timestamp=span.start_timestamp,
        end_timestamp=span.end_timestamp,
    )


def _positions(portfolio: Portfolio, query: Query) -> tuple[ValuedPosition, ...] | UnsetType:
    return tuple(map(to_valued, portfolio.holdings)) if query.include_positions else UNSET


def _nothing_known(moment: Moment) -> CredmarkError:
    if moment.is_latest:
        return unavailable("These accounts have not been read yet: try again later")
    return not_found(f"Nothing is known of these accounts at block {moment.block.number}")


def _no_rate(query: Query, moment: Moment) -> CredmarkError:
    return unprocessable(f"There is no price of {query.quote_address} at block {moment.block.number}")
