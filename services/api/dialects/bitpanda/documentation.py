"""The GraphQL route as OpenAPI can say it; the schema itself is what introspection tells."""

from typing import Any

_REQUEST = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "examples": ["{ user { portfolio { items { timestamp total { value } } } } }"]},
        "variables": {"type": ["object", "null"]},
        "operationName": {"type": ["string", "null"]},
    },
    "required": ["query"],
}
_ERROR = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "path": {"type": "array", "items": {"type": ["string", "integer"]}},
        "extensions": {"type": "object"},
    },
    "required": ["message"],
}
_ANSWER = {
    "type": "object",
    "properties": {"data": {"type": ["object", "null"]}, "errors": {"type": "array", "items": _ERROR}},
    "anyOf": [{"required": ["data"]}, {"required": ["errors"]}],
}
_STATUSES = {
    "200": "The query was run; `errors` tells what of it failed",
    "400": "Not a query, not one of this schema, or too much at once",
    "401": "No live API key in x-api-key",
    "403": "The key is not bound to a portfolio",
    "413": "The body is too large",
    "429": "Too fast: wait for Retry-After",
    "500": "Our error",
}

PATHS: dict[str, Any] = {
    "/graphql": {
        "post": {
            "operationId": "bitpanda_portfolio",
            "summary": "The portfolio of the key, as Bitpanda Custody answers it",
            "tags": ["bitpanda"],
            "security": [{"api_key": []}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _REQUEST}}},
            "responses": {
                status: {"description": why, "content": {"application/json": {"schema": _ANSWER}}}
                for status, why in _STATUSES.items()
            },
        }
    }
}
