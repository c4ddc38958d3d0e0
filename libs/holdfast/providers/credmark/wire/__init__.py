"""Credmark's wire format: parsed by the provider, rendered by our dialect and by the simulator.

`to_*` and `parse_*` read, `to_json`, `to_query` and `failure_json` render; reading what was rendered gives the same
Struct back.
"""

from holdfast.providers.credmark.wire.answers import (
    Position,
    Positions,
    PositionsHistory,
    PositionsPoint,
    Returns,
    TokenReturn,
    Value,
    ValuedPosition,
    ValueHistory,
    ValuePoint,
    is_unpriced,
)
from holdfast.providers.credmark.wire.failures import CredmarkFailure, failure_json, to_failure
from holdfast.providers.credmark.wire.reading import ShapeError, to_json, to_struct
from holdfast.providers.credmark.wire.requests import (
    DAY_S,
    MOST_POINTS,
    Query,
    RequestError,
    Resource,
    parse_accounts,
    parse_query,
    portfolio_path,
    to_query,
)
from holdfast.providers.credmark.wire.tokens import (
    COIN_ADDRESS,
    USD_ADDRESS,
    chain_of,
    coin_of,
    fiat_address,
    is_address,
    quote_asset,
    token_address,
    token_asset,
)

__all__ = [
    "COIN_ADDRESS",
    "DAY_S",
    "MOST_POINTS",
    "USD_ADDRESS",
    "CredmarkFailure",
    "Position",
    "Positions",
    "PositionsHistory",
    "PositionsPoint",
    "Query",
    "RequestError",
    "Resource",
    "Returns",
    "ShapeError",
    "TokenReturn",
    "Value",
    "ValueHistory",
    "ValuePoint",
    "ValuedPosition",
    "chain_of",
    "coin_of",
    "failure_json",
    "fiat_address",
    "is_address",
    "is_unpriced",
    "parse_accounts",
    "parse_query",
    "portfolio_path",
    "quote_asset",
    "to_failure",
    "to_json",
    "to_query",
    "to_struct",
    "token_address",
    "token_asset",
]
