"""The executable schema: the documented types, each field from what `portfolios` makes of our data."""

import asyncio
from collections.abc import Iterator
from typing import Any

from ariadne import ObjectType, QueryType, make_executable_schema
from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, GraphQLSchema, StringValueNode, VariableNode

from holdfast.domain.dialect_grids import BitpandaPeriod
from holdfast.providers.bitpanda.wire import load_schema
from services.api.dialects.bitpanda.amounts import Amount
from services.api.dialects.bitpanda.instants import parse_points
from services.api.dialects.bitpanda.portfolios import Subject, read_portfolios

_PATIENCE_S = 60


def build_schema() -> GraphQLSchema:
    """A context is the Subject of the request. To be executed in a thread, never on the loop of the Subject itself."""
    query, user, amount = QueryType(), ObjectType("User"), ObjectType("Amount")
    query.set_field("user", lambda *_: {})
    user.set_field("portfolio", _resolve_portfolio)
    amount.set_field("in", _resolve_in)
    return make_executable_schema(load_schema(), query, user, amount)


def _resolve_portfolio(
    _: Any,
    info: GraphQLResolveInfo[Subject],
    *,
    startDate: str | None = None,  # noqa: N803
    endDate: str | None = None,  # noqa: N803
    timePeriod: BitpandaPeriod | None = None,  # noqa: N803
) -> dict[str, Any]:
    subject = info.context
    points = parse_points(startDate, endDate, timePeriod, now=subject.now)
    reading = read_portfolios(subject, points, set(_codes_asked(info)))
    return {"items": asyncio.run_coroutine_threadsafe(reading, subject.loop).result(_PATIENCE_S)}


def _resolve_in(amount: Amount, _: GraphQLResolveInfo[Subject], *, currency: str) -> Amount:
    return amount.converted(currency)


def _codes_asked(info: GraphQLResolveInfo[Subject]) -> Iterator[str]:
    """Every currency that the query names, so that the rates are read once and not for each amount."""
    seen: set[str] = set()
    waiting: list[Any] = list(info.field_nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FragmentSpreadNode):
            fresh = node.name.value not in seen
            seen.add(node.name.value)
            node = info.fragments[node.name.value] if fresh else None
        elif isinstance(node, FieldNode) and node.name.value == "in":
            yield from _codes(node, info.variable_values.coerced)
        selections = getattr(node, "selection_set", None)
        waiting += selections.selections if selections else ()


def _codes(node: FieldNode, variables: dict[str, Any]) -> Iterator[str]:
    for argument in node.arguments or ():
        if isinstance(argument.value, StringValueNode):
            yield argument.value.value
        elif isinstance(argument.value, VariableNode):
            yield str(variables.get(argument.value.name.value))
