"""The DALP routes as OpenAPI says them: the shapes are DALP's own."""

from typing import Any

from holdfast.providers.dalp.wire import BALANCES_PATH, BREAKDOWN_PATH, PRESETS, PRESETS_PATH, RANGES_PATH
from services.api.dialects.dalp.holdings import SORTS

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_COUNT = {"type": "integer", "minimum": 0}
_MONEY = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,18}$"}
_UNITS = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
_TIME = {"type": "string", "format": "date-time"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _map(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


def _resource(data: dict[str, Any]) -> dict[str, Any]:
    return _object(data=data, links=_object(self=_TEXT))


_SERIES = _resource(
    _object(
        range=_object(
            **{
                "interval": {"type": "string", "enum": ["hour", "day"]},
                "from": _TIME,
                "to": _TIME,
                "isPreset": {"type": "boolean"},
            }
        ),
        data={"type": "array", "items": _object(timestamp=_TIME, totalValueInBaseCurrency=_NUMBER)},
        conversionReliable={"type": "boolean"},
    )
)
_SHARE = _object(assetType=_TEXT, totalValue=_MONEY, tokenBalancesCount=_COUNT, percentage=_NUMBER)
_BREAKDOWN = _resource(
    _object(
        totalValue=_MONEY,
        totalAssetTypes=_COUNT,
        totalAssetsHeld=_COUNT,
        typeBreakdown={"type": "array", "items": _SHARE},
        valueBreakdown=_map(_MONEY),
        holdingsBreakdown=_map(_COUNT),
        valueBreakdownByClass=_map(_MONEY),
        holdingsBreakdownByClass=_map(_COUNT),
        conversionReliable={"type": "boolean"},
    )
)
_WALLET = _object(wallet=_TEXT, value=_UNITS, frozen=_UNITS, available=_UNITS)
_TOKEN = _object(
    id=_TEXT, address=_TEXT, name=_TEXT, symbol=_TEXT, decimals={"type": ["integer", "null"]}, type=_TEXT,
    assetClass=_TEXT,
)  # fmt: skip
_ROW = _object(
    token=_TOKEN, value=_UNITS, frozen=_UNITS, available=_UNITS, byWallet={"type": "array", "items": _WALLET},
    valueInBaseCurrency={"type": ["string", "null"]},
)  # fmt: skip
_LINK = {"type": ["string", "null"]}
_BALANCES = _object(
    data={"type": "array", "items": _ROW},
    meta=_object(totalCount=_COUNT, total=_COUNT, offset=_COUNT, limit=_COUNT),
    links=_object(self=_TEXT, next=_LINK, prev=_LINK),
)
_FAILURE = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "id": _TEXT,
                "category": _TEXT,
                "status": {"type": "integer"},
                "retryable": {"type": "boolean"},
                "message": _TEXT,
                "why": _TEXT,
                "fix": _TEXT,
                "details": {"type": "object"},
            },
            "required": ["id", "category", "status", "retryable", "message", "why", "fix"],
        }
    },
    "required": ["error"],
}
_REFUSALS = {
    "400": "The request cannot be read",
    "401": "No live API key in X-Api-Key",
    "403": "The key is bound to no portfolio, or is of another organisation; or a wallet is somebody else's",
    "404": "X-Participant is somebody else, or nobody",
    "422": "A parameter does not fit; `details.errors` names it",
    "429": "Too fast: wait for Retry-After",
    "500": "Our error",
    "503": "The warehouse does not answer: try again",
}


def _parameter(name: str, schema: dict[str, Any], *, place: str = "query", required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required or place == "path", "schema": schema}


def _operation(name: str, summary: str, answer: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    refusals = {
        status: {"description": why, "content": {"application/json": {"schema": _FAILURE}}}
        for status, why in _REFUSALS.items()
    }
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "tags": ["dalp"],
            "security": [{"api_key": []}],
            "parameters": list(parameters),
            "responses": {
                "200": {"description": "OK", "content": {"application/json": {"schema": answer}}},
                **refusals,
            },
        }
    }


PATHS: dict[str, Any] = {
    RANGES_PATH: _operation(
        "dalp_range",
        "The value of the key's portfolio over a range, as DALP answers it",
        _SERIES,
        _parameter("interval", {"type": "string", "enum": ["hour", "day"]}, required=True),
        _parameter("from", _TEXT, required=True),
        _parameter("to", _TEXT, required=True),
    ),
    f"{PRESETS_PATH}/{{preset}}": _operation(
        "dalp_preset",
        "The same over a trailing window",
        _SERIES,
        _parameter("preset", {"type": "string", "enum": [*PRESETS]}, place="path"),
    ),
    BREAKDOWN_PATH: _operation("dalp_breakdown", "The current total by type and class", _BREAKDOWN),
    BALANCES_PATH: _operation(
        "dalp_balances",
        "The portfolio's tokens",
        _BALANCES,
        _parameter("page[limit]", {"type": "integer", "minimum": 1, "maximum": 200}),
        _parameter("page[offset]", {"type": "integer", "minimum": 0, "maximum": 999999}),
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200}),
        _parameter("offset", {"type": "integer", "minimum": 0, "maximum": 999999}),
        _parameter("sortBy", {"type": "string", "enum": list(SORTS)}),
        _parameter("sortDirection", {"type": "string", "enum": ["asc", "desc"]}),
        _parameter("filter[wallet]", _TEXT),
        _parameter("sort", _TEXT),
    ),
}
