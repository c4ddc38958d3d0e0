"""The service: the key, the chain, the accounts, then the resource."""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl

from msgspec import UNSET, Struct

from holdfast.providers.credmark.wire import (
    Positions,
    PositionsHistory,
    PositionsPoint,
    Query,
    RequestError,
    Returns,
    TokenReturn,
    Value,
    ValueHistory,
    ValuePoint,
    parse_accounts,
    parse_query,
    to_json,
)
from services.simulator.exchange import Answer, Refusal, Request
from services.simulator.upstreams.credmark.errors import CredmarkError, error_answer, refusal_answer
from services.simulator.upstreams.credmark.holdings import (
    address_of,
    quoted,
    stated_at,
    to_position,
    to_valued,
    total_of,
    unit_of,
)
from services.simulator.upstreams.credmark.moments import Span, to_block, to_span
from services.simulator.upstreams.credmark.returns import Ledgers
from services.simulator.world.chains import ETHEREUM
from services.simulator.world.funds import known_tokens
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import World

_CHAIN_ID = "1"


class Asked(Struct, frozen=True, kw_only=True):
    accounts: tuple[str, ...]
    """As they were written."""
    wallets: tuple[Wallet, ...]
    """Those of them that this world has: any other address is an empty one."""
    query: Query
    now: datetime


class Credmark:
    """One key, for any wallet on Ethereum."""

    name = "credmark"
    prefixes: tuple[str, ...] = ("/v1/portfolio/",)

    def __init__(self, world: World, *, api_key: str) -> None:
        self._world = world
        self._api_key = api_key
        self._ledgers = Ledgers(world)
        self._resources: dict[str, Callable[[Asked], Struct]] = {
            "positions": self._positions,
            "positions/historical": self._positions_history,
            "value": self._value,
            "value/historical": self._value_history,
            "returns": self._returns,
        }

    def answer(self, request: Request, now: datetime) -> Answer:
        if not hmac.compare_digest(self.caller(request).encode(), self._api_key.encode()):
            return refusal_answer("key_revoked")
        try:
            return Answer(body=to_json(self._route(request, now)))
        except CredmarkError as error:
            return error_answer(error.status, error.message)
        except RequestError as error:
            return error_answer(400, error.message)

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        return refusal_answer(refusal)

    def caller(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def _route(self, request: Request, now: datetime) -> Struct:
        chain_id, _, rest = request.path.removeprefix(self.prefixes[0]).partition("/")
        accounts, _, resource = rest.partition("/")
        if request.method != "GET" or resource not in self._resources:
            raise CredmarkError(404, f"Cannot {request.method} {request.path[:200]}")
        if chain_id != _CHAIN_ID:
            raise CredmarkError(400, ("chainId must be one of the following values: 1",))
        pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        spelled = parse_accounts(accounts)
        found = (self._world.by_address.get((ETHEREUM.id, address.lower())) for address in dict.fromkeys(spelled))
        asked = Asked(
            accounts=spelled,
            wallets=tuple(wallet for wallet in found if wallet is not None),
            query=parse_query(pairs, historical=resource.endswith("historical")),
            now=now,
        )
        return self._resources[resource](asked)

    def _positions(self, asked: Asked) -> Positions:
        block = to_block(asked.query.block_number, asked.query.timestamp, asked.now)
        stated = stated_at(self._world, asked.wallets, asked.query, block)
        return Positions(
            chain_id=1,
            block_number=block.number,
            block_timestamp=int(block.time.timestamp()),
            accounts=asked.accounts,
            positions=tuple(map(to_position, stated)),
        )

    def _positions_history(self, asked: Asked) -> PositionsHistory:
        span = to_span(asked.query, asked.now)
        points = tuple(
            PositionsPoint(
                block_number=block.number,
                block_timestamp=int(block.time.timestamp()),
                positions=tuple(map(to_position, stated_at(self._world, asked.wallets, asked.query, block))),
            )
            for block in span.points
        )
        return PositionsHistory(chain_id=1, accounts=asked.accounts, data=points, **_ends(asked.query, span))

    def _value(self, asked: Asked) -> Value:
        block = to_block(asked.query.block_number, asked.query.timestamp, asked.now)
        unit = unit_of(self._world, asked.query, block)
        positions = [to_valued(one, unit) for one in stated_at(self._world, asked.wallets, asked.query, block)]
        return Value(
            chain_id=1,
            block_number=block.number,
            block_timestamp=int(block.time.timestamp()),
            accounts=asked.accounts,
            quote_address=asked.query.quote_address,
            value=total_of(positions),
            positions=tuple(positions) if asked.query.include_positions else UNSET,
        )

    def _value_history(self, asked: Asked) -> ValueHistory:
        span = to_span(asked.query, asked.now)
        points = []
        for block in span.points:
            unit = unit_of(self._world, asked.query, block)
            positions = [to_valued(one, unit) for one in stated_at(self._world, asked.wallets, asked.query, block)]
            points.append(
                ValuePoint(
                    block_number=block.number,
                    block_timestamp=int(block.time.timestamp()),
                    value=total_of(positions),
                    positions=tuple(positions) if asked.query.include_positions else UNSET,
                )
            )
        return ValueHistory(
            chain_id=1,
            accounts=asked.accounts,
            quote_address=asked.query.quote_address,
            data=tuple(points),
            **_ends(asked.query, span),
        )

    def _returns(self, asked: Asked) -> Returns:
        block = to_block(asked.query.block_number, asked.query.timestamp, asked.now)
        unit = unit_of(self._world, asked.query, block)
        states = [self._ledgers.state(asked.wallets, token, block.time) for token in known_tokens()]
        returns = [
            TokenReturn(
                token_address=address_of(one.token),
                balance=Decimal(repr(float(one.amount))),
                value=quoted(one.value, unit),
                return_=quoted(one.gain, unit),
            )
            for one in states
            if one is not None
        ]
        return Returns(
            chain_id=1,
            block_number=block.number,
            block_timestamp=int(block.time.timestamp()),
            accounts=asked.accounts,
            quote_address=asked.query.quote_address,
            total_return=_sum(returns),
            returns=tuple(returns),
        )


def _sum(returns: Sequence[TokenReturn]) -> Decimal:
    return Decimal(repr(sum(float(one.return_ or 0) for one in returns)))


def _ends(query: Query, span: Span) -> dict[str, int]:
    """As they were asked for; what was not is that of the block there."""
    return {
        "start_block_number": span.start.number if query.start_block_number is None else query.start_block_number,
        "end_block_number": span.end.number if query.end_block_number is None else query.end_block_number,
        "start_timestamp": _second(query.start_timestamp, span.start.time),
        "end_timestamp": _second(query.end_timestamp, span.end.time),
    }


def _second(said: int | None, at: datetime) -> int:
    return int(at.timestamp()) if said is None else said
