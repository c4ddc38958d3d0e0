"""Bitpanda Custody's wire format: asked and parsed by the provider, rendered by its two stand-ins.

    POST /graphql   {"query": "query UserPortfolioQuery { user { portfolio { items { timestamp … } } } }"}
    →               {"data": {"user": {"portfolio": {"items": […]}}}, "errors": […]}

A Struct knows which fields were there: UNSET was not asked for, None is the upstream's null. So rendering what
was parsed gives the same answer back, and parsing what was rendered the same Struct.
"""

from holdfast.providers.bitpanda.wire.answers import Answer, Extensions, GraphqlError, answer_json, to_answer
from holdfast.providers.bitpanda.wire.instants import to_instant, to_text
from holdfast.providers.bitpanda.wire.portfolios import (
    NOT_A_NUMBER,
    Amount,
    Asset,
    Balance,
    Balances,
    Item,
    Portfolio,
)
from holdfast.providers.bitpanda.wire.reading import ShapeError
from holdfast.providers.bitpanda.wire.requests import (
    FIRST_DAY,
    MOST_POINTS,
    PERIODS,
    PortfolioRequest,
    TimePeriod,
    request_json,
)
from holdfast.providers.bitpanda.wire.schema import load_schema

__all__ = [
    "FIRST_DAY",
    "MOST_POINTS",
    "NOT_A_NUMBER",
    "PERIODS",
    "Amount",
    "Answer",
    "Asset",
    "Balance",
    "Balances",
    "Extensions",
    "GraphqlError",
    "Item",
    "Portfolio",
    "PortfolioRequest",
    "ShapeError",
    "TimePeriod",
    "answer_json",
    "load_schema",
    "request_json",
    "to_answer",
    "to_instant",
    "to_text",
]
