"""What each token ever held has returned, from the beginning to an instant, by the simple method of `domain.returns`.

Where a return is unavailable upstream shows value 0 and return 0, and so does this: no price at a flow, none now with a
balance, no rate, an amount that could not be read at some time, or a source that states values without amounts, of
which no flow is known.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.assets import USD, chain_of
from holdfast.domain.conversion import Rate, RateBook
from holdfast.domain.exact import ZERO, exactly, total
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.ledger.marks import latest
from holdfast.domain.ledger.membership import ALWAYS, Interval, union
from holdfast.domain.ledger.statements import HELD_ON, LEFT_OUT
from holdfast.domain.returns.answers import SimpleReturn, Unavailable, Window
from holdfast.domain.returns.book import NOTHING_HELD, build_book, worth_by_asset
from holdfast.domain.returns.simple import simple_returns_by_asset
from holdfast.history.ledgers import Ledgers, read_ledgers
from holdfast.history.memberships import SourceMembership
from holdfast.history.prices import read_rate_book
from holdfast.history.reading import FAR
from holdfast.providers.credmark.wire import TokenReturn, quote_asset, token_address
from holdfast.registry.state import PortfolioSource
from holdfast.warehouse.rows import stored_time
from services.api.dialects.credmark.accounts import Asked
from services.api.dialects.credmark.holdings import by_address
from services.api.queries import load_sql, read
from services.api.resources import Resources

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class TokenReturns(Struct, frozen=True, kw_only=True):
    """By address, the coin last."""

    tokens: tuple[TokenReturn, ...]
    quoted: bool
    """Whether there is a rate into the quote at the end; without one no return is known."""


class Gap(Struct, frozen=True, kw_only=True):
    """A token of a source whose amount was unknown while it was a member; null: of no token."""

    source: str
    asset: str | None


class Inputs(Struct, frozen=True, kw_only=True):
    """All that the returns of one answer follow from."""

    chain: str
    ledgers: Ledgers
    gaps: tuple[Gap, ...]
    rates: RateBook
    quote: str


async def read_returns(api: Resources, asked: Asked, quote_address: str, until: datetime) -> TokenReturns:
    """Raises WarehouseError."""
    ledgers = await read_ledgers(
        api.warehouse, to_memberships(asked.members), Window(None, until), excluded=asked.excluded, ranking=api.ranking
    )
    quote = quote_asset(asked.chain_id, quote_address)
    instants = {entry.at for one in ledgers.sources for entry in one.entries} | {until}
    rates = await read_rate_book(api.warehouse, [quote], instants=sorted(instants), ranking=api.ranking)
    gaps = await _read_gaps(api, asked.members, until)
    inputs = Inputs(chain=asked.chain, ledgers=ledgers, gaps=tuple(gaps), rates=rates, quote=quote)
    # In a thread: years of entries are seconds of work, in which nobody else should wait.
    tokens = await asyncio.to_thread(to_returns, inputs)
    return TokenReturns(tokens=tuple(tokens), quoted=isinstance(rates.find(USD, quote, until), Rate))


async def _read_gaps(api: Resources, members: Sequence[PortfolioSource], until: datetime) -> list[Gap]:
    params = {
        "sources": [member.source.id for member in members],
        "since": [stored_time(member.valid_from or _FIRST) for member in members],
        "ends": [stored_time(member.valid_to or FAR) for member in members],
        "until": stored_time(until),
        "left_out": sorted(LEFT_OUT),
    }
    return await read(api.warehouse, load_sql(__file__, "unknown_amounts"), params, Gap)


@exactly
def to_returns(inputs: Inputs) -> list[TokenReturn]:
    """Pure."""
    found: dict[str, list[TokenReturn]] = {}
    for asset, part in (*_of_known_flows(inputs), *_of_unknown_flows(inputs)):
        found.setdefault(asset, []).append(part)
    unread = {gap.asset for gap in inputs.gaps if gap.asset is not None}
    tokens = (_added(parts, unread=asset in unread) for asset, parts in found.items())
    return sorted((one for one in tokens if one is not None), key=lambda one: by_address(one.token_address))


def total_return(returns: Sequence[TokenReturn]) -> Decimal:
    return total(one.return_ for one in returns if one.return_ is not None)


def to_memberships(members: Sequence[PortfolioSource]) -> list[SourceMembership]:
    """Each source once, with all its times."""
    spans: dict[str, list[Interval]] = {}
    for member in members:
        span = Interval(member.valid_from or ALWAYS.start, member.valid_to or ALWAYS.end)
        spans.setdefault(member.source.id, []).append(span)
    sources = {member.source.id: member.source for member in members}
    return [
        SourceMembership(
            source=id_,
            account=source.account,
            provider=source.provider,
            scope=source.scope,
            during=union(spans[id_]),
        )
        for id_, source in sources.items()
    ]


def _of_known_flows(inputs: Inputs) -> Iterator[tuple[str, TokenReturn]]:
    without = _sources_without_flows(inputs)
    book = build_book(
        [_on_chain(one.entries, inputs.chain) for one in inputs.ledgers.sources if one.source not in without],
        window=inputs.ledgers.window,
        prices=inputs.ledgers.prices,
        rates=inputs.rates,
        currency=inputs.quote,
    )
    closing = worth_by_asset(mark for mark in book.closing if mark.reason not in HELD_ON)
    for key, answer in simple_returns_by_asset(book).items():
        yield key[0], _to_return(key[0], answer, closing.get(key, NOTHING_HELD).held)


def _of_unknown_flows(inputs: Inputs) -> Iterator[tuple[str, TokenReturn]]:
    without = _sources_without_flows(inputs)
    for one in inputs.ledgers.sources:
        if one.source in without:
            for entry in latest(_on_chain(one.entries, inputs.chain)).values():
                yield entry.asset, _to_return(entry.asset, None, ZERO if entry.reason in HELD_ON else entry.held)


def _to_return(asset: str, answer: SimpleReturn | Unavailable | None, held: Decimal) -> TokenReturn:
    known = answer if isinstance(answer, SimpleReturn) else None
    return TokenReturn(
        token_address=token_address(asset) or "",
        balance=held,
        value=known.closing if known else None,
        return_=known.gain if known else None,
    )


@exactly
def _added(parts: Sequence[TokenReturn], *, unread: bool) -> TokenReturn | None:
    """Assets and debts of one token. None for one that is unreadable now: it cannot be told from one that was sold."""
    unknown = unread or any(part.return_ is None for part in parts)
    balance = sum((part.balance or ZERO for part in parts), ZERO)
    if unread and not balance:
        return None
    return TokenReturn(
        token_address=parts[0].token_address,
        balance=balance,
        value=ZERO if unknown else sum((part.value or ZERO for part in parts), ZERO),
        return_=ZERO if unknown else sum((part.return_ or ZERO for part in parts), ZERO),
    )


def _sources_without_flows(inputs: Inputs) -> frozenset[str]:
    return frozenset(gap.source for gap in inputs.gaps if gap.asset is None)


def _on_chain(entries: Sequence[Entry], chain: str) -> list[Entry]:
    return [one for one in entries if chain_of(one.asset) == chain and token_address(one.asset) is not None]
