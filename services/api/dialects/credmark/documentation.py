"""The Credmark routes as OpenAPI says them: the shapes are Credmark's own."""

from typing import Any

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_COUNT = {"type": "integer", "minimum": 0}
_ADDRESS = {"type": "string", "pattern": "^0x[0-9a-f]{40}$"}
_ACCOUNTS = {"type": "array", "items": _TEXT, "minItems": 1}


def _object(optional: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_POSITIONS = _list(_object(tokenAddress=_ADDRESS, balance=_NUMBER))
_VALUED = _list(_object(tokenAddress=_ADDRESS, tokenPrice=_NUMBER, balance=_NUMBER, value=_NUMBER))
_RETURNS = _list(_object(tokenAddress=_ADDRESS, balance=_NUMBER, value=_NUMBER, **{"return": _NUMBER}))
_BLOCK = {"blockNumber": _COUNT, "blockTimestamp": _COUNT}
_POINT = {"chainId": _COUNT, **_BLOCK, "accounts": _ACCOUNTS}
_RANGE = {
    "chainId": _COUNT,
    "startBlockNumber": _COUNT,
    "endBlockNumber": _COUNT,
    "startTimestamp": _COUNT,
    "endTimestamp": _COUNT,
    "accounts": _ACCOUNTS,
}
_WITHOUT = ("positions",)
_FAILURE = _object(statusCode={"type": "integer"}, message={"anyOf": [_TEXT, _list(_TEXT)]}, error=_TEXT)
_REFUSALS = {
    "400": "A parameter does not fit; `message` is a text, or a list of one for each",
    "401": "No live API key as a bearer",
    "404": "An account is not tracked, or nothing is stored of that time",
    "422": "There is no price of the quote at that block",
    "429": "Too fast: wait for Retry-After",
    "500": "Our error",
    "503": "The accounts have not been read yet, or the warehouse does not answer: try again",
}


def _parameter(name: str, schema: dict[str, Any], *, place: str = "query") -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


_QUOTE = _parameter("quoteAddress", _TEXT)
_TOKENS = _parameter("tokens", _TEXT)
_INCLUDE = _parameter("includePositions", {"type": "boolean"})
_AT = (_parameter("blockNumber", _COUNT), _parameter("timestamp", _COUNT))
_OVER = tuple(
    _parameter(name, _COUNT)
    for name in (
        "startBlockNumber",
        "startTimestamp",
        "endBlockNumber",
        "endTimestamp",
        "blockInterval",
        "timeInterval",
    )
)


def _operation(name: str, summary: str, answer: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    refusals = {
        status: {"description": why, "content": {"application/json": {"schema": _FAILURE}}}
        for status, why in _REFUSALS.items()
    }
    path = (_parameter("chainId", _TEXT, place="path"), _parameter("accounts", _TEXT, place="path"))
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "tags": ["credmark"],
            "security": [{"bearer": []}],
            "parameters": [*path, *parameters],
            "responses": {
                "200": {"description": "OK", "content": {"application/json": {"schema": answer}}},
                **refusals,
            },
        }
    }


_BASE = "/v1/portfolio/{chainId}/{accounts}"
PATHS: dict[str, Any] = {
    f"{_BASE}/positions": _operation(
        "credmark_positions",
        "The tokens of these accounts at a block, as Credmark answers it",
        _object(**_POINT, positions=_POSITIONS),
        _TOKENS,
        *_AT,
    ),
    f"{_BASE}/positions/historical": _operation(
        "credmark_positions_historical",
        "The same over a range",
        _object(**_RANGE, data=_list(_object(**_BLOCK, positions=_POSITIONS))),
        _TOKENS,
        *_OVER,
    ),
    f"{_BASE}/value": _operation(
        "credmark_value",
        "What they are worth at a block",
        _object(_WITHOUT, **_POINT, quoteAddress=_TEXT, value=_NUMBER, positions=_VALUED),
        _TOKENS,
        _QUOTE,
        _INCLUDE,
        *_AT,
    ),
    f"{_BASE}/value/historical": _operation(
        "credmark_value_historical",
        "The same over a range",
        _object(
            **_RANGE, quoteAddress=_TEXT, data=_list(_object(_WITHOUT, **_BLOCK, value=_NUMBER, positions=_VALUED))
        ),
        _TOKENS,
        _QUOTE,
        _INCLUDE,
        *_OVER,
    ),
    f"{_BASE}/returns": _operation(
        "credmark_returns",
        "What each token ever held has returned by a block",
        _object(**_POINT, quoteAddress=_TEXT, totalReturn=_NUMBER, returns=_RETURNS),
        _QUOTE,
        *_AT,
    ),
}
