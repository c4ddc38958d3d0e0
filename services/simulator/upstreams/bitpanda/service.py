"""The service: the key, then GraphQL over the documented schema."""

import hmac
import logging
from datetime import datetime
from typing import Any

import msgspec
from ariadne import ObjectType, QueryType, graphql_sync, make_executable_schema
from graphql import GraphQLError
from msgspec import Struct

from holdfast.providers.bitpanda.wire import load_schema
from services.simulator import exchange
from services.simulator.exchange import Answer, Refusal, Request
from services.simulator.upstreams.bitpanda.amounts import stated_amount, total_amount
from services.simulator.upstreams.bitpanda.errors import UserError, refusal_answer
from services.simulator.upstreams.bitpanda.instants import hours_asked
from services.simulator.world.custody import Custody, custody_lines, rated_at
from services.simulator.world.instants import iso
from services.simulator.world.world import World

_SILENT = logging.getLogger(__name__)
_SILENT.disabled = True


class Asked(Struct, frozen=True, kw_only=True):
    """The context of one request."""

    seed: int
    custody: Custody
    now: datetime


class Bitpanda:
    """One user, known by one key."""

    name = "bitpanda"
    prefixes: tuple[str, ...] = ("/graphql",)

    def __init__(self, world: World, *, api_key: str) -> None:
        self._world = world
        self._api_key = api_key
        self._schema = build_schema()

    def answer(self, request: Request, now: datetime) -> Answer:
        if request.method != "POST":
            return exchange.to_json({"message": "Method Not Allowed"}, status=405)
        if not hmac.compare_digest(self.caller(request).encode(), self._api_key.encode()):
            return refusal_answer("key_revoked")
        try:
            data = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, RecursionError):
            return exchange.to_json({"errors": [{"message": "the body is not JSON"}]}, status=400)
        asked = Asked(seed=self._world.seed, custody=self._world.custodies[0], now=now)
        _, result = graphql_sync(self._schema, data, context_value=asked, error_formatter=_formatted, logger=_SILENT)
        return exchange.to_json(result, status=200 if "data" in result else 400)

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        return refusal_answer(refusal)

    def caller(self, request: Request) -> str:
        return request.headers.get("x-api-key", "")


def build_schema() -> Any:
    query, user, amount = QueryType(), ObjectType("User"), ObjectType("Amount")
    query.set_field("user", lambda *_: {})
    user.set_field("portfolio", _portfolio)
    amount.set_field("in", lambda one, _, currency: one.converted(currency))
    return make_executable_schema(load_schema(), query, user, amount, convert_names_case=False)


def _portfolio(_: Any, info: Any, **arguments: str | None) -> dict[str, Any]:
    asked: Asked = info.context
    hours = hours_asked(arguments.get("startDate"), arguments.get("endDate"), arguments.get("timePeriod"), asked.now)
    return {"items": [_item(asked, hour) for hour in hours]}


def _item(asked: Asked, hour: datetime) -> dict[str, Any]:
    rated = rated_at(hour, asked.now)
    lines = custody_lines(asked.seed, asked.custody, hour)
    amounts = [stated_amount(asked.seed, line, hour, rated) for line in lines]
    return {
        "timestamp": iso(hour),
        "total": total_amount(asked.seed, lines, hour, rated),
        "balances": {
            "items": [
                {"amount": amount, "asset": _asset(line.asset.symbol, line.asset.name, line.asset.decimals)}
                for line, amount in zip(lines, amounts, strict=True)
            ],
            "nextToken": None,
        },
    }


def _asset(symbol: str, name: str, decimals: int) -> dict[str, Any]:
    ticker = symbol.partition("_")[0]
    return {"symbol": symbol, "displaySymbol": ticker, "name": name, "decimalPlace": decimals}


def _formatted(error: GraphQLError, debug: bool) -> dict[str, Any]:
    """A client's mistake is told; ours is not."""
    original = error.original_error
    told = original is None or isinstance(original, UserError)
    body: dict[str, Any] = {"message": error.message if told else "Internal server error"}
    return body | ({"path": error.path} if error.path else {})
