"""What each token ever held has returned, from the beginning to an instant, by the simple method of `domain.returns`.

Where a return is unavailable (no price at a flow, none now with a balance, no rate, or a source that states values
without amounts) upstream shows value 0 and return 0, and so does this.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD, chain_of
from holdfast.domain.conversion import Rate, RateBook
from holdfast.domain.exact import ZERO, exactly
from holdfast.domain.ledger.entries import ledger
from holdfast.domain.ledger.membership import ALWAYS, Interval, belonging, union
from holdfast.domain.ledger.statements import Statement, to_coverage, to_holdings
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import SimpleReturn, Window
from holdfast.domain.returns.book import Book, build_book, worth_by_asset
from holdfast.domain.returns.simple import simple_returns_by_asset
from holdfast.history.prices import read_price_book, read_rate_book
from holdfast.history.statements import read_statements
from holdfast.providers.credmark.wire import TokenReturn, quote_asset, token_address
from services.api.dialects.credmark.accounts import Asked
from services.api.dialects.credmark.holdings import by_address
from services.api.resources import Resources


class Inputs(Struct, frozen=True, kw_only=True):
    """All that the returns of one answer follow from."""

    statements: Mapping[str, Sequence[Statement]]
    """Of tokens on the chain alone, by source."""
    during: Mapping[str, Sequence[Interval]]
    """When each source belongs to what is measured."""
    prices: PriceBook
    rates: RateBook
    quote: str
    until: datetime


class TokenReturns(Struct, frozen=True, kw_only=True):
    """By address, the coin last."""

    tokens: tuple[TokenReturn, ...]
    quoted: bool
    """Whether there is a rate into the quote at the end; without one no return is known."""


async def read_returns(api: Resources, asked: Asked, quote_address: str, until: datetime) -> TokenReturns | None:
    """None where nothing is known of the accounts by then."""
    stated = await read_statements(api.warehouse, asked.sources, until=until)
    if not any(stated.values()):
        return None
    assets = {line.asset for of in stated.values() for one in of for line in one.lines if line.asset is not None}
    quote = quote_asset(asked.chain_id, quote_address)
    inputs = Inputs(
        statements={source: [_on_chain(one, asked.chain) for one in of] for source, of in stated.items()},
        during=_during(asked),
        prices=await read_price_book(api.warehouse, assets, until=until),
        rates=await read_rate_book(api.warehouse, [quote], until=until),
        quote=quote,
        until=until,
    )
    # In a thread: years of entries are seconds of work, in which nobody else should wait.
    tokens = await asyncio.to_thread(to_returns, inputs)
    return TokenReturns(tokens=tuple(tokens), quoted=isinstance(inputs.rates.find(USD, quote, until), Rate))


@exactly
def to_returns(inputs: Inputs) -> list[TokenReturn]:
    """Pure."""
    doubtful = {source for source, of in inputs.statements.items() if _states_values_alone(of)}
    book = _to_book(inputs, without=doubtful)
    closing = worth_by_asset(book.closing)
    found: dict[str, list[TokenReturn]] = {}
    for (asset, side), answer in simple_returns_by_asset(book).items():
        found.setdefault(asset, []).append(_to_return(asset, answer, closing[asset, side].held))
    for source in doubtful:
        for asset, amount in _held_last(inputs, source):
            found.setdefault(asset, []).append(_to_return(asset, None, amount))
    return sorted(map(_added, found.values()), key=lambda one: by_address(one.token_address))


def total_return(returns: Sequence[TokenReturn]) -> Decimal:
    return sum((one.return_ for one in returns if one.return_ is not None), ZERO)


def _to_book(inputs: Inputs, *, without: set[str]) -> Book:
    ledgers = [
        belonging(ledger(statements, inputs.prices), inputs.during.get(source, (ALWAYS,)), inputs.prices)
        for source, statements in inputs.statements.items()
        if source not in without
    ]
    return build_book(
        ledgers,
        window=Window(None, inputs.until),
        prices=inputs.prices,
        rates=inputs.rates,
        currency=inputs.quote,
    )


def _to_return(asset: str, answer: object, held: Decimal) -> TokenReturn:
    known = answer if isinstance(answer, SimpleReturn) else None
    return TokenReturn(
        token_address=token_address(asset) or "",
        balance=held,
        value=known.closing if known else None,
        return_=known.gain if known else None,
    )


@exactly
def _added(parts: Sequence[TokenReturn]) -> TokenReturn:
    """Assets and debts of one token; if either is unavailable, so is the whole, which is then shown as 0."""
    unknown = any(part.return_ is None for part in parts)
    return TokenReturn(
        token_address=parts[0].token_address,
        balance=sum((part.balance or ZERO for part in parts), ZERO),
        value=ZERO if unknown else sum((part.value or ZERO for part in parts), ZERO),
        return_=ZERO if unknown else sum((part.return_ or ZERO for part in parts), ZERO),
    )


def _held_last(inputs: Inputs, source: str) -> Iterator[tuple[str, Decimal]]:
    during = inputs.during.get(source, (ALWAYS,))
    if not any(span.start <= inputs.until < span.end for span in during):
        return
    for (asset, _), holding in to_holdings(inputs.statements[source][-1]).items():
        yield asset, holding.amount


def _states_values_alone(statements: Sequence[Statement]) -> bool:
    return any(to_coverage(statement).lines_without_amount for statement in statements)


def _on_chain(statement: Statement, chain: str) -> Statement:
    """Tokens of the chain, and values without an asset, which make the source's flows unknown."""
    lines = (line for line in statement.lines if line.asset is None or _is_token(line.asset, chain))
    return statement._replace(lines=tuple(lines))


def _is_token(asset: str, chain: str) -> bool:
    return chain_of(asset) == chain and token_address(asset) is not None


def _during(asked: Asked) -> dict[str, tuple[Interval, ...]]:
    spans: dict[str, list[Interval]] = {}
    for member in asked.members:
        span = Interval(member.valid_from or ALWAYS.start, member.valid_to or ALWAYS.end)
        spans.setdefault(member.source.id, []).append(span)
    return {source: union(of) for source, of in spans.items()}
